"""Next items of users: the data, cut in time, and how well the next item is ranked."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from scipy.stats import binom

from w2vjax.errors import InputError
from w2vjax.files import read_text

AT = 10
"""length of the list that is judged"""
RIVALS = 100
"""random items of the published protocol"""
ROWS = 1024
"""users scored at once"""


class Split(NamedTuple):
    """Moments of users: what they had, the last of it, and the item that came next."""

    had: list[np.ndarray]
    last: np.ndarray
    """`[n, num_last]`, the newest last; 0, no item, before a user's first"""
    item: np.ndarray
    """`[n]`"""

    @classmethod
    def of(cls, moments: Iterable[tuple[np.ndarray, int]], num_last: int) -> Self:
        """From what a user had, and what came next."""
        had, items = zip(*moments, strict=True)
        last = np.zeros((len(had), num_last), np.int32)
        for row, before in zip(last, had, strict=True):
            newest = before[-num_last:]
            row[num_last - len(newest) :] = newest
        return cls(list(had), last, np.array(items, np.int32))


class NextItems(NamedTuple):
    """A user's last item is the test, the one before it the validation (Kang & McAuley 2018).

    All before are trained on, and all of users with fewer than three items.
    """

    counts: np.ndarray
    """how often each item is trained on, `[V]`; item 0 is none"""
    train: Split
    validation: Split
    test: Split


def read(path: Path, num_last: int) -> NextItems:
    """A line a user: items as numbers from 1, in order of time. Users come in a random order.

    Raises `InputError` if the file is missing or says something else.
    """
    try:
        users = [np.array(line.split(), np.int32) for line in read_text(path).splitlines()]
    except (ValueError, OverflowError) as error:
        raise InputError(f"{path}: each line is a user's items, as numbers: {error}") from None
    tested = [len(user) > 2 for user in users]
    if not any(tested) or min(user.min(initial=1) for user in users) < 1:
        raise InputError(f"{path}: items are numbered from 1, and some user needs three or more")
    users = [users[at] for at in np.random.default_rng(0).permutation(len(users))]
    known = [user[:-2] if len(user) > 2 else user for user in users]
    users = [user for user in users if len(user) > 2]
    train = Split.of(((user[:at], user[at]) for user in known for at in range(len(user))), num_last)
    num_items = 1 + max(user.max(initial=0) for user in [*users, *known])
    return NextItems(
        counts=np.bincount(train.item, minlength=num_items),
        train=train,
        validation=Split.of(((user[:-2], user[-2]) for user in users), num_last),
        test=Split.of(((user[:-1], user[-1]) for user in users), num_last),
    )


def evaluate(
    scores_of: Callable[[np.ndarray], np.ndarray], split: Split, num_users: int | None = None
) -> dict[str, float]:
    """Hit rate and NDCG at 10 of the next item, of the first `num_users` or all.

    `hit_rate`, `ndcg`: among all items that the user does not have; a tie is a miss.
    `sampled_hit_rate`, `sampled_ndcg`: among itself and 100 random ones of these, the published
    protocol, as its expected value: the number of better ones is binomial.

    Args:
        scores_of: from last items `[n, num_last]` to scores of all items `[n, V]`
        split: validation or test
        num_users: judged, the first of them
    """
    better, others = [], []
    for start in range(0, len(split.item[:num_users]), ROWS):
        part = slice(start, min(start + ROWS, num_users or len(split.item)))
        had, items = split.had[part], split.item[part]
        scores = np.array(scores_of(split.last[part]))
        own = scores[np.arange(len(items)), items][:, None]
        rows = np.repeat(np.arange(len(had)), [len(before) for before in had])
        scores[rows, np.concatenate(had)] = scores[:, 0] = -np.inf
        better.append((~(scores < own)).sum(axis=1) - 1)
        others.append([scores.shape[1] - 2 - len(set(before)) for before in had])
    rank, num_others = np.concatenate(better), np.concatenate(others)
    share = np.clip(rank / np.maximum(num_others, 1), 0, 1)
    places, gain = np.arange(AT), 1 / np.log2(np.arange(AT) + 2)
    among_all = rank[:, None] == places
    among_some = binom.pmf(places, RIVALS, share[:, None])
    return {
        "hit_rate": float(among_all.sum(axis=1).mean()),
        "ndcg": float((among_all @ gain).mean()),
        "sampled_hit_rate": float(among_some.sum(axis=1).mean()),
        "sampled_ndcg": float((among_some @ gain).mean()),
    }
