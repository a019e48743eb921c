"""A profile or a check of format 1, as this lab reads it."""

from __future__ import annotations

import re
from typing import Any

from lab.postgres.relations import named
from lab.values import DependantKind

_IDENTIFIER = re.compile(r'"((?:[^"]|"")*)"|([^".]+)')


def from_format_1(raw: dict[str, Any]) -> dict[str, Any]:
    """The document with the referring table of each foreign key, which format 1 only has in the key's name.

    `raw` is untouched. A file that is damaged stays so, for the check that follows to name it.
    """
    dependants = raw.get("dependants")
    if isinstance(dependants, list):
        raw = raw | {"dependants": [_with_referring_table(dependant) for dependant in dependants]}
    return raw | {"format": 2}


def _with_referring_table(dependant: Any) -> Any:
    if not (isinstance(dependant, dict) and dependant.get("kind") == DependantKind.FOREIGN_KEY):
        return dependant
    return dependant | {"referring_table": _referring_table(str(dependant.get("name")))}


def _referring_table(key: str) -> str:
    """Of a key's name 'schema.table.constraint'; empty where it is none."""
    parts = [quoted.replace('""', '"') or plain for quoted, plain in _IDENTIFIER.findall(key)]
    return named(parts[0], parts[1]) if len(parts) == 3 else ""
