"""Documents on disk: written as a whole, read with the place of the first thing that is wrong; a door to pydantic."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from lab.errors import InputError

T = TypeVar("T")

_HINTS = {errno.ENOSPC: "Free space, or write elsewhere.", errno.ENOENT: "Make its folder first, or write elsewhere."}


def check_writable(folder: Path) -> None:
    """Make a folder; `InputError` where it cannot be made or written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            f"Results cannot be written to {folder}: {error.strerror}.", hint="Name another folder with --out."
        ) from error


def write(path: Path, text: str) -> None:
    """Write one file, to the byte, so that a reader sees the old or the new text, never a part."""
    target = path.resolve()  # a link stays a link
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        hint = _HINTS.get(error.errno or 0, "Write elsewhere.")
        raise InputError(f"{path} cannot be written: {error.strerror}.", hint=hint) from error


def read(path: Path) -> str:
    """The text of a document, to the byte; empty where there is none yet.

    Errors: `InputError` where it is not a text file.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}.", hint="Name a text file in UTF-8.") from error


def to_json(kind: type[T], value: T) -> str:
    """The value as JSON."""
    written: bytes = _adapter(kind).dump_json(value, indent=1)  # type: ignore[arg-type] # a type is hashable
    return written.decode() + "\n"


def load(kind: type[T], path: Path, *, expected: int, again: str) -> T:
    """The value in a JSON file of the `expected` format; `again` says what measures it again, such as '`lab run`'.

    Errors: `InputError` where it is missing, damaged, or of another format.
    """
    raw = read_json(path, again=again)
    found = raw.get("format")
    if found != expected:
        hint = f"Use the lab that wrote it, or measure again with {again}."
        raise InputError(f"{path} has format {found}; this lab reads {expected}.", hint=hint)
    return validated(kind, raw, path, again=again)


def read_json(path: Path, *, again: str) -> dict[str, Any]:
    """The JSON object in a file; errors as `load`."""
    hint = f"Restore it, or measure again with {again}."
    try:
        raw = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", hint=f"{again} writes such files.") from error
    except ValueError as error:
        raise InputError(f"{path} is damaged or not JSON: {error}.", hint=hint) from error
    if not isinstance(raw, dict):
        raise InputError(f"{path} is damaged: it holds no JSON object.", hint=hint)
    return raw


def validated(kind: type[T], raw: object, path: Path, *, again: str) -> T:
    """`raw` as that kind of value; errors as `load`."""
    try:
        value: T = _adapter(kind).validate_python(raw)  # type: ignore[arg-type] # as above
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{path} is damaged at {where}: {first['msg']}.", hint=f"Restore it, or measure again with {again}."
        ) from error
    return value


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    """Made once for each kind: a run is written after every outcome."""
    return TypeAdapter(kind)
