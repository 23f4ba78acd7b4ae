"""Metrics of one's own: functions of word vectors, registered by name."""

import inspect
import math
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from w2vjax.errors import InputError, InputWarning, unknown
from w2vjax.evaluation.scores import Score
from w2vjax.records.metrics import OWN as PREFIX
from w2vjax.vectors.embeddings import Embeddings

Better = Literal["higher", "lower"]
Function = TypeVar("Function", bound=Callable[..., Any])
RETURNS = "a number, a dictionary of numbers, or a Score or several"


@dataclass(frozen=True)
class OwnMetric:
    """A function of the user's: of the vectors, to a number, numbers by name, or scores."""

    name: str
    measure: Callable[[Embeddings], Any]
    better: Better | None = None
    """which of its values are the better ones; None: it cannot be said"""

    @property
    def origin(self) -> str:
        """The file and the function, for people: `metric.py:hubness`."""
        code = getattr(inspect.unwrap(self.measure), "__code__", None)
        file = code.co_filename.rpartition("/")[2] if code else type(self.measure).__name__
        return f"{file}:{getattr(self.measure, '__name__', self.name)}"

    @property
    def help(self) -> str:
        """What it measures: the first line of what the function says of itself."""
        return (inspect.getdoc(self.measure) or "").partition("\n")[0].strip()


OWN: dict[str, OwnMetric] = {}
"""the metrics that users have registered, by name"""


def register_metric(name: str, better: Better | None = None) -> Callable[[Function], Function]:
    """Decorates a function of `Embeddings`: whatever scores vectors takes it in from then on.

    The function returns a number, a dictionary of numbers, a `Score` or several; they are recorded
    as `own/NAME`, or `own/NAME/KEY`. `better` says whether higher or lower values are the better
    ones: tables mark the best. Raises `InputError` for a name that is not letters, digits, `_` and
    `-`, and for a function that does not take the vectors alone.

    >>> from w2vjax.evaluation import register_metric
    >>> @register_metric("mean-length", better="higher")
    ... def mean_length(embeddings):
    ...     return (embeddings.vectors**2).sum(axis=1).mean() ** 0.5
    >>> from w2vjax.evaluation.own import OWN
    >>> OWN.pop("mean-length").better
    'higher'
    """
    if not re.fullmatch(r"[\w-]+", name):
        raise InputError(f"metric name {name!r}: use letters, digits, '_' and '-' only")
    if better not in (None, "higher", "lower"):
        raise unknown("direction of a metric", str(better), ("higher", "lower"))

    def remember(measure: Function) -> Function:
        metric = OwnMetric(name, measure, better)
        _check_signature(metric)
        OWN[name] = metric
        return measure

    return remember


def own_scores(embeddings: Embeddings) -> list[Score]:
    """What every registered metric gives for these vectors.

    A metric that raises, or returns something else, has a score without value that says why; there
    is an `InputWarning` of it, and of values that are not finite, which become None.
    """
    return [score for metric in OWN.values() for score in _measured(metric, embeddings)]


def _check_signature(metric: OwnMetric) -> None:
    if not callable(metric.measure):
        raise InputError(f"metric {metric.name} is {metric.measure!r}: it must be a function")
    try:
        signature = inspect.signature(metric.measure)
    except ValueError:  # some built-in functions have none
        return
    try:
        signature.bind(None)
    except TypeError:
        raise InputError(
            f"metric {metric.origin} takes {signature}: it must take one argument, the embeddings"
        ) from None


def _measured(metric: OwnMetric, embeddings: Embeddings) -> list[Score]:
    whole = len(embeddings.words)
    protocol = ": ".join(filter(None, (metric.origin, metric.help)))
    base = Score(PREFIX + metric.name, None, whole, whole, protocol, better=metric.better)
    try:
        made = list(_scores(metric.measure(embeddings), base))
        if not made:
            raise TypeError(f"it returned nothing, not {RETURNS}")
    except Exception as error:  # whatever the user's function raises
        reason = (str(error).strip() or repr(error)).splitlines()[0]
        message = f"{type(error).__name__}: {reason}"
        _warn(f"metric {metric.origin} failed: {message}")
        return [replace(base, message=message)]
    return [_finite(score, metric) for score in made]


def _scores(given: Any, base: Score) -> Iterator[Score]:
    if isinstance(given, Score):
        yield replace(given, metric=base.metric, better=given.better or base.better)
    elif isinstance(given, Mapping):
        for name, value in given.items():
            yield replace(base, metric=f"{base.metric}/{name}", value=_number(value))
    elif isinstance(given, Sequence) and all(isinstance(each, Score) for each in given):
        for each in given:
            better = each.better or base.better
            yield replace(each, metric=f"{base.metric}/{each.metric}", better=better)
    else:
        yield replace(base, value=_number(given))


def _number(value: Any) -> float:
    """A number as any library gives it."""
    if isinstance(value, str | bytes) or getattr(value, "shape", ()) != ():
        raise TypeError(f"it returned {value!r:.60}, not {RETURNS}")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"it returned {value!r:.60}, not {RETURNS}") from None


def _finite(score: Score, metric: OwnMetric) -> Score:
    if score.value is None or math.isfinite(score.value):
        return score
    _warn(f"metric {metric.origin} gave {score.value} for {score.metric}: recorded as undefined")
    return replace(score, value=None)


def _warn(message: str) -> None:
    warnings.warn(message, InputWarning, stacklevel=5)
