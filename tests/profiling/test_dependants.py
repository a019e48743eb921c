"""A profile knows what hangs on a table, so that a plan can make it again or name it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.postgres.database import Database
from lab.profiling.catalog import dependants
from lab.profiling.catalog.absent import Absent
from lab.profiling.catalog.session import ReadOnlySession, open_session
from lab.profiling.catalog.tables import read_tables
from lab.servers import Server
from lab.values import Dependant, DependantKind

SETUP = (
    "CREATE ROLE dependants_app",
    "CREATE TABLE prices (id bigserial PRIMARY KEY, doc jsonb, price numeric)",
    "CREATE TABLE quiet (id int)",
    "CREATE TABLE details (price_id bigint CONSTRAINT points REFERENCES prices (id))",
    "CREATE SCHEMA audit",
    'CREATE TABLE audit."old.logs" (price_id bigint CONSTRAINT points REFERENCES prices (id))',
    "CREATE VIEW cheap WITH (security_barrier=true) AS SELECT id, price FROM prices WHERE price < 2",
    "CREATE VIEW cheaper AS SELECT id FROM cheap WHERE price < 1",
    "CREATE MATERIALIZED VIEW kept AS SELECT doc FROM prices",
    "GRANT SELECT, INSERT ON prices TO dependants_app",
    "GRANT UPDATE (price) ON prices TO dependants_app",
    "GRANT SELECT ON prices TO PUBLIC",
    "CREATE RULE no_delete AS ON DELETE TO prices DO INSTEAD NOTHING",
    "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE TRIGGER touched BEFORE UPDATE ON prices FOR EACH ROW EXECUTE FUNCTION touch()",
    "CREATE FUNCTION total() RETURNS numeric LANGUAGE sql AS 'SELECT sum(price) FROM prices'",
    "CREATE FUNCTION unrelated() RETURNS int LANGUAGE sql AS 'SELECT 1 AS prices_of_others'",
    "CREATE PUBLICATION feed FOR TABLE prices",
    "CREATE POLICY own ON prices FOR SELECT TO dependants_app USING (price > 0)",
    "CREATE STATISTICS both_columns (dependencies) ON id, price FROM prices",
    "COMMENT ON TABLE prices IS 'what it''s worth'",
    "COMMENT ON COLUMN prices.price IS 'in euro'",
)


@pytest.fixture(scope="module")
def database(native: Server) -> Iterator[Database]:
    native.create("dependants")
    with native.connect("dependants") as connection:
        for statement in SETUP:
            connection.execute(statement)
        yield connection
        connection.execute("DROP OWNED BY dependants_app")
        connection.execute("DROP ROLE dependants_app")
    native.drop("dependants")


@pytest.fixture(scope="module")
def hanging(database: Database) -> tuple[Dependant, ...]:
    with open_session(database.conninfo) as source:
        return read(source)


def read(source: ReadOnlySession) -> tuple[Dependant, ...]:
    nothing: list[Absent] = []
    return dependants.read(source, read_tables(source, without=nothing, standby=False))


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (DependantKind.GRANT, ["PUBLIC", "dependants_app", "dependants_app"]),
        (DependantKind.VIEW, ["public.cheap"]),
        (DependantKind.MATERIALIZED_VIEW, ["public.kept"]),
        (DependantKind.RULE, ["no_delete"]),
        (DependantKind.TRIGGER, ["touched"]),
        (DependantKind.FUNCTION, ["public.total()"]),
        (DependantKind.PUBLICATION, ["feed"]),
        (DependantKind.POLICY, ["own"]),
        (DependantKind.FOREIGN_KEY, ['audit."old.logs".points', "public.details.points"]),
        (DependantKind.SEQUENCE, ["public.prices_id_seq"]),
        (DependantKind.STATISTICS, ["public.both_columns"]),
        (DependantKind.COMMENT, ["public.prices", "public.prices.price"]),
    ],
)
def test_everything_that_hangs_on_a_table_is_seen(
    hanging: tuple[Dependant, ...], kind: DependantKind, names: list[str]
) -> None:
    assert [dependant.name for dependant in hanging if dependant.kind is kind and dependant.table == "prices"] == names


def test_a_view_says_which_columns_it_uses(hanging: tuple[Dependant, ...]) -> None:
    columns = {
        dependant.name: dependant.columns
        for dependant in hanging
        if dependant.columns and dependant.kind.value.endswith("view")
    }
    assert columns == {"public.cheap": ("id", "price"), "public.kept": ("doc",)}


def test_a_foreign_key_says_which_table_it_belongs_to(hanging: tuple[Dependant, ...]) -> None:
    tables = {dependant.name: dependant.referring_table for dependant in hanging if dependant.referring_table}
    assert tables == {"public.details.points": "details", 'audit."old.logs".points': 'audit."old.logs"'}


def test_a_table_on_which_nothing_hangs_has_only_an_owner(hanging: tuple[Dependant, ...]) -> None:
    assert [dependant.kind for dependant in hanging if dependant.table == "quiet"] == [DependantKind.OWNER]


def test_definitions_make_the_same_again(database: Database, hanging: tuple[Dependant, ...]) -> None:
    again = {DependantKind.VIEW, DependantKind.GRANT, DependantKind.OWNER, DependantKind.FUNCTION}
    for dependant in hanging:
        if dependant.kind in again:
            database.execute(dependant.definition)
    dropped = {
        DependantKind.TRIGGER: "DROP TRIGGER {name} ON {table}",
        DependantKind.RULE: "DROP RULE {name} ON {table}",
        DependantKind.POLICY: "DROP POLICY {name} ON {table}",
        DependantKind.STATISTICS: "DROP STATISTICS {name}",
        DependantKind.PUBLICATION: "ALTER PUBLICATION {name} DROP TABLE {table}",
        DependantKind.FOREIGN_KEY: "ALTER TABLE {referring} DROP CONSTRAINT points",
        DependantKind.SEQUENCE: "ALTER SEQUENCE {name} OWNED BY NONE",
    }
    for dependant in hanging:
        if dependant.kind in dropped:
            names = {"name": dependant.name, "table": dependant.table, "referring": dependant.referring_table}
            database.execute(dropped[dependant.kind].format(**names))
            database.execute(dependant.definition)
    with open_session(database.conninfo) as source:
        assert read(source) == hanging
