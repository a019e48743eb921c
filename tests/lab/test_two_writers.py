"""Several of the application's writers store at once what they would store one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

import pytest

from lab import registry
from lab.postgres.database import Database as Connection
from lab.scenario import Database, Scenario, Writing
from lab.trial import verify
from lab.trial.decoding import Reader
from lab.trial.questions import Loss
from lab.trial.reads import TimedSide
from lab.trial.template import Bench
from lab.trial.trial import loss_of
from lab.trial.writer import Writer
from lab.workload import TableWrite, Write
from tests.lab.trials import after, at_once, on_pglite, scenario_of

TRIED = [
    *(name for name in registry.everything() if scenario_of(name).write and not on_pglite(name)),
    "store_changes_only+pack_raw_response",
    "store_changes_only+deduplicate_payloads",
]
WRITTEN = [name for name in TRIED if "+" not in name]
DELETED_BY_ROWS = [name for name in WRITTEN if name != "native_partitioning"]
"""Partitions are dropped by whole days, and the day of these writers is not over: test_releases.py has tests of that."""
APART = 1_000_000
"""Between an id and that of its copy."""


def with_another_offer(batch: Write) -> Write:
    """The batch with a copy of its snapshot at another bookmaker, which lists one market less, and whose ids have gaps.

    So two batches go on with the same offer, and both begin the same one, with the same list that the database lacks.
    """
    return replace(batch, changes=tuple(map(_with_copies, batch.changes)))


def _with_copies(change: TableWrite) -> TableWrite:
    lines = [line.split(b"\t") for line in b"".join(change.chunks).splitlines(keepends=True)]
    of_market = "snapshot_id" in change.columns
    # Another writer took every other id of a market row.
    moved = {"id": (2 if of_market else 1, APART), "snapshot_id": (1, APART), "bookmaker_id": (1, 1)}
    copies = [
        [
            b"%d" % (int(value) * moved[name][0] + moved[name][1]) if name in moved else value
            for name, value in zip(change.columns, line, strict=True)
        ]
        for line in (lines[1:] if of_market else lines)
    ]
    return replace(change, chunks=tuple(b"\t".join(line) for line in (*lines, *copies)))


def deletion_of(condition: str, deletion: Write, database: Connection) -> Write:
    """The deletion of the oldest day, made one of the snapshots of that database for which the condition holds."""

    def of_these(change: TableWrite) -> TableWrite:
        snapshots = change.table.replace("market_odds", "odds_snapshots")
        ids = database.fetch(f"SELECT id FROM {snapshots} WHERE {condition}")
        return replace(change, chunks=tuple(b"%d\n" % number for (number,) in ids))

    return replace(deletion, changes=tuple(map(of_these, deletion.changes)))


@dataclass(frozen=True, kw_only=True)
class Sides:
    """An untouched clone with one writer, and a clone after the strategy with two."""

    alone: Writer
    first: Writer
    second: Writer

    def at_once(self, watched: Database, first: Write, second: Write) -> None:
        """The second writer begins before the first one ends. On the untouched clone, it begins when the first one has ended."""
        carry_out(self.alone, first, second)
        self.first.database.execute("BEGIN")
        carry_out(self.first, first)
        self.second.stage(second)
        at_once(watched, partial(self.second.run, second), partial(self.first.database.execute, "COMMIT"))

    def differences(self, touched: Mapping[str, str], scenario: Scenario, loss: Loss) -> Iterator[str]:
        """What reads otherwise than on the untouched clone."""
        bench, read = self.first.bench, self.first.database
        questions = bench.template.questions
        reader = Reader.of(scenario, bench.server, read, self.first.side.outside)
        for table, condition in touched.items():
            expected = verify.ask_rows(self.alone.database, questions, loss, table, condition, applied=False)
            with reader.reading(questions, {table: condition}) as readable:
                actual = verify.ask_rows(read, readable, loss, table, condition, applied=True)
            if expected != actual:
                yield str(verify.mismatch(expected, actual, name=table))


def carry_out(writer: Writer, *writes: Write) -> None:
    for write in writes:
        writer.stage(write)
        writer.run(write)


@contextmanager
def sides(clone: str, bench: Bench, scenario: Scenario, loss: Loss) -> Iterator[Sides]:
    """Connected, with their temporary tables."""
    with (
        bench.untouched() as plain,
        bench.server.connect(clone) as one,
        bench.server.connect(clone) as another,
        bench.server.gauge(clone, one) as gauge,
    ):

        def writer(database: Connection, writing: Mapping[str, Writing]) -> Writer:
            verify.state_settings(database, bench.template.questions.schema, 600)
            side = TimedSide(database=database, gauge=gauge, outside=bench.outside / clone)
            made = Writer(side=side, bench=bench, writing=writing, given_up=frozenset(loss.columns))
            made.prepare(bench.template.writes())
            return made

        yield Sides(alone=writer(plain, {}), first=writer(one, scenario.write), second=writer(another, scenario.write))


def differences(name: str, bench: Bench, work: Callable[[Database, Sides], Mapping[str, str]]) -> list[str]:
    """What reads otherwise after that work, of the rows that it says it touched."""
    scenario, found = scenario_of(name), list[str]()

    def see(db: Database) -> None:
        loss = loss_of(scenario, db.now)
        with sides(db.value("SELECT current_database()"), bench, scenario, loss) as both:
            found.extend(both.differences(work(db, both), scenario, loss))

    after(name, bench, see)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITTEN)
def test_two_writers_at_once_store_what_both_would_one_after_the_other(name: str, bench: Bench) -> None:
    writes = [with_another_offer(write) for write in bench.template.writes() if write.query == "W1"]

    def work(db: Database, both: Sides) -> Mapping[str, str]:
        # What the second one stores has the lower ids.
        both.at_once(db, writes[1], writes[0])
        both.at_once(db, writes[2], writes[3])
        return writes[0].touched

    assert differences(name, bench, work) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", DELETED_BY_ROWS)
def test_a_retention_beside_a_writer_leaves_what_the_writer_goes_on_with(name: str, bench: Bench) -> None:
    batch, *_, deletion = bench.template.writes()

    def work(db: Database, both: Sides) -> Mapping[str, str]:
        both.at_once(db, batch, deletion_of("true", deletion, both.alone.database))
        return batch.touched

    assert differences(name, bench, work) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", DELETED_BY_ROWS)
def test_what_was_stored_last_can_be_deleted_first(name: str, bench: Bench) -> None:
    *_, deletion = bench.template.writes()
    writes = [with_another_offer(write) for write in bench.template.writes() if write.query == "W1"]

    def work(db: Database, both: Sides) -> Mapping[str, str]:
        last = both.alone.database.value("SELECT max(id) FROM odds_snapshots")
        both.at_once(db, writes[1], writes[0])
        expired = deletion_of(f"id <= {last} + 1", deletion, both.alone.database)
        for writer in (both.alone, both.first):
            carry_out(writer, expired, *writes[2:4])
        return writes[0].touched

    assert differences(name, bench, work) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [name for name in TRIED if any(parts.turn for parts in scenario_of(name).write.values())]
)
def test_nobody_waits_for_a_writer_that_waits_for_its_turn(name: str, bench: Bench) -> None:
    batch, *_ = bench.template.writes()
    held: list[list[tuple[object, ...]]] = []
    locks = (
        "SELECT l.relation::regclass, l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation"
        " WHERE l.granted AND c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'"
        " AND l.pid IN (SELECT pid FROM pg_locks WHERE NOT granted)"
    )

    def work(db: Database, both: Sides) -> Mapping[str, str]:
        carry_out(both.alone, batch)
        both.second.database.execute("BEGIN")
        for parts in scenario_of(name).write.values():
            for statement in parts.turn:
                both.second.database.execute(statement)
        both.first.stage(batch)

        def end() -> None:
            held.append(db.fetch(locks))
            both.second.database.execute("ROLLBACK")

        assert at_once(db, partial(both.first.run, batch), end)
        return batch.touched

    assert differences(name, bench, work) == []
    assert held == [[]]


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITTEN)
def test_a_market_can_be_withdrawn_in_any_snapshot(name: str, bench: Bench) -> None:
    writes = [write for write in bench.template.writes() if write.query != "D1"]
    batches, confirmations = with_a_steady_market(writes[0:12:2]), writes[1:12:2]

    def work(_: Database, both: Sides) -> Mapping[str, str]:
        for writer in (both.alone, both.first):
            carry_out(writer, *batches[:4], together(confirmations[0], confirmations[2]), batches[4])
            carry_out(writer, confirmations[4], confirmations[1], batches[5])
        return batches[0].touched

    assert differences(name, bench, work) == []


def with_a_steady_market(batches: Sequence[Write]) -> list[Write]:
    """The batches, whose first market has the price of the first batch in all of them."""
    steady: list[bytes] = []

    def of_market(change: TableWrite) -> TableWrite:
        if "outcomes" not in change.columns:
            return change
        place = change.columns.index("outcomes")
        first, *others = b"".join(change.chunks).splitlines(keepends=True)
        values = first.split(b"\t")
        steady.append(values[place])
        values[place] = steady[0]
        return replace(change, chunks=(b"\t".join(values), *others))

    return [replace(batch, changes=tuple(map(of_market, batch.changes))) for batch in batches]


def together(write: Write, other: Write) -> Write:
    """The changes of both in one transaction."""
    pairs = zip(write.changes, other.changes, strict=True)
    return replace(write, changes=tuple(replace(a, chunks=(*a.chunks, *b.chunks)) for a, b in pairs))
