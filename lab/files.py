"""Documents on disk: written atomically, and validated when read. Only this module uses pydantic's adapters."""

from __future__ import annotations

import codecs
import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.json_schema import JsonSchemaMode
from pydantic_core import PydanticSerializationError, from_json

from lab import paths
from lab.errors import InputError

T = TypeVar("T")

_HINTS = {
    errno.ENOSPC: "Free space, or write elsewhere.",
    errno.ENOENT: "Make its folder first, or write elsewhere.",
    errno.ENXIO: "First start the program that reads it.",
}
_ELSEWHERE = "Name a regular file, or a new one."
_MEASURED = ".json"
"""How the name of a file ends that holds what was measured: a text for people never takes its place."""
_OTHER_FOLDER = "Name another folder with --out."
_TOO_LARGE = 1 << 63
_PARTS, _NUMBERS = (dict, list), (int, float)
"""Of what JSON is read into; written as unions, they would be made anew for each of the thousands of values of a run."""
_SCHEMA = "https://json-schema.org/draft/2020-12/schema"


def check_writable(folder: Path, *, what: str = "Results", hint: str = _OTHER_FOLDER) -> None:
    """Make a folder for `what`; `InputError` with the `hint` where it cannot be made or written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except FileExistsError as error:
        raise InputError(f"{what} cannot be written to {folder}: it is not a folder.", hint=hint) from error
    except OSError as error:
        raise InputError(f"{what} cannot be written to {folder}: {error.strerror}.", hint=hint) from error


def check_target(path: Path, *, streams: bool = False) -> None:
    """`InputError` where `write` would refuse the path; with `streams`, where `write_or_stream` would."""
    try:
        if not (streams and paths.is_stream(path)):
            paths.target(path)
    except OSError as error:
        raise _unwritable(path, error) from error


def check_document(path: Path) -> None:
    """As `check_target`, of a text for people; `InputError` too for a file of measurements, which the command may be about."""
    check_target(path)
    if Path(os.path.realpath(path)).suffix == _MEASURED:
        raise InputError(
            f"{path} cannot be written: its name is that of a file of measurements.",
            hint=f"Name a file that does not end with {_MEASURED}.",
        )


def write(path: Path, text: str) -> None:
    """Write one file, to the byte, so that a reader sees the old or the new text, never a part.

    Errors: `InputError` where it cannot be written, or is no regular file: a device or a pipe is left as it is.
    """
    try:
        paths.replace(path, _encoded(text))
    except OSError as error:
        raise _unwritable(path, error) from error


def write_or_stream(path: Path, text: str) -> None:
    """As `write`; where the path leads to a pipe or a terminal, write into it."""
    if not paths.is_stream(path):
        return write(path, text)
    try:
        paths.write_stream(path, _encoded(text))
    except OSError as error:
        raise _unwritable(path, error) from error


def _encoded(text: str) -> bytes:
    """The text in UTF-8; a byte of a file's name that is not UTF-8 is written as its number."""
    return text.encode("utf-8", "backslashreplace")


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(f"{path} cannot be written: {error.strerror}.", hint=_HINTS.get(error.errno or 0, _ELSEWHERE))


def read(path: Path) -> str:
    """The text of a document, to the byte; empty where there is none yet.

    Errors: `InputError` where it is no regular file, not in UTF-8, or larger than `lab.paths.LARGEST`.
    """
    hint = "Name a text file in UTF-8."
    try:
        return paths.read(path).decode("utf-8")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", hint=hint) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} cannot be read: byte {error.start} is not UTF-8.", hint=hint) from error


def digest(path: Path, *, hint: str = "Name a regular file.") -> str:
    """SHA-256 of a file; errors as `read`, and where there is none."""
    try:
        return hashlib.sha256(paths.read(path)).hexdigest()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", hint=hint) from error


def to_json(kind: Any, value: object, *, without: Collection[str] = (), indent: int | None = 1) -> str:
    """The value as JSON, without those of its fields; without `indent`, in one line."""
    adapter = _adapter(kind)
    try:
        written = adapter.dump_json(value, indent=indent, exclude=set(without))
    except PydanticSerializationError:  # a text with a byte that is not UTF-8, such as the name of a folder
        plain = json.dumps(
            adapter.dump_python(value, mode="json", exclude=set(without)), indent=indent, ensure_ascii=False
        )
        written = plain.encode("utf-8", "replace")
    return written.decode() + "\n"


def schema(kind: Any, *, title: str, printed: bool) -> str:
    """The JSON Schema of that kind of value, with the docstrings of its fields.

    What is `printed` has every field. A file may be older than a field that has a default.
    """
    mode: JsonSchemaMode = "serialization" if printed else "validation"
    settings = ConfigDict(use_attribute_docstrings=True, json_schema_serialization_defaults_required=True)
    # As the items of a list, because pydantic takes settings for no kind that could have its own.
    several = TypeAdapter(list[kind], config=settings).json_schema(mode=mode)
    whole = {"$schema": _SCHEMA, "title": title, **several["items"], "$defs": several.get("$defs", {})}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


Migration = Callable[[dict[str, Any]], dict[str, Any]]
"""The same document in the format that this lab reads."""


def load(kind: type[T], path: Path, *, expected: int, again: str, older: Mapping[int, Migration] | None = None) -> T:
    """The value in a JSON file of the `expected` format; `again` says what measures it again, such as '`lab run`'.

    `older` brings a file of an older format into the expected one.

    Errors: `InputError` where it is missing, damaged, or of another format.
    """
    raw = read_json(path, again=again)
    version = raw.get("format")
    if older and isinstance(version, int) and version in older:
        raw = older[version](raw)
        version = expected
    if version != expected:
        hint = f"Use the lab that wrote it, or measure again with {again}."
        raise InputError(f"{path} has format {version}; this lab reads {expected}.", hint=hint)
    return validated(kind, raw, path, again=again)


def read_json(path: Path, *, again: str) -> dict[str, Any]:
    """The JSON object in a file; errors as `load`."""
    hint = f"Restore it, or measure again with {again}."
    try:
        raw = from_json(paths.read(path).removeprefix(codecs.BOM_UTF8), allow_inf_nan=False)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", hint=f"{again} writes such files.") from error
    except ValueError as error:
        raise InputError(f"{path} is damaged or not JSON: {error}.", hint=hint) from error
    if not isinstance(raw, dict):
        raise InputError(f"{path} is damaged: it holds no JSON object.", hint=hint)
    if place := _unrepresentable(raw):
        raise InputError(f"{path} is damaged at {'.'.join(place)}: the number does not fit into 64 bits.", hint=hint)
    return raw


def _unrepresentable(raw: dict[str, Any] | list[Any]) -> tuple[str, ...]:
    """The place of the first number that no report can hold; empty where there is none."""
    for name, value in raw.items() if isinstance(raw, dict) else enumerate(raw):
        if isinstance(value, _PARTS):
            if below := _unrepresentable(value):
                return str(name), *below
        elif isinstance(value, _NUMBERS) and not -_TOO_LARGE <= value < _TOO_LARGE:
            return (str(name),)
    return ()


def validated(kind: type[T], raw: object, path: Path, *, again: str) -> T:
    """`raw` as that kind of value; errors as `load`."""
    try:
        value: T = _adapter(kind).validate_python(raw)  # type: ignore[arg-type] # a type is hashable
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{path} is damaged at {where}: {first['msg']}.", hint=f"Restore it, or measure again with {again}."
        ) from error
    return value


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    """Cached, because a run writes after every outcome."""
    return TypeAdapter(kind)
