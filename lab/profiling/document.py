"""profile.json: written and read as a whole; the door to pydantic for profiles and published cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from lab.errors import InputError
from lab.profiling.survey import FORMAT
from lab.values import Profile

T = TypeVar("T")
_ADAPTER = TypeAdapter(Profile)


def text(profile: Profile) -> str:
    """The profile as JSON, as it is stored and as a program reads it; no connection string is in it."""
    return _ADAPTER.dump_json(profile, indent=1).decode() + "\n"


def load(path: Path) -> Profile:
    """Read a profile.

    Errors: `InputError` where it is missing, damaged, or of another format.
    """
    raw = read_json(path)
    found = raw.get("format")
    if found != FORMAT:
        hint = "Use the lab that wrote it, or measure again with `lab profile`."
        raise InputError(f"{path} has format {found}; this lab reads {FORMAT}.", hint=hint)
    return validated(Profile, raw, path)


def is_profile(path: Path) -> bool:
    """Whether the file is a profile, and not the file of a published case; errors as `read_json`."""
    return "format" in read_json(path)


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file; errors as `load`."""
    try:
        raw = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", hint="Name a JSON file.") from error
    except ValueError as error:
        raise InputError(f"{path} is not JSON: {error}.", hint="Restore it, or measure again.") from error
    if not isinstance(raw, dict):
        raise InputError(f"{path} holds no JSON object.", hint="Name a profile.json or the file of a case.")
    return raw


def validated(kind: type[T], raw: object, path: Path) -> T:
    """`raw` as that kind of value, with the place of the first thing that is wrong."""
    try:
        return TypeAdapter(kind).validate_python(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{path} is damaged at {where}: {first['msg']}.", hint="Restore it, or measure again."
        ) from error
