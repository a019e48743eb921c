"""The application's writes after the loaded rows: batches of snapshots (W1), confirmations (W2), and the oldest day's end (D1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from data_gen import markets, snapshots
from data_gen.copying import naive, row, zoned
from data_gen.cycles import MICROSECOND
from data_gen.events import DatasetPlan
from data_gen.facts import COMPETITORS, HOME, SIDES
from data_gen.history import History
from data_gen.payloads import BETPAWA
from data_gen.payloads import COMPETITORS as COMPETITOR_SITES
from lab.values.declared import Action
from lab.workload import TableWrite, Write

CYCLES = 16
"""How many are written at most."""
_WITHDRAWN = 10
"""In one of so many confirmed snapshots, a market is no longer on offer."""
_DAY = 86_400 * MICROSECOND
_SITES = {HOME: (BETPAWA,), COMPETITORS: COMPETITOR_SITES}
_COLUMNS = {HOME: snapshots.HOME_COLUMNS, COMPETITORS: snapshots.COMPETITOR_COLUMNS}


def writes(plan: DatasetPlan, history: History) -> tuple[Write, ...]:
    """What the scraper would write next; all stages of the history must have been consumed.

    The oldest day is deleted last, where it is not the only one.
    """
    cycles = history.following(CYCLES)
    written = (
        write for cycle in cycles if any(cycle.values()) for write in (_batch(plan, cycle), _confirm(plan, cycle))
    )
    return (*written, *_retention(plan))


def _batch(plan: DatasetPlan, cycle: dict[str, list[bytes]]) -> Write:
    """One transaction: the snapshots of a cycle, and their market rows."""
    changes = (_insert(table, chunks) for table, chunks in cycle.items() if chunks)
    return Write(query="W1", changes=tuple(changes), touched=_new(plan))


def _insert(table: str, chunks: Sequence[bytes]) -> TableWrite:
    return TableWrite(
        action=Action.INSERT,
        table=table,
        columns=_COLUMNS.get(table, markets.COLUMNS),
        chunks=tuple(chunks),
        sql=f"INSERT INTO {table} ({{columns}}) SELECT {{columns}} FROM inserted_{table} ORDER BY id",
    )


def _confirm(plan: DatasetPlan, cycle: dict[str, list[bytes]]) -> Write:
    """The newest snapshots are confirmed; in few of them, a market is withdrawn. Each such snapshot is its offer's newest."""
    now = _next_us(plan)
    changes: list[TableWrite] = []
    for table, market_table in SIDES.items():
        ids = [line.split(b"\t", 1)[0] for line in cycle[table]]
        withdrawn = [lines.split(b"\t", 3)[1:3] for lines in cycle[market_table][::_WITHDRAWN]]
        if ids:
            moment = naive(now).encode()
            changes.append(_confirmation(table, [b"%b\t%b\n" % (snapshot, moment) for snapshot in ids]))
        if withdrawn:
            moment = zoned(now).encode()
            changes.append(_withdrawal(market_table, [b"%b\t%b\t%b\n" % (*key, moment) for key in withdrawn]))
    return Write(query="W2", changes=tuple(changes), touched=_new(plan))


def _confirmation(table: str, chunks: Sequence[bytes]) -> TableWrite:
    return TableWrite(
        action=Action.UPDATE,
        table=table,
        columns=("id", "last_confirmed_at"),
        chunks=tuple(chunks),
        sql=f"UPDATE {table} t SET last_confirmed_at = u.last_confirmed_at FROM updated_{table} u WHERE t.id = u.id",
    )


def _withdrawal(table: str, chunks: Sequence[bytes]) -> TableWrite:
    return TableWrite(
        action=Action.UPDATE,
        table=table,
        columns=("snapshot_id", "betpawa_market_id", "unavailable_at"),
        chunks=tuple(chunks),
        sql=f"UPDATE {table} t SET unavailable_at = u.unavailable_at FROM updated_{table} u"
        " WHERE t.snapshot_id = u.snapshot_id AND t.betpawa_market_id = u.betpawa_market_id",
    )


def _retention(plan: DatasetPlan) -> Iterator[Write]:
    """The end of the oldest day with a snapshot: its market rows and its snapshots."""
    starts = plan.cycles.starts
    days = np.unique(starts // _DAY, return_index=True)[1][1:].tolist()
    until = [_stored(plan, end) for end in (*days, len(starts))]
    oldest = next((day for day, counts in enumerate(until) if all(counts.values())), len(until))
    if oldest + 1 < len(until):
        yield Write(
            query="D1",
            changes=tuple(change for table, last in until[oldest].items() for change in _delete(table, last)),
            touched={
                name: f"t.{key} <= {last}"
                for table, last in until[oldest + 1].items()
                for name, key in ((table, "id"), (SIDES[table], "snapshot_id"))
            },
        )


def _delete(table: str, last: int) -> Iterator[TableWrite]:
    """Of the snapshots up to id `last`: ids are given in the order of time."""
    chunks = tuple(row(snapshot) for snapshot in range(1, last + 1))
    for name, key in ((SIDES[table], "snapshot_id"), (table, "id")):
        yield TableWrite(
            action=Action.DELETE,
            table=name,
            columns=(key,),
            chunks=chunks,
            sql=f"DELETE FROM {name} t USING deleted_{name} d WHERE t.{key} = d.{key}",
        )


def _new(plan: DatasetPlan) -> dict[str, str]:
    """By table, the condition of a row `t` that was not loaded."""
    return {
        name: f"t.{key} > {last}"
        for table, last in _stored(plan, len(plan.cycles)).items()
        for name, key in ((table, "id"), (SIDES[table], "snapshot_id"))
    }


def _stored(plan: DatasetPlan, end: int) -> dict[str, int]:
    """By table, the snapshots before that cycle, which is the highest of their ids."""
    return {table: sum(int(plan.stored[site.name][:, :end].sum()) for site in sites) for table, sites in _SITES.items()}


def _next_us(plan: DatasetPlan) -> int:
    """A moment after all cycles that are written."""
    return plan.cycles.captured(len(plan.cycles) - 1, 0, 1) + _DAY
