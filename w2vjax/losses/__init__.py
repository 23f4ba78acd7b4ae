"""The losses: of one example (`textbook`), of a batch of any model, and of the engine's layers.

They are loaded at first use, so that names of layers are known without starting JAX.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from w2vjax.losses.candidate_losses import (
        nce_loss,
        negative_sampling_loss,
        sampled_softmax_loss,
    )
    from w2vjax.losses.exact_losses import log_probs, perplexity, predict, softmax_loss
    from w2vjax.losses.logits import CandidateLogits, candidate_logits
    from w2vjax.losses.row_gradients import (
        RowGradient,
        RowGradients,
        row_adagrad,
        row_sgd,
        value_and_row_gradient,
    )
    from w2vjax.losses.textbook import (
        full_softmax,
        hierarchical_softmax,
        nce,
        negative_sampling,
        sampled_softmax,
        two_level_softmax,
    )
    from w2vjax.losses.tree_losses import hierarchical_softmax_loss, tree_log_probs, tree_predict
    from w2vjax.losses.two_level import (
        Classes,
        classes_of,
        two_level_log_probs,
        two_level_predict,
        two_level_softmax_loss,
    )
    from w2vjax.losses.weights import VocabularySharded

__all__ = [
    "CandidateLogits",
    "Classes",
    "RowGradient",
    "RowGradients",
    "VocabularySharded",
    "candidate_logits",
    "classes_of",
    "full_softmax",
    "hierarchical_softmax",
    "hierarchical_softmax_loss",
    "log_probs",
    "nce",
    "nce_loss",
    "negative_sampling",
    "negative_sampling_loss",
    "perplexity",
    "predict",
    "row_adagrad",
    "row_sgd",
    "sampled_softmax",
    "sampled_softmax_loss",
    "softmax_loss",
    "tree_log_probs",
    "tree_predict",
    "two_level_log_probs",
    "two_level_predict",
    "two_level_softmax",
    "two_level_softmax_loss",
    "value_and_row_gradient",
]

_HOMES = {
    "CandidateLogits": "logits",
    "Classes": "two_level",
    "RowGradient": "row_gradients",
    "RowGradients": "row_gradients",
    "VocabularySharded": "weights",
    "candidate_logits": "logits",
    "classes_of": "two_level",
    "full_softmax": "textbook",
    "hierarchical_softmax": "textbook",
    "hierarchical_softmax_loss": "tree_losses",
    "log_probs": "exact_losses",
    "nce": "textbook",
    "nce_loss": "candidate_losses",
    "negative_sampling": "textbook",
    "negative_sampling_loss": "candidate_losses",
    "perplexity": "exact_losses",
    "predict": "exact_losses",
    "row_adagrad": "row_gradients",
    "row_sgd": "row_gradients",
    "sampled_softmax": "textbook",
    "sampled_softmax_loss": "candidate_losses",
    "softmax_loss": "exact_losses",
    "tree_log_probs": "tree_losses",
    "tree_predict": "tree_losses",
    "two_level_log_probs": "two_level",
    "two_level_predict": "two_level",
    "two_level_softmax": "textbook",
    "two_level_softmax_loss": "two_level",
    "value_and_row_gradient": "row_gradients",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
