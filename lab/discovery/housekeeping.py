"""Cheap wins that the profile alone shows, before anything is rewritten: free space, indexes, tables that only grow."""

from __future__ import annotations

from collections.abc import Iterator

from lab.discovery.inputs import DiscoveryInputs
from lab.discovery.values import CheapWin
from lab.sql.indexes import index_definition
from lab.units import bytes_text
from lab.values import IndexProfile, Profile, TableProfile

_WORTH = 0.01
"""Share of the database, or of its growth, from which a line is worth reading."""
_TIMESCALEDB = "timescaledb"


def cheap_wins(inputs: DiscoveryInputs) -> tuple[CheapWin, ...]:
    """Those with known bytes first, the largest first."""
    profile = inputs.profile
    wins = (*_bloat(profile), *_indexes(profile), *_growing(inputs), *_extensions(inputs))
    return tuple(sorted(wins, key=lambda win: -(win.bytes or 0)))


def _bloat(profile: Profile) -> Iterator[CheapWin]:
    """Room of rows that are gone."""
    for table in profile.tables:
        size = (table.heap_bloat_bytes or 0) + (table.toast_bloat_bytes or 0)
        if size >= _WORTH * profile.database_bytes:
            yield CheapWin(
                what=f"{table.table}: {bytes_text(size)} hold no rows (estimated)",
                bytes=size,
                how="`VACUUM FULL` gives them back under ACCESS EXCLUSIVE, pg_repack almost without locks; both need room"
                " for a second copy. A strategy that rewrites the table gives them back too.",
            )


def _indexes(profile: Profile) -> Iterator[CheapWin]:
    for table in profile.tables:
        for index in table.indexes:
            if index.bytes < _WORTH * profile.database_bytes or index.primary or index.unique:
                continue
            if wider := _wider(index, table):
                yield CheapWin(
                    what=f"index {index.name}: {wider.name} begins with the same columns",
                    bytes=index.bytes,
                    how=f"`DROP INDEX CONCURRENTLY {index.name}`",
                )
            elif index.scans == 0 and profile.index_use_since and not profile.standby:
                yield CheapWin(
                    what=f"index {index.name}: no scan since {profile.index_use_since}",
                    bytes=index.bytes,
                    how=f"`DROP INDEX CONCURRENTLY {index.name}`, if no replica and no rare job uses it",
                )


def _wider(index: IndexProfile, table: TableProfile) -> IndexProfile | None:
    """A valid index of the same table that begins with all keys of that one; of two equal ones only the later goes."""
    keys = _keys(index)
    for other in table.indexes if keys else ():
        others = _keys(other)
        longer = len(others) > len(keys) or (others == keys and other.name < index.name)
        if other is not index and other.valid and longer and others[: len(keys)] == keys:
            return other
    return None


def _keys(index: IndexProfile) -> tuple[str, ...]:
    """The keys of a B-tree index over all rows and without further columns; empty for any other index."""
    definition = index_definition(index.definition)
    whole = definition and definition.method == "btree" and not definition.included and not definition.condition
    return definition.keys if definition and whole else ()


def _growing(inputs: DiscoveryInputs) -> Iterator[CheapWin]:
    """Tables that no strategy of the lab touches."""
    touched = {table for proposal in inputs.proposals for table in proposal.tables}
    pace = inputs.profile.bytes_per_day
    for table in inputs.profile.tables if (touched or inputs.limits) and pace else ():
        growth = table.growth.bytes_per_day_week if table.growth else None
        if table.table not in touched and growth and pace and growth >= _WORTH * pace:
            yield CheapWin(
                what=f"{table.table} grows {bytes_text(growth)} a day, and no strategy of the lab touches it",
                bytes=_older(table),
                how="Delete what nobody reads any more, or archive it; ask its owner how far back it is read.",
            )


def _older(table: TableProfile) -> int | None:
    """Bytes older than the shortest retention that the profile counts."""
    return next((cut.bytes_older for cut in sorted(table.retention, key=lambda cut: cut.days)), None)


def _extensions(inputs: DiscoveryInputs) -> Iterator[CheapWin]:
    """Whether strategies with hypertables can be had on that very server."""
    offered = inputs.profile.extensions
    needing = [strategy.name for strategy in inputs.strategies if strategy.makes_chunks]
    if offered is None or not needing:
        return
    version = offered.get(_TIMESCALEDB)
    what = (
        f"TimescaleDB {version} can be had on this server"
        if version
        else f"This server does not offer TimescaleDB, which {len(needing)} measured strategies need"
    )
    how = (
        "`CREATE EXTENSION timescaledb`, if shared_preload_libraries names it; the columnstore needs the Community edition."
        if version
        else "Install its package on the server, or leave these strategies out; managed services often have no columnstore."
    )
    yield CheapWin(what=what, bytes=None, how=how)
