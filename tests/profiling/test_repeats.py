"""Snapshots and market rows that repeat are found by rules and counted as they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest

from lab import profiling
from lab.postgres.database import Row
from lab.profiling.catalog import indexes
from lab.profiling.catalog.session import ReadOnlySession
from lab.profiling.catalog.tables import read_tables
from lab.profiling.time import duplicates, paths, series
from lab.servers import Server
from lab.values import Share
from tests.profiling.conftest import Aged

# Ten events of 20 snapshots; each second document equals the one before, and so do four of five market rows of each.
STATEMENTS = (
    "CREATE TABLE games (id int PRIMARY KEY, source text NOT NULL)",
    "INSERT INTO games SELECT i, CASE WHEN i % 5 = 0 THEN 'few' ELSE 'many' END FROM generate_series(1, 10) i",
    """CREATE TABLE looks (id int PRIMARY KEY, game_id int NOT NULL REFERENCES games, seen timestamptz NOT NULL,
       doc jsonb)""",
    """INSERT INTO looks SELECT i, 1 + i % 10, timestamptz '2026-02-01' + i * interval '1 min',
       jsonb_build_object('n', i / 20) FROM generate_series(0, 199) i""",
    "CREATE TABLE prices (id serial PRIMARY KEY, look_id int NOT NULL, name text, body json)",
    """INSERT INTO prices (look_id, name, body) SELECT id, 'same', json_build_object('line', line)
       FROM looks, generate_series(1, 4) line ORDER BY 1""",
    "INSERT INTO prices (look_id, name, body) SELECT id, 'new', json_build_object('at', id) FROM looks",
)


def test_shares_are_exact_where_every_event_is_compared(native: Server, new_name: Callable[[], str]) -> None:
    name = new_name()
    native.create(name)
    with native.connect(name) as database:
        for statement in STATEMENTS:
            database.execute(statement)
        dsn = database.conninfo
    profile = profiling.profile(dsn, now=datetime(2026, 2, 2, tzinfo=UTC), progress=lambda _: None)
    (looks,) = profile.series
    assert (looks.snapshots, looks.key, looks.payload, looks.markets) == ("looks", ("game_id",), "doc", "prices")
    assert (looks.events, looks.snapshots_per_event, looks.market_rows_per_snapshot) == (10, 20, 5)
    assert (looks.events_sampled, looks.pairs, looks.market_rows_compared) == (10, 100, 500)
    assert looks.equal_payloads
    assert looks.equal_payloads.value == pytest.approx(0.5, abs=0.06)
    assert looks.equal_market_rows
    assert looks.equal_market_rows.value == pytest.approx(0.8)
    assert looks.equal_market_rows.error == pytest.approx(0)
    assert looks.equal_snapshots == Share(value=0, error=0)
    assert looks.equal_lists == Share(value=1, error=0)
    assert looks.shares == {"source=few": 0.2, "source=many": 0.8}


def test_snapshots_without_market_rows_are_no_duplicates(new_database: Callable[..., str]) -> None:
    dsn = new_database(
        *STATEMENTS,
        "CREATE TABLE marks (id serial PRIMARY KEY, look_id int NOT NULL, name text)",
        "INSERT INTO marks (look_id, name) SELECT id, 'seen once' FROM looks WHERE id % 40 < 10",
    )
    profile = profiling.profile(dsn, now=datetime(2026, 2, 2, tzinfo=UTC), progress=lambda _: None)
    shares = {pair.markets: pair.equal_snapshots for pair in profile.series}
    assert shares["marks"] == Share(value=0, error=0)  # of four in a row, one has a mark


def test_a_list_differs_by_its_names_and_not_by_its_prices_or_its_order(new_database: Callable[..., str]) -> None:
    """Each look has one price of its own; by the minute, another list, the same in another order, or one name twice."""
    dsn = new_database(
        *STATEMENTS[:4],
        "CREATE TABLE quotes (id serial PRIMARY KEY, look_id int NOT NULL, name text, line float8, body json, gone_at timestamptz)",
        """INSERT INTO quotes (look_id, name, line, body, gone_at)
           SELECT id, 'total', line, json_build_object('at', id), CASE WHEN line = 1 THEN seen END
           FROM looks, unnest((ARRAY['{1,2}', '{2,1}', '{1,2,2}', '{1,3}'])[1 + id / 10 % 4]::float8[])
               WITH ORDINALITY AS lines (line, place) ORDER BY id, place""",
    )
    profile = profiling.profile(dsn, now=datetime(2026, 2, 2, tzinfo=UTC), progress=lambda _: None)
    (looks,) = profile.series
    assert looks.equal_snapshots == Share(value=0, error=0)
    assert looks.equal_lists
    # Of four looks, the second has the list of the first.
    assert looks.equal_lists.value == pytest.approx(0.25, abs=0.06)


def test_lists_are_not_compared_where_a_number_may_be_a_price(new_database: Callable[..., str]) -> None:
    bare = ("CREATE TABLE marks (id serial PRIMARY KEY, look_id int NOT NULL, name text, price numeric)",
            "INSERT INTO marks (look_id, name, price) SELECT id, 'one', id FROM looks")  # fmt: skip
    profile = profiling.profile(
        new_database(*STATEMENTS[:4], *bare), now=datetime(2026, 2, 2, tzinfo=UTC), progress=lambda _: None
    )
    (looks,) = profile.series
    assert (looks.markets, looks.pairs, looks.equal_lists) == ("marks", 100, None)


def test_both_series_of_the_odds_database_are_found(aged: Aged) -> None:
    home, competitors = aged.profile.series
    assert (home.snapshots, home.markets, home.key) == ("odds_snapshots", "market_odds", ("event_id", "bookmaker_id"))
    assert (competitors.snapshots, competitors.markets) == ("competitor_odds_snapshots", "competitor_market_odds")
    assert "by snapshot_id (name)" in home.found
    assert set(competitors.shares) == {"source=bet9ja", "source=sportybet"}
    assert sum(competitors.shares.values()) == pytest.approx(1)
    assert home.pairs > 0
    assert home.equal_market_rows
    assert 0 < home.equal_market_rows.value < 1
    assert home.equal_market_rows.error


class Counting(ReadOnlySession):
    """Counts the rows that are fetched."""

    rows = 0

    def fetch(self, sql: str, params: Sequence[object] | None = None) -> list[Row]:
        rows = super().fetch(sql, params)
        self.rows += len(rows)
        return rows


def test_no_more_snapshots_are_fetched_than_are_compared(new_database: Callable[..., str]) -> None:
    more = """INSERT INTO looks SELECT i, 3, timestamptz '2026-02-01' + i * interval '1 s', '{}'
              FROM generate_series(200, 9999) i"""
    with Counting.connect(new_database(*STATEMENTS, "CREATE INDEX ON looks (game_id)", more)) as source:
        tables = read_tables(source, without=(), standby=False)
        keys = paths.keys(source, tables)
        (series_tables,) = series.find(tables, paths.find(tables, keys), keys, indexes.read(source, tables))
        source.rows = 0
        repeats = duplicates.read(source, series_tables, [(game, 20) for game in range(1, 11)])
    assert repeats.pairs == 100
    assert source.rows < 1500
