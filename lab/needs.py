"""Whether a server offers what a scenario needs: a run asks before it plans a trial, `lab check` before a migration."""

from __future__ import annotations

from collections.abc import Iterable

from lab.postgres import timescaledb
from lab.scenario import Need
from lab.values import Capabilities


def missing(offered: Capabilities, needs: Iterable[Need]) -> tuple[str, ...]:
    """The `needs` that a server does not meet, in words."""
    lacking = {
        Need.LZ4: None if offered.lz4 else "no TOAST compression lz4",
        Need.COLUMNSTORE: _no_columnstore(offered),
    }
    return tuple(words for need in needs if (words := lacking[need]))


def _no_columnstore(offered: Capabilities) -> str | None:
    """Why there is no columnstore; None where there is."""
    version = offered.timescaledb
    if version is None:
        return "no TimescaleDB"
    if offered.timescaledb_edition is None:
        return f"TimescaleDB {version}, but it is not preloaded, or its extension is not or may not be created"
    if offered.timescaledb_edition != "community":
        return (
            f"TimescaleDB {version} in the Apache edition, whose columnstore is missing (the Community edition has it)"
        )
    if timescaledb.is_too_old(version):
        return f"TimescaleDB {version}, and the columnstore needs {'.'.join(map(str, timescaledb.OLDEST))} or newer"
    return None
