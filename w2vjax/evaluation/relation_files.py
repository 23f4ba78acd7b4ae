"""Degrees of relational similarity: the files of SemEval-2012, task 2 (Jurgens et al. 2012).

| file | its lines |
|---|---|
| `Phase1Questions-1a.txt` | `a:b`, the pairs that stand for the relation, and text |
| `GoldRatings-1a.txt` | `50.0 "a:b"`, how typical people found the pairs |
| `Phase2Answers-1a.txt` | four pairs, the least and the most typical of them, of one judge; tabs |

Or one file a relation, whose first line is the pairs that stand for it, `a:b,c:d,e:f`, and then
`a:b 50.0`. Folders may lie in folders, as published: those of training and of testing, or both.
"""

import re
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from w2vjax.errors import InputError, InputWarning
from w2vjax.evaluation.lines import Line, lines, tell_left_out
from w2vjax.evaluation.questions import Choice, Relation, RelationSet

Pair = tuple[str, str]
FILE = re.compile(r"(Phase1Questions|GoldRatings|Phase2Answers)-(\w+)\.txt", re.IGNORECASE)
QUESTIONS, GOLD, CHOSEN = "phase1questions", "goldratings", "phase2answers"
STAND_IN = 3
NUMBER = r"[-+]?\d+(?:\.\d+)?"
PAIR = re.compile(r'"?([^\s":,]+):([^\s":,]+)"?')
RATED = re.compile(rf"(?P<first>{NUMBER})?\s*(?P<pair>{PAIR.pattern})\s*(?P<last>{NUMBER})?")


def is_relations(path: Path) -> bool:
    """Whether a file or folder looks like one of these."""
    if path.is_dir():
        files = sorted(path.rglob("*.txt"))
        return any(FILE.fullmatch(file.name) for file in files) or bool(_whole_files(files))
    if FILE.fullmatch(path.name):
        return True
    found = lines(path)
    rated = sum(RATED.fullmatch(line) is not None for _, line in found)
    return len(found) > 1 and 2 * rated > len(found) and bool(_pairs(found[0][1]))


def read_relations(path: str | Path) -> RelationSet:
    """Reads a folder of relations, or one relation's file.

    Where there are ratings alone, the three pairs rated highest stand for the relation, are not
    scored, and an `InputWarning` says so. Raises `InputError` where most lines cannot be read, and
    where there are no ratings.
    """
    path = Path(path)
    files: dict[str, dict[str, Path]] = defaultdict(dict)
    for file in sorted(path.rglob("*.txt")) if path.is_dir() else [path]:
        if match := FILE.fullmatch(file.name):
            files[match[2].lower()][match[1].lower()] = file
    if not files:
        whole = _whole_files(sorted(path.rglob("*.txt"))) if path.is_dir() else [path]
        return RelationSet(path.stem, tuple(_whole(file) for file in whole))
    rated = {name: parts for name, parts in sorted(files.items(), key=_order) if GOLD in parts}
    if not rated:
        raise InputError(f"{path} has no ratings: files GoldRatings-….txt are needed")
    if alone := [name for name, parts in rated.items() if QUESTIONS not in parts]:
        told = f"no Phase1Questions for {len(alone)} of {len(rated)} relations: {alone[0]}"
        instead = f"the {STAND_IN} pairs rated highest stand for each, and are not scored"
        warnings.warn(f"{path}: {told}; {instead}", InputWarning, stacklevel=2)
    return RelationSet(path.stem, tuple(_relation(name, parts) for name, parts in rated.items()))


def _whole_files(files: Sequence[Path]) -> list[Path]:
    """Those that hold a relation each; not what describes them, nor other ratings of the same."""
    own = [file for file in files if not file.stem.endswith("_meta") and file.name[:3] != "pl-"]
    return [file for file in own if is_relations(file)]


def _order(entry: tuple[str, object]) -> tuple[int, str]:
    """1a, 2b, 10c: by the number."""
    digits = re.match(r"\d*", entry[0])
    return (int(digits[0]) if digits and digits[0] else 0), entry[0]


def _relation(name: str, parts: Mapping[str, Path]) -> Relation:
    rated = _rated(parts[GOLD], lines(parts[GOLD]))
    choices = _choices(lines(parts[CHOSEN])) if CHOSEN in parts else ()
    if QUESTIONS not in parts:
        ranked = sorted(rated, key=lambda pair: -pair[2])
        return Relation(
            name, tuple((a, b) for a, b, _ in ranked[:STAND_IN]), tuple(ranked[STAND_IN:])
        )
    shown = [_pairs(line) for _, line in lines(parts[QUESTIONS])]
    return Relation(name, tuple(pairs[0] for pairs in shown if len(pairs) == 1), rated, choices)


def _whole(path: Path) -> Relation:
    """A relation in one file."""
    (_, first), *rest = lines(path)
    return Relation(path.stem, tuple(_pairs(first)), _rated(path, rest))


def _pairs(line: str) -> list[Pair]:
    """The pairs `a:b` that make up a line, apart by commas or tabs; empty for any other line."""
    parts = [PAIR.fullmatch(part.strip()) for part in re.split(r"[,\t]", line)]
    return [(match[1], match[2]) for match in parts if match] if all(parts) else []


def _rated(path: Path, found: Iterable[Line]) -> tuple[tuple[str, str, float], ...]:
    rated, faults = [], []
    for number, line in found:
        match = RATED.fullmatch(line.replace("\t", " "))
        rating = match and (match["first"] or match["last"])
        if match and rating:
            (pair,) = _pairs(match["pair"])
            rated.append((*pair, float(rating)))
        else:
            faults.append((number, f"it must hold a rating and a pair a:b: {line!r}"))
    tell_left_out(path, faults, len(rated))
    return tuple(rated)


def _choices(found: Sequence[Line]) -> tuple[Choice, ...]:
    """What most judges chose of the same four pairs."""
    least: dict[tuple[Pair, ...], Counter[Pair]] = defaultdict(Counter)
    most: dict[tuple[Pair, ...], Counter[Pair]] = defaultdict(Counter)
    for _, line in found:
        pairs = _pairs("\t".join(line.split("\t")[:6]))
        if len(pairs) == 6 and {*pairs[4:]} <= {*pairs[:4]}:
            four = tuple(pairs[:4])
            least[four][pairs[4]] += 1
            most[four][pairs[5]] += 1
    return tuple(Choice(four, _first(most[four]), _first(least[four])) for four in least)


def _first(counts: Counter[Pair]) -> frozenset[Pair]:
    highest = max(counts.values())
    return frozenset(pair for pair, count in counts.items() if count == highest)
