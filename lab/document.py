"""Values in JSON files: written as a whole, read with the place of the first thing that is wrong; a door to pydantic."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from lab.errors import InputError

T = TypeVar("T")


def text(kind: type[T], value: T) -> str:
    """The value as JSON."""
    written: bytes = _adapter(kind).dump_json(value, indent=1)  # type: ignore[arg-type] # a type is hashable
    return written.decode() + "\n"


def load(kind: type[T], path: Path, *, expected: int, again: str) -> T:
    """The value in a file of the `expected` format; `again` says what measures it again, such as '`lab run`'.

    Errors: `InputError` where it is missing, damaged, or of another format.
    """
    raw = read(path, again=again)
    found = raw.get("format")
    if found != expected:
        hint = f"Use the lab that wrote it, or measure again with {again}."
        raise InputError(f"{path} has format {found}; this lab reads {expected}.", hint=hint)
    return validated(kind, raw, path, again=again)


def read(path: Path, *, again: str) -> dict[str, Any]:
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
