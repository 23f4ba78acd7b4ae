"""The optimizers by name: what a configuration may ask for, without starting JAX."""

from dataclasses import dataclass
from typing import Any

from w2vjax.errors import unknown

SGD = "sgd"


@dataclass(frozen=True)
class NamedOptimizer:
    """An optimizer's facts."""

    help: str
    transformation: str | None = None
    """where its optax transformation is made, `module:function`; None: damped steps without one"""
    learning_rate: float | None = None
    """that suits it; None: the layer's own"""
    elementwise: bool = True
    """whether every number goes by its own gradients alone, so that dimensions can be divided"""

    @property
    def settings(self) -> dict[str, Any]:
        """Its own values of settings of `TrainConfig` that may be None, in the layer's place."""
        if self.transformation is None:
            return {}
        return {"learning_rate": self.learning_rate, "damping": 0.0, "pair_cap": None}


OPTIMIZERS: dict[str, NamedOptimizer] = {
    SGD: NamedOptimizer("the rate times the gradient, damped where many pairs hit a row"),
    "adagrad": NamedOptimizer(
        "divided by the root of the number's summed squares",
        transformation="w2vjax.engine.transformations:adagrad",
        learning_rate=0.4,
    ),
    "rowwise-adagrad": NamedOptimizer(
        "divided by the root of the row's summed mean squares",
        transformation="w2vjax.engine.transformations:rowwise_adagrad",
        learning_rate=0.4,
        elementwise=False,
    ),
    "adam": NamedOptimizer(
        "a running mean, divided by the root of the running mean square",
        transformation="w2vjax.engine.transformations:adam",
        learning_rate=0.02,
    ),
}
"""Every optimizer by name. A line here and a function are all that another one needs."""


def named_optimizer(name: str) -> NamedOptimizer:
    """Its facts. Raises `InputError` for an unknown name, with the nearest."""
    if name not in OPTIMIZERS:
        raise unknown("optimizer", name, OPTIMIZERS)
    return OPTIMIZERS[name]
