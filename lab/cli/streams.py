"""Standard output and error that cannot lose a run: a line that cannot be printed never costs the measurements."""

from __future__ import annotations

import io
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NoReturn

from lab.errors import LabError


class OutputError(LabError):
    """Standard output cannot be written; the files that the command wrote are complete."""


def protect() -> None:
    """Replace both streams of this process.

    A letter that the terminal's encoding does not know is replaced. A full disk behind the output becomes an
    `OutputError`, a reader that is gone ends the process in silence, and messages that cannot be printed are dropped.
    """
    sys.stdout = _Output(*_parts(sys.stdout))
    sys.stderr = _Messages(*_parts(sys.stderr))


def _parts(stream: object) -> tuple[BinaryIO, str]:
    """The binary stream behind a text stream, and its encoding; a closed stream is replaced by the null device."""
    if isinstance(stream, io.TextIOWrapper):
        encoding = stream.encoding
        return stream.detach(), encoding
    return Path(os.devnull).open("wb"), "utf-8"


class _Output(io.TextIOWrapper):
    def __init__(self, buffer: BinaryIO, encoding: str) -> None:
        super().__init__(buffer, encoding=encoding, errors="replace", line_buffering=buffer.isatty())

    def write(self, text: str, /) -> int:
        try:
            return super().write(text)
        except OSError as error:
            _give_up(error)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            _give_up(error)


class _Messages(io.TextIOWrapper):
    def __init__(self, buffer: BinaryIO, encoding: str) -> None:
        super().__init__(buffer, encoding=encoding, errors="backslashreplace", line_buffering=True)

    def write(self, text: str, /) -> int:
        with suppress(OSError):
            return super().write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            super().flush()


def _give_up(error: OSError) -> NoReturn:
    """End the command; buffered output is discarded, or Python would fail once more at its exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    if isinstance(error, BrokenPipeError):
        sys.exit(128 + signal.SIGPIPE)
    raise OutputError(
        f"The standard output cannot be written: {error.strerror}.", hint="Files that the command wrote are complete."
    ) from error
