"""Every lock of a strategy is known by table, mode and statement, as the session itself saw it."""

from __future__ import annotations

import csv as text_csv
import io
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import pytest

from lab.analysis.locks import TrialLocks, locks_of
from lab.analysis.results import analyse
from lab.discovery.locks import NOT_MEASURED, blocks, lock_words
from lab.report import csv, markdown, migration, summary
from lab.scenario import Database, Shape, lost_rows
from lab.trial.canaries import Canaries
from lab.trial.locking import Executed, LockListener, recorded
from lab.trial.sights import Sight, longest_holds
from lab.trial.template import Bench
from lab.values import (
    Completed,
    ExecutedStatement,
    Experiment,
    LockMode,
    StepRecord,
    TableLock,
    TableTraffic,
    Verdict,
    Waits,
)
from tests.lab.trials import run_scenario, run_sql


def executed(bench: Bench, *sql: str, timed: bool = True) -> tuple[ExecutedStatement, ...]:
    outcome = run_scenario(bench, run_sql(*sql), timed=timed)
    assert isinstance(outcome, Completed), outcome
    return outcome.steps[0].statements


def taken(statement: ExecutedStatement) -> set[tuple[str, str, bool]]:
    assert statement.locks is not None, statement
    return {(lock.table, lock.mode.value, lock.whole) for lock in statement.locks}


@pytest.fixture(scope="module")
def ddl(bench: Bench) -> dict[str, ExecutedStatement]:
    statements = executed(
        bench,
        "CREATE INDEX ON events (id)",
        "REINDEX INDEX events_pkey",
        "CREATE TABLE notes (event_id integer REFERENCES events)",
        "INSERT INTO notes SELECT 1 WHERE false",
        "DELETE FROM events WHERE false",
        "ALTER TABLE events RENAME TO renamed",
        "ALTER TABLE renamed RENAME TO events",
        "DROP TABLE notes",
        "DROP INDEX events_id_idx",
        "VACUUM FULL events",
        "DO $$ BEGIN UPDATE events SET id = id WHERE false; COMMIT; END $$",
        "SELECT 1; SELECT 2",
    )
    return {statement.sql: statement for statement in statements}


def test_each_statement_has_its_locks_by_table_and_mode(ddl: dict[str, ExecutedStatement]) -> None:
    assert taken(ddl["CREATE INDEX ON events (id)"]) == {("events", "SHARE", True)}
    assert taken(ddl["DELETE FROM events WHERE false"]) == {("events", "ROW EXCLUSIVE", True)}
    assert ("events", "ACCESS EXCLUSIVE", True) in taken(ddl["DROP INDEX events_id_idx"])


def test_a_lock_on_an_index_is_one_on_a_part_of_its_table(ddl: dict[str, ExecutedStatement]) -> None:
    assert taken(ddl["REINDEX INDEX events_pkey"]) == {("events", "SHARE", True), ("events", "ACCESS EXCLUSIVE", False)}


def test_a_foreign_key_locks_the_table_that_it_refers_to(ddl: dict[str, ExecutedStatement]) -> None:
    assert ("events", "SHARE ROW EXCLUSIVE", True) in taken(
        ddl["CREATE TABLE notes (event_id integer REFERENCES events)"]
    )
    assert {("events", "ACCESS EXCLUSIVE", True), ("notes", "ACCESS EXCLUSIVE", True)} <= taken(ddl["DROP TABLE notes"])


def test_nobody_waits_for_a_table_that_is_not_there_yet(ddl: dict[str, ExecutedStatement]) -> None:
    created = taken(ddl["CREATE TABLE notes (event_id integer REFERENCES events)"])
    assert {table for table, _, _ in created} == {"events"}
    assert taken(ddl["INSERT INTO notes SELECT 1 WHERE false"]) == {("notes", "ROW EXCLUSIVE", True)}


def test_a_lock_has_the_name_that_others_know_the_table_by(ddl: dict[str, ExecutedStatement]) -> None:
    assert taken(ddl["ALTER TABLE events RENAME TO renamed"]) == {("events", "ACCESS EXCLUSIVE", True)}
    assert taken(ddl["ALTER TABLE renamed RENAME TO events"]) == {("renamed", "ACCESS EXCLUSIVE", True)}


@pytest.mark.parametrize("begin", ["VACUUM FULL", "DO $$", "SELECT 1; "])
def test_the_locks_of_what_ends_its_transaction_itself_are_not_known(
    ddl: dict[str, ExecutedStatement], begin: str
) -> None:
    (statement,) = (statement for sql, statement in ddl.items() if sql.startswith(begin))
    assert statement.locks is None


