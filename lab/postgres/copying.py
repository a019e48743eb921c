"""PostgreSQL's COPY text format."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from lab.postgres.sql import copy_escaped

CHUNK = 256 << 10
"""Size from which a chunk is sent, in bytes; it is at most one row longer."""

NULL = b"\\N"


def chunked(rows: Iterable[bytes]) -> Iterator[bytes]:
    """Join rows to chunks of about `CHUNK` bytes."""
    pending: list[bytes] = []
    size = 0
    for row in rows:
        pending.append(row)
        size += len(row)
        if size >= CHUNK:
            yield b"".join(pending)
            pending.clear()
            size = 0
    if pending:
        yield b"".join(pending)


def row(*values: object) -> bytes:
    """One line of COPY text; lists and dictionaries become JSON, and bytes a bytea."""
    return b"\t".join(map(field, values)) + b"\n"


def field(value: object) -> bytes:
    """One value as COPY text."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return b"t" if value else b"f"
    if isinstance(value, bytes):
        return b"\\\\x" + value.hex().encode()
    text = json.dumps(value) if isinstance(value, list | dict) else str(value)
    return copy_escaped(text).encode()
