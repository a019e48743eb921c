"""Judge a clone after a strategy: its answers, its guarantees, its bytes, and what was left behind.

All of it is read through a connection of its own, which states every setting that changes how a value is read. What lives
only in the strategy's session is not the database's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lab.postgres import catalogs, footprint
from lab.postgres.catalogs import UNEXPLAINED, Catalogs
from lab.postgres.database import Database
from lab.scenario import Scenario, Shape
from lab.servers import Server
from lab.trial import guarantees, leftovers, verify
from lab.trial.leftovers import READER, Inventory
from lab.trial.verify import Loss, Questions
from lab.units import bytes_text
from lab.values import Answer, Footprint, Guarantee, Mismatch, Verification


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What a clone must be like after a strategy that gives up just so much."""

    answers: tuple[Answer, ...]
    guarantees: frozenset[Guarantee]
    """Without those on columns that are given up, which go with the column."""


@dataclass(frozen=True, kw_only=True)
class Before:
    """A clone before a strategy is applied to it."""

    guarantees: frozenset[Guarantee]
    catalogs: Catalogs
    inventory: Inventory
    others_bytes: int | None
    """Of the databases that the lab did not make; None on a server of somebody else."""
    sessions: int | None


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A clone after it."""

    footprint: Footprint
    database_bytes: int
    rows: Mapping[str, int]
    verification: Verification
    lost: tuple[Guarantee, ...]


def expectation(database: Database, questions: Questions, loss: Loss) -> Expectation:
    """Ask an untouched clone, which loses the columns that are given up on the way."""
    verify.state_settings(database, questions.schema)
    answers = verify.ask(database, questions, loss, applied=False)
    for name in loss.columns:
        table, _, column = name.partition(".")
        database.execute(f"ALTER TABLE {verify.qualified(questions.schema, table)} DROP COLUMN {column} CASCADE")
    return Expectation(answers=answers, guarantees=guarantees.read(database))


def before(database: Database, server: Server) -> Before:
    """Look at a clone that a strategy is about to be applied to, through the connection that it gets."""
    return Before(
        guarantees=guarantees.read(database),
        catalogs=catalogs.measure(database),
        inventory=leftovers.inventory(database, private=server.private),
        others_bytes=leftovers.others_bytes(database) if server.private else None,
        sessions=leftovers.sessions(database) if server.private else None,
    )


def judge(  # noqa: PLR0913 - both sides of the comparison
    database: Database,
    scenario: Scenario,
    *,
    server: Server,
    questions: Questions,
    loss: Loss,
    expected: Expectation,
    earlier: Before,
) -> Judgement:
    """Everything that is to be known of a settled clone."""
    answers = verify.ask(database, questions, loss, applied=True)
    guaranteed, after = guarantees.read(database), catalogs.measure(database)
    weighed = footprint.measure(database)
    mismatches = [
        *verify.mismatches(database, questions, expected.answers, answers, loss),
        *_asked_again(database, questions, loss, answers),
        *_guarantees_lost(expected.guarantees - guaranteed, scenario),
        *_unexplained(after.unexplained(weighed)),
        *_left_behind(database, server, earlier),
    ]
    return Judgement(
        footprint=catalogs.counted(weighed, earlier.catalogs, after),
        database_bytes=after.database_bytes,
        rows=verify.rows_of_tables(answers),
        verification=verify.verdict(expected.answers, mismatches, loss),
        lost=guarantees.lost(earlier.guarantees, guaranteed),
    )


def _asked_again(database: Database, questions: Questions, loss: Loss, answers: Sequence[Answer]) -> Iterator[Mismatch]:
    """A view may answer differently the next time, or to somebody else: so it is asked twice, by two roles if possible."""
    if not verify.views(database, questions):
        return
    with leftovers.reader(database):
        again = verify.ask(database, questions, loss, applied=True)
    for first, second in zip(answers, again, strict=True):
        if first != second:
            yield verify.mismatch(first, second, name=f"{first.name}, asked again as {READER}")


def _guarantees_lost(lost: frozenset[Guarantee], scenario: Scenario) -> Iterator[Mismatch]:
    """A table that stays a table keeps what it guarantees; what a view or a hypertable cannot keep is listed elsewhere."""
    declared = {(loss.table, loss.guarantee) for loss in scenario.losses if loss.guarantee}
    for guarantee in guarantees.lost(lost, ()):
        stays = scenario.changes.get(guarantee.table, Shape.TABLE) is Shape.TABLE
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
        others = leftovers.others_bytes(database)
        if leftovers.grown(earlier.others_bytes, others):
            yield Mismatch(
                name="bytes of other databases", expected=bytes_text(earlier.others_bytes), found=bytes_text(others)
            )
    if earlier.sessions is not None:
        opened = (leftovers.sessions(database) or 0) - earlier.sessions
        if opened > 1:  # the one that asks
            yield Mismatch(name="connections of its own", expected="none", found=str(opened - 1))