def test_in_a_transaction_each_statement_has_what_it_adds_held_to_the_end(bench: Bench) -> None:
    begin, lock, sleep, rename, back, commit = executed(
        bench,
        "BEGIN",
        "LOCK TABLE events IN EXCLUSIVE MODE",
        "SELECT pg_sleep(0.05)",
        "ALTER TABLE events RENAME TO renamed",
        "ALTER TABLE renamed RENAME TO events",
        "COMMIT",
    )
    assert [statement.locks for statement in (begin, sleep, back, commit)] == [()] * 4
    assert taken(lock) == {("events", "EXCLUSIVE", True)}
    assert taken(rename) == {("events", "ACCESS EXCLUSIVE", True)}
    held = [(statement.locks or ())[0].held_seconds or 0 for statement in (lock, rename)]
    assert held[0] >= 0.05
    assert held[1] < held[0]


def test_a_failed_transaction_can_be_ended_and_the_next_is_known(bench: Bench) -> None:
    def apply(db: Database) -> None:
        with db.step("do"):
            db.execute("BEGIN")
            with pytest.raises(Exception, match="division by zero"):
                db.execute("SELECT 1 / 0")
            db.execute("ROLLBACK")
            db.execute("DELETE FROM events WHERE false")

    outcome = run_scenario(bench, apply)
    assert isinstance(outcome, Completed), outcome
    assert taken(outcome.steps[0].statements[-1]) == {("events", "ROW EXCLUSIVE", True)}


def test_repeated_statements_keep_the_lock_that_lasted_longest(bench: Bench) -> None:
    (statement,) = executed(bench, *["DELETE FROM events WHERE false AND pg_sleep(0) IS NULL"] * 3)
    assert statement.times == 3
    assert taken(statement) == {("events", "ROW EXCLUSIVE", True)}


def test_beside_other_trials_nobody_tells_how_long_a_lock_lasts(bench: Bench) -> None:
    (statement,) = executed(bench, "CREATE INDEX ON events (id)", timed=False)
    assert [lock.held_seconds for lock in statement.locks or ()] == [None]


@pytest.mark.slow
def test_an_embedded_server_tells_its_locks_too(pglite_bench: Bench) -> None:
    create, vacuum = executed(pglite_bench, "CREATE INDEX ON events (id)", "VACUUM FULL events")
    assert taken(create) == {("events", "SHARE", True)}
    assert vacuum.locks is None


def lock(table: str, mode: LockMode, held: float | None, *, whole: bool = True) -> TableLock:
    return TableLock(table=table, mode=mode, whole=whole, held_seconds=held)


def with_locks(trial: Completed, *locks: tuple[TableLock, ...] | None, auxiliary: bool = False) -> Completed:
    """The trial with one step that has a statement for each of these."""
    statements = tuple(
        ExecutedStatement(sql=f"SELECT {number}", times=1, locks=group) for number, group in enumerate(locks)
    )
    step: StepRecord = replace(trial.steps[0], name="step", statements=statements, auxiliary=auxiliary)
    return replace(trial, steps=(step,))


@pytest.fixture(scope="module")
def trial(sample: Experiment) -> Completed:
    return next(
        outcome
        for outcome in sample.outcomes
        if isinstance(outcome, Completed) and outcome.scenario == "drop_raw_response"
    )


@pytest.fixture(scope="module")
def table(trial: Completed) -> str:
    return next(iter(trial.rows))


def longest(locks: TrialLocks) -> list[tuple[str, str, float | None]]:
    return [(blocking.lock.table, blocking.lock.mode.value, blocking.lock.held_seconds) for blocking in locks.longest]


def test_the_longest_lock_is_one_for_which_the_application_waits(trial: Completed, table: str) -> None:
    weak, own = lock(table, LockMode.ROW_EXCLUSIVE, 9), lock("new_table", LockMode.ACCESS_EXCLUSIVE, 8)
    short, long = lock(table, LockMode.SHARE, 0.5), lock(table, LockMode.SHARE, 2)
    locks = locks_of(with_locks(trial, (weak, own), (short,), (long,), (lock(table, LockMode.ACCESS_EXCLUSIVE, 1),)))
    assert longest(locks) == [(table, "ACCESS EXCLUSIVE", 1), (table, "SHARE", 2)]
    assert locks.longest_seconds == 2
    assert locks.top
    assert (locks.top.step, locks.top.statement.sql) == ("step", "SELECT 2")


