"""Text from the network, kept only when it is the text that was promised."""

import fnmatch
import hashlib
import http.client
import lzma
import ssl
import tarfile
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from w2vjax import files
from w2vjax.compressed import buffered
from w2vjax.errors import InputError
from w2vjax.progress import track
from w2vjax.text.cleaning import clean_documents
from w2vjax.text.reading import Reading, text_of
from w2vjax.text.streams import BLOCK, lines_of

ADVICE = "free some space, or set W2VJAX_CACHE to another folder"
TIMEOUT = 60.0
"""seconds without an answer"""


@dataclass(frozen=True)
class Download:
    """A file that is kept as it comes."""

    url: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Archive:
    """A `.tar.gz` whose WikiExtractor files are cleaned, one document a line."""

    url: str
    pattern: str
    """of the members' paths below the archive's first folder, as `fnmatch` takes it"""


def save(
    remote: Download | Archive, path: Path, verify: Callable[[Iterable[bytes]], Iterator]
) -> None:
    """Downloads to `path`; `verify` passes an archive's clean text on, or raises.

    The file appears under its name only when it is whole and verified. Raises `InputError` for no
    network, a damaged or wrong file and a folder that cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise files.failure(path, error, ADVICE) from None
    with files.written(path, ADVICE) as file, _opened(remote.url, path) as response:
        if isinstance(remote, Download):
            _copy(remote, response, file)
            return
        with lzma.open(file, "wb", preset=1) as packed, track(path.name, None, "MB") as advance:
            for block in verify(_articles(remote, response)):
                packed.write(block)
                advance(len(block) / 1e6, len(block) / 1e6)


def _copy(remote: Download, response: IO[bytes], file: IO[bytes]) -> None:
    found, size = hashlib.sha256(), 0
    name = remote.url.rsplit("/", 1)[-1]
    with track(f"downloading {name}", remote.size / 1e6, "MB") as advance:
        while block := response.read(BLOCK):
            found.update(block)
            size += len(block)
            file.write(block)
            advance(len(block) / 1e6, len(block) / 1e6)
    if (size, found.hexdigest()) != (remote.size, remote.sha256):
        raise InputError(
            f"{remote.url} is not the expected file: {size:,} bytes with sha256 "
            f"{found.hexdigest()}, not {remote.size:,} bytes with {remote.sha256}; try again later"
        )


def _articles(remote: Archive, response: IO[bytes]) -> Iterator[bytes]:
    with tarfile.open(fileobj=response, mode="r|gz") as archive:
        for member in archive:
            if not fnmatch.fnmatchcase(member.name, f"*/{remote.pattern}"):
                continue
            stream = archive.extractfile(member)
            if stream is not None:
                text = text_of(member.name, buffered(stream, member.name), Reading())
                yield from clean_documents(lines_of(text))


@contextmanager
def _opened(url: str, path: Path) -> Iterator[IO[bytes]]:
    """The response; whatever goes wrong while it is read is the network's fault."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as response:
            yield response
    except (
        urllib.error.URLError,
        http.client.HTTPException,
        TimeoutError,
        ConnectionError,
        ssl.SSLError,
        tarfile.TarError,
        EOFError,
        zlib.error,
    ) as error:
        raise InputError(
            f"cannot download {url} ({getattr(error, 'reason', error)}): check the network, or put "
            f"{path.name} into a folder and set W2VJAX_DATA to it"
        ) from None
