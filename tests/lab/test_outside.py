"""What a strategy keeps in files outside of its database is read, compared and counted, or the trial says what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from lab.scenario import Archive, Client, ClientStep, Database, Lookup, Row, Shape
from lab.trial.template import Bench
from lab.values import Completed, Outcome, Verdict
from tests.lab.trials import mismatches, run_scenario

TABLE = "odds_snapshots"
COLUMN = f"{TABLE}.raw_response"
EVEN = "t.id % 2 = 0"

Place = Callable[[Client], Path]


def inside(client: Client) -> Path:
    return client.outside / TABLE


def writing(place: Place, client: Client) -> Callable[[Iterable[Row]], Iterator[Row]]:
    """Writes a file for each row of (id, document)."""

    def convert(rows: Iterable[Row]) -> Iterator[Row]:
        place(client).mkdir(exist_ok=True)
        for number, document in rows:
            (place(client) / str(number)).write_text(document)
            yield (number,)

    return convert


def reading(place: Place, client: Client) -> Lookup:
    def look_up(keys: Sequence[int]) -> Mapping[int, str]:
        files = {key: place(client) / str(key) for key in keys}
        return {key: file.read_text() for key, file in files.items() if file.exists()}

    return look_up


def moving(bench: Bench, *later: str, moved: str = EVEN, place: Place = inside, spoil: Place | None = None) -> Outcome:
    """A strategy that moves the payloads of snapshots with an even id into files, one for each."""

    def convert(client: Client) -> Callable[[Iterable[Row]], Iterator[Row]]:
        return writing(place, client)

    def spoiling(client: Client) -> Callable[[Iterable[Row]], Iterator[Row]]:
        if spoil:
            spoil(client)
        return lambda _: iter(())

    def apply(db: Database) -> None:
        with db.step("move"):
            db.execute("CREATE TABLE moved (id bigint)")
            read = f"SELECT id, raw_response::text FROM {TABLE} t WHERE {moved}"
            for what in (convert, spoiling):
                db.convert(ClientStep(name=what.__name__, read=read, convert=what, into="moved", columns=("id",)))
            db.execute(f"UPDATE {TABLE} t SET raw_response = NULL WHERE {moved}")
            for statement in later:
                db.execute(statement)

    archive = Archive(key="id", moved=lambda _: EVEN, open=lambda client: reading(place, client))
    return run_scenario(bench, apply, timed=False, changes={TABLE: Shape.TABLE}, archives={COLUMN: archive})


def test_values_in_files_outside_are_read_there_and_counted_beside_the_database(bench: Bench) -> None:
    outcome = moving(bench)
    assert isinstance(outcome, Completed), outcome
    assert outcome.verification.verdict is Verdict.WITH_FILES, outcome.verification.mismatches
    with bench.untouched() as database:
        documents: dict[int, int] = dict(
            database.fetch(f"SELECT id, octet_length(raw_response::text) FROM {TABLE} t WHERE {EVEN}")
        )
        stay = database.value(f"SELECT count(*) FROM {TABLE} t WHERE NOT {EVEN}")
    assert documents
    assert outcome.outside == {f"{TABLE}/{number}": size for number, size in documents.items()}
    assert outcome.valued == {COLUMN: stay}
    assert outcome.footprint.total < bench.template.loaded.footprint.total + sum(documents.values())
    assert list(bench.outside.iterdir()) == []


def test_a_strategy_without_files_has_none(bench: Bench) -> None:
    outcome = run_scenario(bench, lambda _: None, timed=False)
    assert isinstance(outcome, Completed), outcome
    assert outcome.outside == {}


def test_values_that_are_kept_anywhere_else_are_caught(bench: Bench, tmp_path: Path) -> None:
    assert mismatches(moving(bench, place=lambda _: tmp_path)) == f"values of {COLUMN} without their files"


def some_file(client: Client) -> Path:
    return next(file for file in inside(client).iterdir() if file.stat().st_size > 10)


def change(client: Client) -> Path:
    file = some_file(client)
    file.write_text(file.read_text().replace("1", "2"))
    return file


def lose(client: Client) -> Path:
    file = some_file(client)
    file.unlink()
    return file


def exchange(client: Client) -> Path:
    first, second = [file for file in inside(client).iterdir() if file.stat().st_size > 10][:2]
    texts = first.read_text(), second.read_text()
    second.write_text(texts[0])
    first.write_text(texts[1])
    return first


@pytest.mark.parametrize("spoil", [change, lose, exchange])
def test_a_file_that_is_changed_lost_or_exchanged_is_found(bench: Bench, spoil: Place) -> None:
    assert f"table {TABLE}" in mismatches(moving(bench, spoil=spoil))


@pytest.mark.parametrize("moved", ["t.id % 2 >= 0", "t.id % 4 = 0"])
def test_more_or_fewer_values_than_declared_must_not_leave_the_database(bench: Bench, moved: str) -> None:
    assert mismatches(moving(bench, moved=moved)) == f"values of {COLUMN} in the database"