def test_without_a_lock_nobody_waits_and_without_knowledge_nobody_says_so(trial: Completed, table: str) -> None:
    assert locks_of(with_locks(trial, ())).longest_seconds == 0
    assert locks_of(with_locks(trial, (), None)).longest_seconds is None
    unseen = ExecutedStatement(sql="VACUUM FULL", times=1, unseen_seconds=3)
    step = replace(trial.steps[0], statements=(unseen,))
    assert locks_of(replace(trial, steps=(step,))).longest_seconds == 3
    untimed = locks_of(with_locks(trial, (lock(table, LockMode.SHARE, None),)))
    assert untimed.longest_seconds is None
    assert longest(untimed) == [(table, "SHARE", None)]
    assert locks_of(with_locks(trial, None, auxiliary=True)).longest_seconds == 0


@pytest.fixture(scope="module")
def locked(sample: Experiment, trial: Completed, table: str) -> Experiment:
    """The committed run, with locks of one trial."""
    known = (lock(table, LockMode.ACCESS_EXCLUSIVE, 0.25), lock(table, LockMode.ACCESS_SHARE, 0.5, whole=False))
    mine = with_locks(trial, known, ())
    return replace(sample, outcomes=tuple(mine if outcome is trial else outcome for outcome in sample.outcomes))


def test_reports_and_files_show_the_locks(locked: Experiment, trial: Completed, table: str) -> None:
    results = analyse(locked)
    rows = {row[0]: row for row in migration.locks(results).texts}
    assert rows[trial.scenario][2:] == (table, "ACCESS EXCLUSIVE", "reads and writes", "step", "250 ms")
    assert "## Locks" in markdown.migrations(results)
    (line,) = (row for row in results.frame().to_dict("records") if row["scenario"] == trial.scenario)
    assert (line["longest_lock_seconds"], line["longest_lock_table"], line["longest_lock_mode"]) == (
        *(0.25, table),
        "ACCESS EXCLUSIVE",
    )
    lines = [row for row in text_csv.DictReader(io.StringIO(csv.locks(results))) if row["scenario"] == trial.scenario]
    assert [(row["mode"], row["part"], row["held_seconds"]) for row in lines] == [
        ("ACCESS EXCLUSIVE", "whole", "0.25"),
        ("ACCESS SHARE", "part", "0.5"),
    ]
    assert lines[0].keys() == asdict(summary.of(results).locks[0]).keys()


def test_a_run_of_an_older_lab_says_that_locks_were_not_measured(sample: Experiment) -> None:
    bare = tuple(
        with_locks(outcome, None) if isinstance(outcome, Completed) and outcome.steps else outcome
        for outcome in sample.outcomes
    )
    results = analyse(replace(sample, outcomes=bare))
    assert "The locks of this run were not measured." in markdown.migrations(results)
    assert {row[3] for row in migration.locks(results).texts} == {"not measured: 1 statement"}


def test_a_plan_says_who_waits_by_what_was_measured(trial: Completed, table: str) -> None:
    strong, weak = lock(table, LockMode.ACCESS_EXCLUSIVE, 0.02), lock(table, LockMode.ROW_EXCLUSIVE, 0.02)
    other = lock("new_table", LockMode.ACCESS_EXCLUSIVE, 9)
    known, _ = with_locks(trial, (strong, weak, other), ()).steps[0].statements
    assert lock_words([known], trial.rows) == (
        f"ACCESS EXCLUSIVE on {table}, at most 20 ms on the sample: nobody reads or writes",
        f"ROW EXCLUSIVE on {table}, at most 20 ms on the sample: who changes the same rows waits",
    )
    assert blocks([known], trial.rows) is True
    assert blocks([replace(known, locks=(weak, other))], trial.rows) is False
    lacking = replace(known, locks=None)
    assert lock_words([lacking], trial.rows) == (NOT_MEASURED,)
    assert blocks([lacking], trial.rows) is None
    assert lock_words([known, lacking], trial.rows)[-1] == "not measured: 1 statement"


TABLE = "market_odds"
PLANTED = (
    "BEGIN",
    f"LOCK TABLE {TABLE} IN ACCESS EXCLUSIVE MODE",
    "SELECT pg_sleep(0.02)",
    "COMMIT",
)


@contextmanager
def watched(bench: Bench, *tables: str) -> Iterator[tuple[LockListener, Canaries]]:
    """A session on a clone, with canaries of these tables."""
    name = bench.new_name()
    bench.server.clone(bench.template.name, name)
    try:
        with bench.server.connect(name) as database:
            canaries = Canaries(partial(bench.server.connect, name), tables, database)
            with closing(canaries):
                yield LockListener(database=database, timed=True, canaries=canaries), canaries
    finally:
        bench.server.drop(name)


