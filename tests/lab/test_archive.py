"""Old payloads move into files once, wherever the work was interrupted, and come back as they were."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from lab import registry
from lab.errors import LabError
from lab.scenario import Client, ClientStep, Convert, Database, Row, Scenario, Shape
from lab.trial import trial
from lab.trial.apply import Recorder
from lab.trial.template import Bench
from lab.values import Completed, Failed, Outcome, Verdict
from lab.values.declared import Action
from lab.workload import TableWrite, Write
from scenarios._payload_ages import TABLES
from scenarios._payload_files import load_libraries
from scenarios.archive_raw_response import move, restore
from tests.lab.trials import BRIEF, completed, request_for, run_scenario
from tests.support import sampled

NAME = "archive_raw_response"
GROUP = 3
"""Documents that are packed together: the small database has few."""


def scenario() -> Scenario:
    (entry,) = registry.resolve([NAME])
    return entry.scenario


def moved(bench: Bench, apply: Callable[[Database], None]) -> Outcome:
    """A trial of the strategy that does this in the place of its own work."""
    return trial.run(request_for(bench, NAME, timed=False), replace(scenario(), apply=apply), bench)


class StopError(Exception):
    """The client dies."""


class Dying:
    """The database of a scenario whose client dies at one moment."""

    def __init__(self, db: Database, moment: str) -> None:
        self._db, self._moment = db, moment

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    @contextmanager
    def step(self, name: str, *, auxiliary: bool = False, final: bool = False) -> Iterator[None]:
        if name.endswith(self._moment):
            raise StopError("the client dies")
        with self._db.step(name, auxiliary=auxiliary, final=final):
            yield

    def convert(self, step: ClientStep) -> int:
        def convert(client: Client) -> Convert:
            conversion = step.convert(client)

            def convert(rows: Iterable[Row]) -> Iterator[Row]:
                yield from conversion(rows)
                raise StopError("the client dies")

            return convert

        return self._db.convert(replace(step, convert=convert) if step.name.startswith(self._moment) else step)

    def execute(self, sql: str) -> int:
        if self._moment not in sql:
            return self._db.execute(sql)
        if "LOOP" in sql:  # some of the batch's rows are done
            table = next(name for name in reversed(TABLES) if f"UPDATE {name} t" in sql)
            some = f"SELECT min(id) FROM {table}_filed"
            self._db.execute(f"UPDATE {table} SET raw_response = NULL WHERE id = ({some})")
        raise StopError("the client dies")


def dies(db: Database, moment: str) -> None:
    """Work until that moment, which comes."""
    assert isinstance(db, Recorder)
    with pytest.raises((StopError, LabError), match="the client dies"):
        move(Dying(db, moment), 7, 1, GROUP)
    db._open = False


def listed(db: Database) -> list[tuple[str, int]]:
    """The files that the database knows, with the number of their documents."""
    return [(name, count) for name, count in db.fetch("SELECT file, documents FROM payload_files ORDER BY file")]


MOMENTS = (
    "write the old",  # every file is written, and the database knows none
    ": read the files again",  # it knows them
    "read the files of",  # they are read, and the transaction fails
    ": empty what is in the files",  # they are read
    "LOOP",  # some documents have left the database
    "SET done = true",  # all have
    "drop the cut-off",
)


@pytest.mark.parametrize("moment", sampled(MOMENTS, every=7))
def test_each_document_moves_once_wherever_the_client_died(moment: str, nasty: Bench) -> None:
    files: dict[str, int] = {}

    def again(db: Database) -> None:
        assert isinstance(db, Recorder)
        dies(db, moment)
        move(db, 7, 1, GROUP)
        files.update(listed(db))
        on_disk = {file.relative_to(db.outside).as_posix() for file in db.outside.rglob("*") if file.is_file()}
        assert on_disk == set(files)
        assert db.value("SELECT count(*) FROM payload_files WHERE NOT done") == 0

    outcome = moved(nasty, again)
    assert isinstance(outcome, Completed), outcome
    assert outcome.verification.verdict is Verdict.WITH_FILES, outcome.verification.mismatches
    assert sum(files.values()) == old_documents(nasty)


def old_documents(bench: Bench, now: datetime | None = None) -> int:
    conditions = {name.partition(".")[0]: archive.moved for name, archive in scenario().archives.items()}
    with bench.untouched() as database:
        return sum(
            database.value(f"SELECT count(raw_response) FROM {table} t WHERE {condition(now or bench.template.now)}")
            for table, condition in conditions.items()
        )


@pytest.mark.slow
def test_what_has_become_older_moves_later_into_files_of_its_own(nasty: Bench) -> None:
    seen: list[list[tuple[str, int]]] = []

    def day_by_day(db: Database) -> None:
        for days in (10, 8, 8, 7):
            move(db, days, 1, GROUP)
            seen.append(listed(db))

    outcome = moved(nasty, day_by_day)
    assert isinstance(outcome, Completed), outcome
    assert outcome.verification.verdict is Verdict.WITH_FILES, outcome.verification.mismatches
    assert seen[1] == seen[2]
    for earlier, later in pairwise(seen):
        assert set(earlier) <= set(later)
    assert sum(count for _, count in seen[-1]) == old_documents(nasty)


def written(bench: Bench, again: Callable[[Database], None] | None) -> Outcome:
    """A trial of the strategy with its writes, which does this again and again."""
    load_libraries()  # so that loading them is no part of a step
    request = request_for(bench, NAME, write_seconds=BRIEF, step_seconds=10)
    return trial.run(request, replace(scenario(), again=again), bench)


def recurring_seconds(outcome: Outcome) -> float | None:
    assert isinstance(outcome, Completed), outcome
    assert outcome.writes
    assert not [cost.refused for cost in outcome.writes.costs if cost.refused]
    return outcome.writes.recurring_seconds


def give_up(db: Database) -> None:
    with db.step("give up"):
        raise StopError("the client gives up")


def sleep(db: Database) -> None:
    with db.step("sleep"):
        db.execute("SELECT pg_sleep(1)")


def spin(_: Database) -> None:
    while True:
        pass


@pytest.mark.slow
def test_moving_what_has_become_old_is_timed_for_each_new_row(bench: Bench) -> None:
    of_moving, of_sleeping = (recurring_seconds(written(bench, again)) for again in (scenario().again, sleep))
    assert of_moving
    assert of_sleeping
    tomorrow = bench.template.now + timedelta(days=1)
    a_day = old_documents(bench, tomorrow) - old_documents(bench, bench.template.now)
    shares = [documents_of(write) / rows for write in bench.template.writes() if (rows := rows_of(write))]
    # A second for what becomes old in a day; each document comes with many rows. A slow machine sleeps longer.
    assert min(shares) / a_day <= of_sleeping < 10 * max(shares) / a_day


def documents_of(write: Write) -> int:
    return sum(inserted(change) for change in write.changes if change.table in TABLES)


def rows_of(write: Write) -> int:
    return sum(map(inserted, write.changes))


def inserted(change: TableWrite) -> int:
    return sum(chunk.count(b"\n") for chunk in change.chunks) if change.action is Action.INSERT else 0


@pytest.mark.slow
@pytest.mark.parametrize("again", [None, give_up])
def test_where_nothing_moves_nothing_is_said_of_its_time(
    again: Callable[[Database], None] | None, bench: Bench
) -> None:
    assert recurring_seconds(written(bench, again)) is None


@pytest.mark.slow
def test_what_is_done_again_has_a_deadline(bench: Bench) -> None:
    outcome = written(bench, spin)
    assert isinstance(outcome, Failed), outcome
    assert (outcome.step, "did not end within 10 s" in outcome.error) == ("measure the writes", True)


@pytest.mark.parametrize("fault", ["change", "lose"])
def test_no_document_leaves_the_database_where_its_file_does_not_give_it_back(fault: str, nasty: Bench) -> None:
    left: list[int] = []

    def spoilt(db: Database) -> None:
        assert isinstance(db, Recorder)
        dies(db, ": read the files again")
        spoil(max(db.outside.rglob("*.parquet"), key=lambda file: file.stat().st_size), fault)
        try:
            move(db, 7, 1, GROUP)
        finally:
            left.append(sum(db.database.value(f"SELECT count(raw_response) FROM {table}") for table in TABLES))

    outcome = moved(nasty, spoilt)
    assert isinstance(outcome, Failed), outcome
    with nasty.untouched() as database:
        assert left == [sum(database.value(f"SELECT count(raw_response) FROM {table}") for table in TABLES)]


def spoil(file: Path, fault: str) -> None:
    if fault == "lose":
        file.unlink()
        return
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 1
    file.write_bytes(content)


def test_the_way_back_restores_every_document(nasty: Bench) -> None:
    def there_and_back(db: Database) -> None:
        move(db, 7, 1, GROUP)
        restore(db)

    outcome = completed(run_scenario(nasty, there_and_back, timed=False, changes=dict.fromkeys(TABLES, Shape.TABLE)))
    assert outcome.verification.verdict is Verdict.EXACT, outcome.verification.mismatches
    assert not outcome.lost
    assert not outcome.footprint.of("payload_files")
