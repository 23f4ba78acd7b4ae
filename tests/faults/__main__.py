"""Rounds of faults by hand: `python -m faults --rounds 200`."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from faults import __doc__ as description
from faults.disturbances import FAULTS
from faults.rounds import Arena
from faults.scenarios import SCENARIOS

KEPT = "rounds.jsonl"


def main(arguments: Sequence[str] | None = None) -> int:
    """Plays what has not been played in the folder yet; the exit code."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--scenarios", nargs="+", choices=SCENARIOS, default=[*SCENARIOS])
    parser.add_argument("--faults", nargs="+", choices=FAULTS, default=[*FAULTS])
    parser.add_argument("--folder", type=Path, required=True)
    given = parser.parse_args(arguments)
    pairs = [
        (scenario, fault)
        for fault in given.faults
        for scenario in given.scenarios
        if fault in SCENARIOS[scenario].faults
    ]
    given.folder.mkdir(parents=True, exist_ok=True)
    kept = given.folder / KEPT
    known = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    played = {(row["scenario"], row["fault"], row["number"]): row for row in known}
    arenas = {scenario: Arena(scenario, given.folder) for scenario in given.scenarios}
    rows = []
    for number in range(given.rounds):
        scenario, fault = pairs[number % len(pairs)]
        row = played.get((scenario, fault, number))
        if row is None:
            trial = arenas[scenario].play(fault, number)
            row = {"scenario": scenario, "fault": fault, "number": number}
            row |= {"codes": trial.codes, "wrong": trial.wrong}
            with kept.open("a") as file:
                file.write(json.dumps(row) + "\n")
            told = "; ".join(trial.wrong) or "as without a fault"
            print(f"[{number + 1}/{given.rounds}] {scenario}, {fault} {trial.codes}: {told}")
            sys.stdout.flush()
        rows.append(row)
    return _summary(rows)


def _summary(rows: Sequence[dict]) -> int:
    """Prints how many rounds of each kind there were, and were wrong; the exit code."""
    total = Counter((row["scenario"], row["fault"]) for row in rows)
    wrong = Counter((row["scenario"], row["fault"]) for row in rows if row["wrong"])
    for kind, count in sorted(total.items()):
        print(f"{', '.join(kind):30}{count:6} rounds, {wrong[kind]} wrong")
    print(f"{'all':30}{len(rows):6} rounds, {wrong.total()} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
