"""Finds tables of snapshots and the tables of their market rows, by rules over the catalog."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lab.profiling.catalog.indexes import Index
from lab.profiling.catalog.tables import Column, Table
from lab.profiling.time.paths import AgePath, Keys, Step

_STATES = frozenset({"bool", "date", "time", "timetz", "timestamp", "timestamptz", "interval"})
"""Types of columns that say how a market is at a moment, such as since when it is unavailable."""


@dataclass(frozen=True, kw_only=True)
class SeriesTables:
    """A table of snapshots with the table of their market rows."""

    snapshots: Table
    id: Column
    owners: tuple[Step, ...]
    """References to the owner of a snapshot: its event, and its source where there are several."""
    time: Column
    payload: Column | None
    markets: Table
    reference: Column
    """The column of `markets` that points to a snapshot."""
    content: tuple[Column, ...]
    """All columns of `markets` but its own key and the reference."""
    rule: str
    """How they were recognised, in words."""

    @property
    def names(self) -> tuple[Column, ...]:
        """The columns of `content` that say which market and line a row is: no documents, moments or truth values.

        Empty where no document holds the prices, because a number may then be a price.
        """
        if not any(column.json for column in self.content):
            return ()
        return tuple(column for column in self.content if column.scalar and column.base not in _STATES)

    @property
    def key(self) -> tuple[Column, ...]:
        """The columns that name the owner of a snapshot."""
        return tuple(step.column for step in self.owners)


def find(
    tables: Sequence[Table],
    paths: Mapping[int, AgePath | None],
    keys: Keys,
    indexes: Mapping[int, Sequence[Index]],
) -> Iterator[SeriesTables]:
    """Every pair of tables where the second has a time and an owner, and the first gets its time from the second.

    At least one of them must hold documents.
    """
    for markets in tables:
        path = paths.get(markets.oid)
        if path is None or len(path.steps) != 1:
            continue
        step = path.steps[0]
        owners = _owners(step.parent, keys)
        documents = [column for column in (*step.parent.columns, *markets.columns) if column.json]
        if owners and documents:
            own = {index.leading for index in indexes.get(markets.oid, ()) if index.primary} | {step.column.name}
            yield SeriesTables(
                snapshots=step.parent,
                id=step.key,
                owners=owners,
                time=path.time,
                payload=next((column for column in step.parent.columns if column.json), None),
                markets=markets,
                reference=step.column,
                content=tuple(column for column in markets.columns if column.name not in own),
                rule=_recognised_by(markets, step, path.time, owners),
            )


def _owners(snapshots: Table, keys: Keys) -> tuple[Step, ...]:
    steps = [step for step in keys.steps(snapshots) if step.column.not_null and step.parent is not snapshots]
    return tuple(steps)


def _recognised_by(markets: Table, step: Step, time: Column, owners: Sequence[Step]) -> str:
    words = ", ".join(f"{owner.column.name} → {owner.parent.label}" for owner in owners)
    return (
        f"{markets.label} has no time of its own and points to {step.parent.label} by {step.column.name} ({step.rule});"
        f" that has {time.name} and says whose it is by {words}."
    )
