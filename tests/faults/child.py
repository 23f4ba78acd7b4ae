"""The process that is disturbed: `python -m faults.child PROGRAM ARGUMENTS`.

Its environment says what does not hold for it: `FAULTS_FILE_SIZE`, bytes that a file may have, as
on a disk that is full; `FAULTS_CLOCK`, the seed of a clock that jumps. It makes the file
`FAULTS_READY` when its work begins.
"""

import os
import random
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

DAY = 86_400.0
Work = Callable[[], int]
"""gives the exit code"""


def commands(arguments: Sequence[str]) -> Work:
    """The command line."""
    from w2vjax.commands.cli import main

    return lambda: main(arguments)


def encode(arguments: Sequence[str]) -> Work:
    """So many words of `planted`, encoded into the cache."""
    from w2vjax.commands.exit_codes import guarded
    from w2vjax.config.schema import CorpusConfig
    from w2vjax.text import encoding

    config = CorpusConfig("planted", max_words=int(arguments[0]))
    return lambda: guarded(lambda: len(encoding.encode(config, progress=False).ids) and 0)


def download(arguments: Sequence[str]) -> Work:
    """A file of known size and checksum, into the cache unless it is there."""
    from w2vjax.commands.exit_codes import guarded
    from w2vjax.text.download import Download, save

    address, size, sha256 = arguments
    path = Path("cache/data/file")

    def command() -> int:
        if not path.is_file():
            save(Download(address, int(size), sha256), path, iter)
        return 0

    return lambda: guarded(command)


PROGRAMS: dict[str, Callable[[Sequence[str]], Work]] = {
    "w2vjax": commands,
    "encode": encode,
    "download": download,
}
"""what they import, they import before their work begins"""


def unsteady_clock(seed: int) -> Callable[[], float]:
    """The time of day, which jumps by days, to and fro, every other second."""
    true = time.time

    def now() -> float:
        chance = random.Random(f"{seed} {time.monotonic() // 2}")
        return true() + chance.uniform(-1_000, 1_000) * DAY

    return now


def main() -> int:
    """Runs the program under the conditions of the environment."""
    name, *arguments = sys.argv[1:]
    if seed := os.environ.get("FAULTS_CLOCK"):
        now = unsteady_clock(int(seed))
        time.time, time.time_ns = now, lambda: int(now() * 1e9)
    if size := os.environ.get("FAULTS_FILE_SIZE"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(size), resource.RLIM_INFINITY))
    work = PROGRAMS[name](arguments)
    Path(os.environ["FAULTS_READY"]).touch()
    return work()


if __name__ == "__main__":
    sys.exit(main())
