"""lab check asks a real database, read-only, whether a strategy may run there; what it could not ask does not hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from data_gen import Dataset
from lab import check as checking
from lab.cli import app
from lab.errors import InputError
from lab.postgres.database import Database
from lab.profiling.catalog import session
from lab.report.check import tables
from lab.scenario import Category, Need, Requirement, Scenario, Shape
from lab.servers import Server
from lab.trial.load import run_stages
from lab.values import DatabaseCheck, DependantKind

STRATEGY = "drop_raw_response"


def scenario(*requires: Requirement, **declared: object) -> Scenario:
    return Scenario(
        title="test",
        category=Category.NORMALIZE,
        hypothesis="",
        apply=lambda _: None,
        requires=requires,
        **declared,  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module")
def database(native: Server, dataset: Dataset) -> Iterator[Database]:
    native.create("checked")
    with native.connect("checked") as connection:
        run_stages(native, connection, dataset)
        connection.execute("CREATE VIEW all_events AS SELECT id FROM events")
        yield connection
    native.drop("checked")


def ask(database: Database, strategy: Scenario) -> DatabaseCheck:
    return checking.check(database.conninfo, "test", strategy, lambda _: None)


def answers(check: DatabaseCheck) -> list[int | None]:
    return [answer.broken for answer in check.requirements]


def test_a_requirement_holds_where_its_query_counts_nothing(database: Database) -> None:
    events = database.value("SELECT count(*) FROM events")
    check = ask(
        database,
        scenario(
            Requirement(name="no event is unnamed", sql="SELECT count(*) FROM events WHERE id IS NULL"),
            Requirement(name="there is no event", sql="SELECT count(*) FROM events"),
        ),
    )
    assert answers(check) == [0, events]
    assert not check.holds


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM nowhere",
        "WITH gone AS (DELETE FROM events RETURNING 1) SELECT count(*) FROM gone",
        pytest.param("SELECT count(pg_sleep(90))", marks=pytest.mark.slow),
    ],
    ids=["fails", "writes", "takes long"],
)
def test_what_cannot_be_asked_is_not_known_and_does_not_hold(
    database: Database, sql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = vars(session)
    monkeypatch.setitem(
        guard, "_GUARD", guard["_GUARD"].replace("statement_timeout = '60s'", "statement_timeout = '2s'")
    )
    before = database.value("SELECT count(*) FROM events")
    check = ask(database, scenario(Requirement(name="r", sql=sql), Requirement(name="s", sql="SELECT 0")))
    assert answers(check) == [None, 0]
    assert check.requirements[0].reason
    assert not check.holds
    assert database.value("SELECT count(*) FROM events") == before


def test_a_table_or_column_that_is_missing_is_a_requirement_that_does_not_hold(database: Database) -> None:
    tables = scenario(changes={"events": Shape.VIEW, "no_such_table": Shape.VIEW}, needs_columns=("events.nothing",))
    check = ask(database, tables)
    assert [(answer.name, answer.holds) for answer in check.requirements] == [
        ("events is a plain table", True),
        ("no_such_table is a plain table", False),
        ("events has a column nothing", False),
    ]


def test_what_is_there_instead_of_a_table_or_column_is_said(database: Database) -> None:
    needed = {"events": Shape.VIEW, "no_such_table": Shape.VIEW, "all_events": Shape.VIEW}
    check = ask(database, scenario(changes=needed, needs_columns=("events.nothing", "no_such_table.id")))
    assert [answer.reason for answer in check.requirements] == [
        "",
        "there is no table no_such_table",
        "it is a view",
        "the table has no such column",
        "there is no table no_such_table",
    ]
    ((_, shown),) = [row for row in next(tables(check)).rows if row[0] == "no_such_table is a plain table"]
    assert shown == "does not hold: there is no table no_such_table"


def test_an_extension_that_the_server_does_not_offer_does_not_hold(database: Database) -> None:
    check = ask(database, scenario(needs=frozenset({Need.COLUMNSTORE, Need.LZ4})))
    assert [(answer.holds, answer.reason) for answer in check.requirements] == [(True, ""), (False, "no TimescaleDB")]


def test_an_extension_that_is_not_loaded_does_not_hold(pglite: Server) -> None:
    needy = scenario(needs=frozenset({Need.COLUMNSTORE}))
    pglite.create("checked")
    with pglite.connect("checked") as connection:
        conninfo = f"{connection.conninfo} password=any"
    (before,) = checking.check(conninfo, "test", needy, lambda _: None).requirements
    with pglite.connect("checked") as connection:
        connection.execute("CREATE EXTENSION timescaledb")
    (after,) = checking.check(conninfo, "test", needy, lambda _: None).requirements
    pglite.drop("checked")
    assert (before.holds, after.holds) == (False, True)
    assert "not preloaded" in before.reason


def test_what_depends_on_the_tables_is_named(database: Database) -> None:
    check = ask(database, scenario(changes={"events": Shape.VIEW}))
    assert ("public.all_events", "events") in [(dependant.name, dependant.table) for dependant in check.dependants]
    assert {dependant.kind for dependant in check.dependants} >= {DependantKind.VIEW, DependantKind.FOREIGN_KEY}
    assert {dependant.table for dependant in check.dependants} == {"events"}


def test_the_exit_code_says_whether_all_holds(database: Database, tmp_path: Path) -> None:
    run = CliRunner().invoke
    file = tmp_path / "check.json"
    good = run(app, ["check", database.conninfo, "--strategy", STRATEGY, "-o", str(file), "--json"])
    assert good.exit_code == 0, good.output
    assert json.loads(good.stdout)["strategy"] == STRATEGY
    assert checking.load(file).holds
    database.execute("ALTER TABLE odds_snapshots RENAME COLUMN raw_response TO renamed")
    try:
        bad = run(app, ["check", database.conninfo, "--strategy", STRATEGY])
    finally:
        database.execute("ALTER TABLE odds_snapshots RENAME COLUMN renamed TO raw_response")
    assert bad.exit_code == 1
    assert "may not run" in bad.stdout


def test_a_check_of_format_1_opens_with_the_table_of_each_foreign_key(tmp_path: Path) -> None:
    key = {"kind": "foreign key", "name": "public.details.points", "table": "prices"}
    old = {"format": 1, "strategy": "s", "database": "d", "server": "17", "taken": "", "requirements": []}
    file = tmp_path / "check.json"
    file.write_text(json.dumps(old | {"dependants": [key]}), encoding="utf-8")
    (dependant,) = checking.load(file).dependants
    assert dependant.referring_table == "details"


def test_a_password_is_never_shown() -> None:
    dsn = "postgresql://somebody:secret@127.0.0.1:1/nowhere"
    result = CliRunner().invoke(app, ["check", dsn, "--strategy", STRATEGY])
    assert isinstance(result.exception, InputError)
    assert "secret" not in result.output + str(result.exception)