def ran(listener: LockListener, *sql: str) -> tuple[ExecutedStatement, ...]:
    executed = [Executed(ExecutedStatement(sql=text, times=1)) for text in sql]
    for execution in executed:
        listener.run(execution, execution.statement.sql)
    return recorded(executed)


@pytest.mark.slow
def test_a_lock_of_20_ms_is_found_100_times_of_100_and_named(bench: Bench) -> None:
    """A request is due every 5 ms. So one waits for at least 15 ms of the 20, at worst in two parts."""
    with watched(bench, TABLE) as (listener, canaries):
        for _ in range(100):
            with canaries.coming():
                statements = ran(listener, *PLANTED)
            (statement,) = (statement for statement in statements if statement.locks)
            assert statement.sql == PLANTED[1]
            (lock,) = statement.locks or ()
            assert (lock.table, lock.mode, lock.whole) == (TABLE, LockMode.ACCESS_EXCLUSIVE, True)
            assert lock.held_seconds
            assert lock.held_seconds >= 0.02
            (felt,) = canaries.traffic()
            assert felt.table == TABLE
            for waits in (felt.reads, felt.writes):
                assert waits
                assert waits.longest_seconds >= 0.0075
                assert waits.blocked_seconds >= 0.0075


def test_a_write_waits_where_a_read_does_not(bench: Bench) -> None:
    with watched(bench, TABLE, "events") as (listener, canaries):
        with canaries.coming():
            ran(listener, "BEGIN", f"LOCK TABLE {TABLE} IN SHARE MODE", "SELECT pg_sleep(0.5)", "COMMIT")
        locked, other = canaries.traffic()
        assert locked.reads
        assert locked.writes
        assert locked.writes.longest_seconds >= 0.49
        assert locked.reads.longest_seconds < locked.writes.longest_seconds
        assert other.writes
        assert other.writes.longest_seconds < locked.writes.longest_seconds


def test_what_ends_its_transaction_itself_is_seen_from_outside(bench: Bench) -> None:
    block = f"DO $$ BEGIN LOCK TABLE {TABLE}; PERFORM pg_sleep(0.5); COMMIT; PERFORM pg_sleep(0.1); END $$"
    with watched(bench, TABLE) as (listener, canaries):
        with canaries.coming():
            (statement,) = ran(listener, block)
        assert taken(statement) == {(TABLE, "ACCESS EXCLUSIVE", True)}
        (lock,) = statement.locks or ()
        assert lock.held_seconds
        assert lock.held_seconds >= 0.4  # from the last look before it was there, to the first after it was gone


def test_what_ends_its_transaction_before_anybody_looks_locked_nothing_for_longer_than_it_took(bench: Bench) -> None:
    block = f"DO $$ BEGIN LOCK TABLE {TABLE}; PERFORM pg_sleep(0.05); COMMIT; END $$"
    with watched(bench, TABLE) as (listener, _):
        (statement,) = ran(listener, block)  # they do not come
        assert statement.locks is None
        assert statement.unseen_seconds
        assert statement.unseen_seconds >= 0.05
        (alone,) = ran(replace(listener, canaries=None), block)
        assert (alone.locks, alone.unseen_seconds) == (None, None)


def test_a_lock_counts_from_the_last_look_without_it() -> None:
    place = (1, LockMode.SHARE)
    free, held = frozenset[tuple[int, LockMode]](), frozenset({place})
    sights = [Sight(asked=at, answered=at + 1, held=places) for at, places in ((10, free), (20, held), (30, free))]
    assert longest_holds(sights, 0, 40) == {place: 21}
    assert longest_holds(sights[:2], 0, 40) == {place: 30}
    assert longest_holds([*sights, Sight(asked=40, answered=40, held=held)], 0, 40) == {place: 21}
    assert longest_holds(sights[1:], 0, 40) == {place: 31}
    assert longest_holds([], 0, 40) == {}
    assert longest_holds(sights, 0, 40, held) == {place: 21}


def test_a_lock_that_nobody_saw_lies_in_the_longest_time_between_two_looks() -> None:
    place = (1, LockMode.SHARE)
    sights = [Sight(asked=at, answered=at + 1, held=frozenset()) for at in (10, 37)]
    assert longest_holds(sights, 0, 40, frozenset({place})) == {place: 28}
    assert longest_holds(sights[1:], 0, 40, frozenset({place})) == {place: 38}
    assert longest_holds([], 0, 40, frozenset({place})) == {place: 40}


