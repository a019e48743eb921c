"""What lies at a path, and bytes from and to it: only regular files are read, and only they are replaced.

Everything here raises `OSError`, whose `strerror` says what lies there, so that a caller reports it like any other error
of the file system.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

LARGEST = 128 << 20
"""Bytes; a document of the lab is far smaller, and nothing larger is read."""

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_TERMINALS = {4, 5, *range(136, 144)}
"""Major numbers of Linux: asked instead of opening a device, which may do something when it is opened."""


def read(path: Path, *, largest: int = LARGEST) -> bytes:
    """Content of a regular file: as many bytes as its size says, and so nothing of a file of `/proc`.

    Errors: `OSError` where there is none, it is no regular file, or it is larger than `largest` bytes.
    """
    _require_regular(path.stat())  # before it is opened: some devices do something when they are
    # It may have become a pipe since, which would be waited for.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        _require_regular(status)
        if status.st_size > largest:
            raise OSError(errno.EFBIG, f"it is larger than {largest >> 20} MiB")
        return file.read(status.st_size)


def target(path: Path) -> Path:
    """The regular file, or the new one, that is written for `path`: links are followed.

    Errors: `OSError` where something else lies there, or it cannot be looked at.
    """
    if is_standard_output(path):
        raise OSError(errno.EINVAL, "it is the standard output")
    with suppress(FileNotFoundError):
        _require_regular(path.stat())
    return Path(os.path.realpath(path))


def replace(path: Path, data: bytes) -> None:
    """Write a regular file, so that a reader sees the old or the new content, never a part; its permissions stay.

    Errors: `OSError` as `target`, or where it cannot be written; no part is left behind then.
    """
    file = target(path)
    part = file.with_name(f".{file.name}.part")
    try:
        _write_part(part, data, like=file)
        part.replace(file)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def _write_part(part: Path, data: bytes, *, like: Path) -> None:
    part.unlink(missing_ok=True)  # of a process that was killed
    with part.open("xb") as written:  # never through a link that somebody put there
        with suppress(FileNotFoundError):
            os.fchmod(written.fileno(), stat.S_IMODE(like.stat().st_mode))
        written.write(data)
        written.flush()
        os.fsync(written.fileno())


def is_missing(path: Path) -> bool:
    """Whether nothing lies there for sure; who reads what cannot be looked at hears why."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def is_folder(path: Path) -> bool:
    """Whether a folder lies there; what cannot be looked at is none."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except OSError:
        return False


def is_standard_output(path: Path) -> bool:
    """Whether `path` leads to where this process prints."""
    try:
        return os.path.samestat(path.stat(), os.fstat(1))
    except OSError:
        return False


def is_stream(path: Path) -> bool:
    """Whether a pipe or a terminal lies there: what is written to it is read by somebody at once."""
    try:
        status = path.stat()
    except OSError:
        return False
    terminal = stat.S_ISCHR(status.st_mode) and os.major(status.st_rdev) in _TERMINALS
    return terminal or stat.S_ISFIFO(status.st_mode)


def write_stream(path: Path, data: bytes) -> None:
    """Write into a pipe or a terminal.

    Errors: `OSError` where nobody reads, instead of waiting for somebody who does.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with os.fdopen(descriptor, "wb") as file:
        os.set_blocking(descriptor, True)
        file.write(data)


def _require_regular(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "something else")
        raise OSError(errno.EINVAL, f"it is {kind}, not a regular file")
