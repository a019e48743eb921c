"""Judges a clone after a strategy: its answers, guarantees, bytes and leftovers.

All of it is read through a connection of its own, which states every setting that changes how a value is read. What lives
only in the strategy's session is not the database's.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from lab.postgres import catalogs, footprint
from lab.postgres.catalogs import UNEXPLAINED, Catalogs
from lab.postgres.database import Database
from lab.postgres.sql import quoted
from lab.scenario import Scenario, Shape
from lab.servers import Server
from lab.trial import guarantees, leaving, leftovers, verify
from lab.trial.decoding import Reader
from lab.trial.difference import Side, differing_row
from lab.trial.leftovers import READER, Inventory
from lab.trial.questions import Loss, Questions, qualified
from lab.trial.verify import Response
from lab.units import bytes_text
from lab.values import Answer, DifferingRow, Footprint, Guarantee, Mismatch, Verdict, Verification


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """The expected state of a clone after a strategy with a given declared loss."""

    answers: tuple[Answer, ...]
    guarantees: frozenset[Guarantee]
    """Guarantees, without those on columns that are given up."""
    valued: Mapping[str, int]
    """Of each column that is emptied in some rows, as 'table.column', the rows in which it is not."""
    known: Mapping[str, Response]
    """By the name of an answer, what spares `ask` most of its work."""


@dataclass(frozen=True, kw_only=True)
class Before:
    """A clone before a strategy is applied to it."""

    guarantees: frozenset[Guarantee]
    catalogs: Catalogs
    inventory: Inventory
    others_bytes: Mapping[str, int] | None
    """By name, bytes of the databases that the lab did not make; None on a server that others use."""
    sessions: int | None
    valued: Mapping[str, int]
    """Of each column whose values are to move to files outside, as 'table.column', the rows in which they stay."""
    staying: Mapping[str, tuple[int, int]]
    """Of the same, the values that must be in the database afterwards: those that stay, and 0 others."""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A clone after a strategy was applied to it."""

    footprint: Footprint
    database_bytes: int
    outside: Mapping[str, int]
    """Of each file outside of the database, its bytes."""
    rows: Mapping[str, int]
    verification: Verification
    lost: tuple[Guarantee, ...]


def expectation(database: Database, questions: Questions, loss: Loss) -> Expectation:
    """Read the expected state from an untouched clone; drops the columns that are given up from it."""
    verify.state_settings(database, questions.schema)
    responses = verify.responses(database, questions, loss, applied=False)
    valued = leaving.valued(database, questions, loss, loss.emptied)
    for name in loss.columns:
        table, _, column = name.partition(".")
        database.execute(f"ALTER TABLE {qualified(questions.schema, table)} DROP COLUMN {column} CASCADE")
    return Expectation(
        answers=tuple(response.answer for response in responses),
        guarantees=guarantees.read(database),
        valued=valued,
        known={response.answer.name: response for response in responses},
    )


def before(database: Database, server: Server, questions: Questions, loss: Loss) -> Before:
    """Record the state of a clone before a strategy, through the connection that the strategy gets."""
    return Before(
        guarantees=guarantees.read(database),
        catalogs=catalogs.measure(database),
        inventory=leftovers.inventory(database, private=server.private),
        others_bytes=leftovers.others_bytes(database) if server.private else None,
        sessions=leftovers.sessions(database) if server.private else None,
        valued=leaving.valued(database, questions, loss, loss.moved),
        staying=leaving.staying(database, questions, loss, applied=False),
    )


def judge(  # noqa: PLR0913 - both sides of the comparison
    database: Database,
    scenario: Scenario,
    *,
    server: Server,
    outside: Path,
    questions: Questions,
    loss: Loss,
    expected: Expectation,
    earlier: Before,
    untouched: Callable[[], AbstractContextManager[Database]],
) -> Judgement:
    """Compare a settled clone, and what the strategy left in the folder `outside`, with the expected state.

    Of an answer that differs, one row is looked for in an `untouched` clone.
    """
    reader = Reader.of(scenario, server, database, outside)
    files = outside_files(outside)
    with reader.reading(questions) as readable:
        answers = verify.ask(database, readable, loss, applied=True, known=expected.known)
        again = list(_asked_again(database, readable, loss, expected, answers))
        row = _differing_row(
            Side(database=database, asked=readable, loss=loss, applied=True), questions, expected, answers, untouched
        )
    guaranteed, after = guarantees.read(database), catalogs.measure(database)
    weighed = footprint.measure(database)
    mismatches = [
        *verify.mismatches(database, questions, expected.answers, answers, loss),
        *again,
        *leaving.misplaced(leaving.staying(database, questions, loss, applied=True), earlier.staying),
        *_elsewhere(reader, questions),
        *_guarantees_lost(expected.guarantees - guaranteed, scenario),
        *_unexplained(after.unexplained(weighed)),
        *_left_behind(database, server, earlier),
    ]
    return Judgement(
        footprint=catalogs.counted(weighed, earlier.catalogs, after),
        database_bytes=after.database_bytes,
        outside=files,
        rows=verify.rows_of_tables(answers),
        verification=_verdict(expected.answers, mismatches, loss, row),
        lost=guarantees.lost(earlier.guarantees, guaranteed),
    )