def test_canaries_leave_no_trace(bench: Bench) -> None:
    def apply(db: Database) -> None:
        with db.step("do"):
            db.execute(f"DELETE FROM {TABLE} WHERE id % 2 = 0")
            db.execute(f"VACUUM FULL {TABLE}")
            db.execute("BEGIN")
            db.execute(f"LOCK TABLE {TABLE}")
            db.execute("SELECT pg_sleep(0.05)")
            db.execute("COMMIT")

    rows = {TABLE: f"SELECT t.* FROM public.{TABLE} t WHERE id % 2 = 1"}
    declared: dict[str, Any] = {
        "changes": {TABLE: Shape.TABLE},
        "keeps": lambda _: rows,
        "losses": (lost_rows("every second row"),),
    }
    alone, with_canaries = (run_scenario(bench, apply, traffic=traffic, **declared) for traffic in (False, True))
    for outcome in (alone, with_canaries):
        assert isinstance(outcome, Completed), outcome
        assert outcome.verification.verdict is Verdict.AS_DECLARED, outcome.verification
    assert isinstance(alone, Completed)
    assert isinstance(with_canaries, Completed)
    assert with_canaries.footprint == alone.footprint
    assert with_canaries.database_bytes == alone.database_bytes
    assert alone.steps[-1].traffic is None
    assert alone.steps[-1].statements[1].locks is None
    assert [table.table for table in with_canaries.steps[-1].traffic or ()] == [TABLE]


def test_a_request_that_is_refused_has_no_numbers_and_a_sentence(bench: Bench) -> None:
    with watched(bench, TABLE, "events") as (listener, canaries):
        with canaries.coming():
            ran(listener, "ALTER TABLE events RENAME TO gone", "SELECT pg_sleep(0.3)")
        kept, gone = canaries.traffic()
        assert kept.reads
        assert kept.writes
        assert (gone.reads, gone.writes) == (None, None)
        assert len(canaries.notes) == 2
        assert {note.partition(" feels")[0] for note in canaries.notes} == {
            "What a read of events",
            "What a write of events",
        }


def test_canaries_that_die_take_nothing_with_them(bench: Bench) -> None:
    kill = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%canary%' AND pid <> pg_backend_pid()"
    )
    with watched(bench, TABLE) as (listener, canaries):
        with canaries.coming():
            ran(listener, kill)
            for _ in range(3000):
                if len(canaries.notes) == 3:  # each has noticed
                    break
                ran(listener, "SELECT pg_sleep(0.01)")
            (statement,) = ran(listener, f"LOCK {TABLE}; SELECT 1")
        (felt,) = canaries.traffic()
        assert (felt.reads, felt.writes) == (None, None)
        assert len(canaries.notes) == 3
        assert statement.locks is None
        with canaries.coming():
            (index,) = ran(listener, f"CREATE INDEX ON {TABLE} (id)")
        assert taken(index) == {(TABLE, "SHARE", True)}


def test_a_wait_that_no_thread_measured_any_more_is_missing_and_not_zero(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("filedescriptor out of range in select()")

    with watched(bench, TABLE) as (listener, canaries):
        monkeypatch.setattr("lab.trial.canaries.select.select", broken)
        with canaries.coming():
            ran(listener, f"LOCK {TABLE}; SELECT 1")
        (felt,) = canaries.traffic()
    assert (felt.reads, felt.writes) == (None, None)
    assert canaries.notes == [
        "What others feel was not measured any more: ValueError('filedescriptor out of range in select()')"
    ]


def test_all_steps_together_felt_the_longest_wait_and_the_sum(trial: Completed) -> None:
    def step(reads: Waits | None, writes: Waits | None) -> StepRecord:
        traffic = (TableTraffic(table=TABLE, reads=reads, writes=writes),)
        return replace(trial.steps[0], statements=(), traffic=traffic)

    some, more = Waits(longest_seconds=1, blocked_seconds=2), Waits(longest_seconds=3, blocked_seconds=4)
    locks = locks_of(replace(trial, steps=(step(some, some), step(more, None))))
    both = Waits(longest_seconds=3, blocked_seconds=6)
    assert locks.traffic == (TableTraffic(table=TABLE, reads=both, writes=None),)
    assert locks.longest_wait == (TABLE, 3)
    unmeasured = locks_of(replace(trial, steps=(step(some, some), replace(trial.steps[0], traffic=None))))
    assert unmeasured.traffic is None
    assert unmeasured.longest_wait is None
