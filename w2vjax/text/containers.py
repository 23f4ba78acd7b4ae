"""Files that hold files: the texts in archives, one after another, nothing unpacked to disk."""

import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from w2vjax.compressed import buffered, damaged, decompressed
from w2vjax.errors import InputError
from w2vjax.text import recognised

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_DAMAGE = (EOFError, OSError, RuntimeError, NotImplementedError, zlib.error, zipfile.BadZipFile)

Member = tuple[str, io.BufferedReader]
"""the name of a text, for messages, and what is in it"""


def members(stream: io.BufferedReader, name: str) -> Iterator[Member]:
    """The texts of a file, decompressed: those of a zip or tar archive in order, else the one.

    By content, whatever its name. What macOS adds to archives is left out. Each text must be read
    before the next is asked for. Raises `InputError` for an archive that is damaged, that holds a
    path outside its folder, or that has to be a file by itself and is not (zip).
    """
    stream = decompressed(stream, name)
    head = stream.peek(tarfile.BLOCKSIZE)
    if head.startswith(_ZIP):
        texts = _zipped(stream, name)
    elif _is_tar(head):
        texts = _tarred(stream, name)
    else:
        yield name, stream
        return
    for inside, text in texts:
        yield from members(text, inside)


def _zipped(stream: io.BufferedReader, name: str) -> Iterator[Member]:
    if not stream.seekable():
        raise InputError(f"{name} is a zip archive in a stream or an archive: save it as a file")
    try:
        archive = zipfile.ZipFile(stream)
    except zipfile.BadZipFile as error:
        raise damaged(name, error) from None
    inside = [member for member in archive.infolist() if not member.filename.endswith("/")]
    recognised.refuse_members([member.filename for member in inside], name)
    for member in inside:
        _check_place(member.filename, name)
    for member in inside:
        if _is_of_macos(member.filename):
            continue
        within = f"{name}:{member.filename}"
        try:
            text = archive.open(member)
        except _DAMAGE as error:
            raise damaged(within, error) from None
        yield within, buffered(text, within, (zipfile.BadZipFile, RuntimeError))


def _tarred(stream: io.BufferedReader, name: str) -> Iterator[Member]:
    try:
        with tarfile.open(fileobj=stream, mode="r|", tarinfo=_WholeHeader) as archive:
            for member in archive:
                _check_place(member.name, name)
                text = archive.extractfile(member) if member.isreg() else None
                if text is not None and not _is_of_macos(member.name):
                    within = f"{name}:{member.name}"
                    yield within, buffered(text, within, (tarfile.TarError,))
    except tarfile.TarError as error:
        raise damaged(name, error) from None


class _WholeHeader(tarfile.TarInfo):
    """A header that ends too early: `tarfile` takes it for the end of the archive."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_WholeHeader":
        if 0 < len(buf) < tarfile.BLOCKSIZE:
            raise tarfile.ReadError("unexpected end of data")
        return super().frombuf(buf, encoding, errors)


def _is_tar(head: bytes) -> bool:
    if len(head) < tarfile.BLOCKSIZE:
        return False
    try:
        tarfile.TarInfo.frombuf(head[: tarfile.BLOCKSIZE], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def _check_place(member: str, name: str) -> None:
    inside = PurePosixPath(member.replace("\\", "/"))
    if inside.is_absolute() or ".." in inside.parts or ":" in "".join(inside.parts[:1]):
        raise InputError(f"{name} holds {member!r}, a path outside its folder: do not trust it")


def _is_of_macos(member: str) -> bool:
    parts: Iterable[str] = PurePosixPath(member).parts
    return any(part in ("__MACOSX", ".DS_Store") or part.startswith("._") for part in parts)
