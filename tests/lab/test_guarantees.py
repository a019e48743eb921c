"""What a database guarantees about its tables is read in every schema, and named alike from every session."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast

import pytest

from data_gen import Dataset
from lab.errors import InputError
from lab.postgres.database import Database
from lab.servers import Server
from lab.trial import guarantees
from lab.trial.load import load

TABLES = """
CREATE TABLE towns (id int PRIMARY KEY);
CREATE SCHEMA other;
CREATE TABLE other.streets (id int PRIMARY KEY, town int NOT NULL DEFAULT 1 REFERENCES towns);
CREATE INDEX ON other.streets (town);
CREATE TABLE other.towns (id int UNIQUE);
CREATE VIEW other.all_towns AS SELECT * FROM towns;
"""


@pytest.fixture
def database(native: Server) -> Iterator[Database]:
    native.create("guaranteed")
    with native.connect("guaranteed") as connection:
        connection.execute(TABLES)
        yield connection
    native.drop("guaranteed")


def lost_by(database: Database, sql: str) -> list[str]:
    before = guarantees.read(database)
    database.execute(sql)
    return [guarantee.words for guarantee in guarantees.lost(before, guarantees.read(database))]


@pytest.mark.parametrize(
    ("sql", "lost"),
    [
        ("ALTER TABLE other.streets DROP CONSTRAINT streets_pkey", "other.streets: PRIMARY KEY (id)"),
        (
            "ALTER TABLE other.streets DROP CONSTRAINT streets_town_fkey",
            "other.streets: FOREIGN KEY (town) REFERENCES towns(id)",
        ),
        ("DROP INDEX other.streets_town_idx", "other.streets: index btree (town)"),
        ("ALTER TABLE other.towns SET UNLOGGED", "other.towns: survives a crash"),
        ("ALTER TABLE other.streets ALTER town DROP DEFAULT", "other.streets.town: integer NOT NULL DEFAULT 1"),
        ("CREATE UNLOGGED TABLE lost ()", "other.all_towns: survives a crash"),
    ],
)
def test_a_guarantee_of_a_table_in_any_schema_is_missed(database: Database, sql: str, lost: str) -> None:
    assert lost in lost_by(database, sql)


def test_a_session_that_looks_in_another_schema_reads_the_same(database: Database) -> None:
    assert lost_by(database, "SET search_path = other") == []


def test_a_workload_in_another_schema_is_refused_before_it_is_loaded(native: Server, database: Database) -> None:
    elsewhere = cast("Dataset", SimpleNamespace(schema="other"))
    with pytest.raises(InputError, match="'other'"):
        load(native, database, elsewhere)
