"""Databases that the lab generated and that were then aged by hand, on real servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

import pytest

from data_gen import Dataset, load_case
from lab import profiling
from lab.postgres.conninfo import address
from lab.postgres.database import Database
from lab.postgres.sql import literal
from lab.servers import Server, Workspace, open_server
from lab.trial.load import run_stages
from lab.values import Profile

SMALL = 32 << 20

AGED = (
    # Dead rows and holes.
    "DELETE FROM market_odds WHERE id % 3 = 0",
    "UPDATE odds_snapshots SET last_confirmed_at = captured_at",
    "DELETE FROM competitor_market_odds WHERE id < (SELECT avg(id) FROM competitor_market_odds)",
    "VACUUM competitor_market_odds",
    # Its rows in so many blocks that the one run of a sample where the deleted half ends is worth at most 1 %.
    """CREATE TABLE halved AS SELECT copy, betpawa_market_name, outcomes
       FROM generate_series(1, 8) copy CROSS JOIN competitor_market_odds ORDER BY copy""",
    "DELETE FROM halved WHERE copy <= 4",
    "VACUUM halved",
    # Outside of public, quoted, generated, dropped, arrays, values of every storage.
    'CREATE SCHEMA "Other Place"',
    """CREATE TABLE "Other Place"."Odd ""Name"" 100%" ("Key Col" int, "Captured At %s" timestamptz NOT NULL,
       gone text, "Doc" jsonb, list int[], twice int GENERATED ALWAYS AS ("Key Col" * 2) STORED, flat text, anew text)""",
    """ALTER TABLE "Other Place"."Odd ""Name"" 100%" ALTER flat SET STORAGE EXTERNAL, ALTER anew SET COMPRESSION lz4""",
    """INSERT INTO "Other Place"."Odd ""Name"" 100%" ("Key Col", "Captured At %s", gone, "Doc", list, flat, anew)
       SELECT i, timestamptz '2026-02-13 12:00+00' - i * interval '1 hour', 'x',
              jsonb_build_object('n', i, 't', repeat(md5(i::text), i % 200)), ARRAY[i, i], repeat('flat ', i % 2000),
              repeat(md5(i::text) || 'anew', i % 300)
       FROM generate_series(1, 2000) i""",
    """ALTER TABLE "Other Place"."Odd ""Name"" 100%" DROP COLUMN gone""",
    # Partitions of partitions.
    "CREATE TABLE parts (id int, at date NOT NULL, region text) PARTITION BY RANGE (at)",
    "CREATE INDEX parts_id ON parts (id)",
    "CREATE TABLE parts_old PARTITION OF parts FOR VALUES FROM (MINVALUE) TO ('2026-02-10')",
    """CREATE TABLE parts_new PARTITION OF parts FOR VALUES FROM ('2026-02-10') TO (MAXVALUE)
       PARTITION BY LIST (region)""",
    "CREATE TABLE parts_new_a PARTITION OF parts_new FOR VALUES IN ('a')",
    'CREATE TABLE "parts new rest" PARTITION OF parts_new DEFAULT',
    "INSERT INTO parts SELECT i, date '2026-02-01' + i % 13, chr(97 + i % 3) FROM generate_series(1, 30000) i",
    # A time two steps away, tables without a primary key, nothing but nulls, nothing at all, a view that stores.
    "CREATE TABLE far (id int PRIMARY KEY, created_at timestamp NOT NULL)",
    "CREATE TABLE middle (id int PRIMARY KEY, far_id int NOT NULL REFERENCES far, unique_at timestamp)",
    "CREATE TABLE near (middle_id int REFERENCES middle, a text, b text, c numeric)",
    "INSERT INTO far SELECT i, timestamp '2026-02-13 12:00' - i * interval '1 day' FROM generate_series(1, 40) i",
    "INSERT INTO middle SELECT i, 1 + i % 40 FROM generate_series(1, 400) i",
    """INSERT INTO near SELECT CASE WHEN i % 5 > 0 THEN 1 + i % 400 END, CASE WHEN i % 100 = 0 THEN 'some' END, NULL,
       i / 7.0 FROM generate_series(1, 5000) i""",
    "CREATE TABLE nothing (id int, at timestamptz)",
    "CREATE UNLOGGED TABLE fleeting AS SELECT 1 AS id",
    "CREATE MATERIALIZED VIEW kept AS SELECT id, captured_at FROM competitor_odds_snapshots",
    f"CREATE TABLE wide ({', '.join(f'c{number} float8' for number in range(200))})",
    f"INSERT INTO wide SELECT {', '.join('random()' for _ in range(200))} FROM generate_series(1, 300)",
)


@dataclass(frozen=True)
class Aged:
    server: Server
    name: str
    dsn: str
    now: datetime
    profile: Profile


@pytest.fixture(scope="session")
def aged(workspace: Workspace) -> Iterator[Aged]:
    """On a server of its own: other tests kill theirs, and what is unlogged is empty afterwards."""
    dataset = Dataset.plan(load_case("2026-02-17"), size_bytes=SMALL, seed=1)
    with open_server("native", workspace=workspace, progress=lambda _: None) as server:
        server.create("aged")
        with server.connect("aged") as database:
            run_stages(server, database, dataset)
            for statement in AGED:
                database.execute(statement)
            dsn = database.conninfo
        profile = profiling.profile(dsn, now=dataset.now, progress=lambda _: None)
        yield Aged(server=server, name="aged", dsn=dsn, now=dataset.now, profile=profile)


@pytest.fixture
def new_database(native: Server, new_name: Callable[[], str]) -> Callable[..., str]:
    """Makes a database by these statements and says how it is reached."""

    def make(*statements: str, encoding: str | None = None) -> str:
        name = new_name()
        native.create(name)
        with native.connect(name) as database:
            dsn = database.conninfo
        if encoding:
            recreate(dsn, name, encoding)
        with Database.connect(dsn) as database:
            for statement in statements:
                database.execute(statement)
        return dsn

    return make


def recreate(dsn: str, name: str, encoding: str) -> None:
    """Make the empty database anew, with its mark."""
    with Database.connect(address(dsn, dbname="postgres")) as database:
        mark = database.value(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", (name,)
        )
        database.execute(f"DROP DATABASE {name}")
        database.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'")
        database.execute(f"COMMENT ON DATABASE {name} IS {literal(mark)}")