def _verdict(
    expected: Sequence[Answer], mismatches: Sequence[Mismatch], loss: Loss, row: DifferingRow | None
) -> Verification:
    """The verdict over all comparisons."""
    complete = Verdict.WITH_FILES if loss.moved else Verdict.EXACT
    fine = Verdict.AS_DECLARED if loss.words else complete
    return Verification(
        verdict=Verdict.DIFFERS if mismatches else fine,
        checks=sum(answer.rows != 0 for answer in expected) + len(loss.columns),
        given_up=loss.words,
        mismatches=tuple(mismatches),
        row=row,
    )


def _differing_row(
    actual: Side,
    questions: Questions,
    expected: Expectation,
    answers: Sequence[Answer],
    untouched: Callable[[], AbstractContextManager[Database]],
) -> DifferingRow | None:
    """One row of the first answer that differs and could be read; None where there is none."""
    pairs = zip(expected.answers, answers, strict=True)
    name = next((was.name for was, now in pairs if was != now and None not in {was.rows, now.rows}), None)
    if name is None:
        return None
    with untouched() as database:
        verify.state_settings(database, questions.schema)
        return differing_row(name, Side(database=database, asked=questions, loss=actual.loss, applied=False), actual)


def _asked_again(
    database: Database, questions: Questions, loss: Loss, expected: Expectation, answers: Sequence[Answer]
) -> Iterator[Mismatch]:
    """Ask each view twice, as two roles if possible, because it may answer differently the next time or to another role."""
    of_views = _about_views(database, questions)
    if not of_views.columns:
        return
    with leftovers.reader(database):
        again = verify.ask(database, of_views, loss, applied=True, known=expected.known)
    earlier = {answer.name: answer for answer in answers}
    for answer in again:
        if earlier[answer.name] != answer:
            yield verify.mismatch(earlier[answer.name], answer, name=f"{answer.name}, asked again as {READER}")


def _about_views(database: Database, asked: Questions) -> Questions:
    """The same questions without the tables that have not become views."""
    sql = "SELECT relname::text FROM pg_class WHERE relkind = 'v' AND relname = ANY(%s) AND relnamespace = %s::regnamespace"
    views = {name for (name,) in database.fetch(sql, (list(asked.columns), quoted(asked.schema)))}
    return replace(asked, columns={table: columns for table, columns in asked.columns.items() if table in views})


def outside_files(folder: Path) -> dict[str, int]:
    """Of each file in a folder outside of the database, its bytes; a link counts as what it leads to."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}


def _elsewhere(reader: Reader, questions: Questions) -> Iterator[Mismatch]:
    """Values that a client finds although it has an empty folder: they are kept where nobody counts their bytes."""
    with tempfile.TemporaryDirectory(dir=reader.outside.parent) as empty:
        lost = replace(reader, outside=Path(empty))
        for name in reader.archives:
            if rows := lost.finds(name, questions):
                yield Mismatch(name=f"values of {name} without their files", expected="none", found=f"{rows} rows")


def _guarantees_lost(lost: frozenset[Guarantee], scenario: Scenario) -> Iterator[Mismatch]:
    """Lost guarantees of tables that stay tables; those that a view or a hypertable cannot keep are listed elsewhere."""
    declared = {(loss.table, loss.guarantee) for loss in scenario.losses if loss.guarantee}
    for guarantee in guarantees.lost(lost, ()):
        stays = scenario.changes.get(guarantee.table, Shape.TABLE) in {Shape.TABLE, Shape.NEW_TABLE}
        if stays and (guarantee.table, guarantee.definition) not in declared:
            yield Mismatch(name=f"guarantee {guarantee.words}", expected="kept", found="gone")


def _unexplained(size: int) -> Iterator[Mismatch]:
    if size > UNEXPLAINED:
        yield Mismatch(
            name="bytes of the database",
            expected=f"at most {bytes_text(UNEXPLAINED)} outside of tables",
            found=bytes_text(size),
        )


def _left_behind(database: Database, server: Server, earlier: Before) -> Iterator[Mismatch]:
    left = leftovers.left(database, earlier.inventory, private=server.private)
    for kind, name in left:
        yield Mismatch(name=f"left behind: {kind}", expected="nothing", found=name)
    if left:
        leftovers.restore(database)
    if earlier.others_bytes is not None:
        grew = leftovers.growth(earlier.others_bytes, leftovers.others_bytes(database))
        if grew:
            yield Mismatch(name="growth of other databases", expected="none", found=bytes_text(grew))
    if earlier.sessions is not None:
        opened = (leftovers.sessions(database) or 0) - earlier.sessions
        if opened > 1:  # the one that asks
            yield Mismatch(name="connections of its own", expected="none", found=str(opened - 1))
