"""A loaded dataset is the production database: its columns, its dropped column, its indexes, JSON that reads back."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest

from data_gen import Dataset, load_case
from lab.postgres.database import Database
from lab.servers import Server
from tests.data_gen.conftest import MB, loaded

_MARKET_COLUMNS = [
    "id", "snapshot_id", "betpawa_market_id", "betpawa_market_name", "line", "handicap_type", "handicap_home",
    "handicap_away", "outcomes", None, "market_groups", "unavailable_at",
]  # fmt: skip
_CAPTURES = Path(os.environ.get("ODDS_WORKLOAD", "absent")) / "payloads"


def _columns(database: Database, table: str) -> list[str | None]:
    sql = """SELECT CASE WHEN attisdropped THEN NULL ELSE attname::text END FROM pg_attribute
             WHERE attrelid = %s::regclass AND attnum > 0 ORDER BY attnum"""
    return [name for (name,) in database.fetch(sql, (table,))]


@pytest.mark.parametrize("table", ["market_odds", "competitor_market_odds"])
def test_the_tenth_of_twelve_columns_was_dropped(small_database: Database, table: str) -> None:
    assert _columns(small_database, table) == _MARKET_COLUMNS


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("odds_snapshots_default", "id event_id bookmaker_id captured_at scrape_run_id raw_response last_confirmed_at"),
        (
            "competitor_odds_snapshots",
            "id competitor_event_id captured_at scrape_run_id raw_response last_confirmed_at",
        ),
        ("events", "id tournament_id name home_team away_team kickoff sportradar_id created_at"),
    ],
)
def test_columns_are_in_the_order_of_production(small_database: Database, table: str, columns: str) -> None:
    assert _columns(small_database, table) == columns.split()


def test_every_row_is_there(small_database: Database, small: Dataset) -> None:
    counts = {table: small_database.value(f"SELECT count(*) FROM {table}") for table in small.rows}
    assert counts == small.rows


def test_all_snapshots_are_in_the_default_partition(small_database: Database, small: Dataset) -> None:
    counted = small_database.value("SELECT count(*) FROM ONLY odds_snapshots_default")
    assert counted == small.rows["odds_snapshots"]


@pytest.mark.slow
def test_the_index_of_february_6_exists_only_in_the_later_case(small_database: Database, native: Server) -> None:
    sql = "SELECT count(*) FROM pg_indexes WHERE tablename = 'market_odds'"
    assert small_database.value(sql) == 4
    early = Dataset.plan(load_case("2026-02-06"), size_bytes=16 * MB, seed=1)
    with loaded(native, early, "early_case") as database:
        assert database.value(sql) == 3


def test_foreign_keys_are_valid_and_market_odds_has_none(small_database: Database) -> None:
    sql = "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated AND conrelid = %s::regclass"
    keys = {table: small_database.value(sql, (table,)) for table in ("market_odds", "competitor_market_odds")}
    assert keys == {"market_odds": 0, "competitor_market_odds": 1}


def test_new_rows_get_ids_after_the_loaded_ones(small_database: Database, small: Dataset) -> None:
    next_id = small_database.value("SELECT nextval(pg_get_serial_sequence('market_odds', 'id'))")
    assert next_id > small.rows["market_odds"]


def test_ids_time_and_place_rise_together(small_database: Database) -> None:
    sql = """SELECT count(*) FROM (SELECT captured_at, lag(captured_at) OVER (ORDER BY id) AS before
             FROM odds_snapshots) AS pairs WHERE captured_at < before"""
    assert small_database.value(sql) == 0


def test_confirmation_is_set_on_every_snapshot(small_database: Database) -> None:
    assert small_database.value("SELECT count(*) FROM odds_snapshots WHERE last_confirmed_at IS NULL") == 0


def test_events_are_still_to_come(small_database: Database, small: Dataset) -> None:
    assert small_database.value("SELECT count(*) FROM events WHERE kickoff > %s", (small.now,)) > 0


def test_outcomes_are_spaced_and_ordered_like_the_applications(small_database: Database) -> None:
    (text,) = small_database.fetch("SELECT outcomes::text FROM market_odds WHERE betpawa_market_id = '3743' LIMIT 1")[0]
    outcomes = json.loads(text)
    assert json.dumps(outcomes) == text
    assert [list(outcome) for outcome in outcomes] == [["name", "odds", "is_active"]] * 3


@pytest.mark.parametrize("table", ["odds_snapshots", "competitor_odds_snapshots"])
def test_documents_survive_the_trip_through_copy(small_database: Database, table: str) -> None:
    texts = [text for (text,) in small_database.fetch(f"SELECT raw_response::text FROM {table} ORDER BY id LIMIT 8")]
    assert all(isinstance(json.loads(text), dict) for text in texts)
    assert not any("~" in text for text in texts)  # a slot that nobody filled


def test_escapes_survive_the_trip(small_database: Database) -> None:
    sql = (
        r"SELECT raw_response::text FROM competitor_odds_snapshots WHERE raw_response::text LIKE '%%\\u201c%%' LIMIT 1"
    )
    text = small_database.value(sql.replace("%%", "%"))
    assert json.dumps(json.loads(text)) == text
    assert "\u201c" in text.encode().decode("unicode_escape")


_PLAYERS = "129108"


def test_rows_and_document_of_a_snapshot_show_the_same_prices(small_database: Database) -> None:
    sql = """SELECT raw_response::text, (SELECT json_agg(json_build_array(betpawa_market_id, outcomes) ORDER BY m.id)
             FROM market_odds m WHERE snapshot_id = s.id)::text FROM odds_snapshots s ORDER BY id DESC LIMIT 1"""
    document, rows = (json.loads(text) for text in small_database.fetch(sql)[0])
    printed = [
        (market["marketType"]["id"], [price["price"] for price in row["prices"]])
        for market in document["markets"]
        for row in market["row"]
    ]
    both = {market for market, _ in printed} & {market for market, _ in rows} - {
        _PLAYERS
    }  # each has players of its own
    assert len(both) > 20
    remaining = iter(
        printed
    )  # a line of a market may be off the list, but all that are on it have the document's order
    assert all(
        (market, [outcome["odds"] for outcome in outcomes]) in remaining for market, outcomes in rows if market in both
    )


def test_a_probability_is_a_small_object_under_a_random_key(small_database: Database) -> None:
    path = "raw_response->'markets'->0->'row'->0->'prices'->0->>'probability'"
    secret = small_database.value(f"SELECT {path} FROM odds_snapshots LIMIT 1")
    assert list(json.loads(base64.b64decode(secret))) == ["win", "refund", "key"]


@pytest.mark.skipif(not _CAPTURES.exists(), reason="ODDS_WORKLOAD does not name the folder with the captures")
@pytest.mark.parametrize(
    ("platform", "table"), [("betpawa", "odds_snapshots"), ("sportybet", "sportybet"), ("bet9ja", "bet9ja")]
)
def test_documents_have_the_keys_of_the_captures(small_database: Database, platform: str, table: str) -> None:
    capture = json.loads((_CAPTURES / f"{platform}_prematch.json").read_text("utf-8"))
    capture = capture.get("data") or capture.get("D") or capture
    competitor = f"""SELECT raw_response::text FROM competitor_odds_snapshots s JOIN competitor_events e
        ON e.id = competitor_event_id WHERE source = '{table}' ORDER BY length(raw_response::text) DESC LIMIT 1"""
    home = "SELECT raw_response::text FROM odds_snapshots ORDER BY length(raw_response::text) DESC LIMIT 1"
    document = json.loads(small_database.value(home if platform == "betpawa" else competitor))
    if platform == "bet9ja":  # objects whose keys are data
        capture, document = ({**each, "O": {}, "TRANS": {}, "AUX": {}} for each in (capture, document))
    assert _paths(document) <= _paths(capture)
    assert _paths(capture) - _paths(document) <= {"markets[].outcomes[].cashOutIsActive"}


def _paths(value: object, at: str = "") -> set[str]:
    if isinstance(value, dict):
        return {path for key, part in value.items() for path in _paths(part, f"{at}.{key}".lstrip("."))}
    if isinstance(value, list):
        return {path for part in value for path in _paths(part, f"{at}[]")} or {f"{at}[]"}
    return {at}
