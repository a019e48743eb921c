"""A small database of odds with everything in it that an imitation does not have, and that real ones do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from data_gen import Dataset, load_case
from lab.workload import Stage, Statement

DOCUMENTS = (
    '[{"name": "1", "odds": 1.075, "is_active": true}, {"name": "2", "odds": 1.0001, "is_active": true}]',
    '[{"name": "1", "odds": 1.85, "is_active": true, "boosted": true}, {"name": "2", "odds": 2, "is_active": true}]',
    '[{"name": "1", "odds": 0, "is_active": true}, {"name": "2", "odds": 3.5, "is_active": false}]',
    '[{"name": "1", "odds": -1.5, "is_active": true}]',
    '[{"name": "1", "odds": 1.5}]',
    '[{"name": "1", "odds": 1.5, "is_active": null}]',
    '[{"name": null, "odds": 1.5, "is_active": true}]',
    '[{"odds": 1.5, "is_active": true}]',
    '[{"name": "1", "odds": "1.5", "is_active": true}]',
    '[{"name": "1", "odds": 1.5, "is_active": "true"}]',
    '[{"name": 7, "odds": 1.5, "is_active": true}]',
    '[{"name": "1", "odds": 1e3, "is_active": true}, {"name": "2", "odds": 21474836.47, "is_active": false}]',
    '[{"name": "1", "odds": 21474836.48, "is_active": true}]',
    '[{"name": "1", "odds": 1.12345678901234567890123, "is_active": true}]',
    '[{"name": "1", "odds": 1e400, "is_active": true}, {"name": "2", "odds": 1e-400, "is_active": true}]',
    '[{"name": "1", "odds": 1.10, "is_active": false}, {"name": "1", "odds": 1.1, "is_active": false}]',
    '[ { "is_active" : true, "odds":2.50,"name" : "x" } ]',
    '[{"name": "a", "name": "b", "odds": 1.5, "is_active": true}]',
    r"""[{"name": "O\"Brien's \\ {a,b} \u00fc \ud83d\udcb6 $$ %s NULL", "odds": 1.5, "is_active": true}]""",
    '[{"name": "", "odds": 1.5, "is_active": true}, {"name": "NULL", "odds": 1.5, "is_active": true}]',
    '[{"name": "' + "long " * 60 + '", "odds": 1.5, "is_active": true}]',
    '[{"name": {"en": "1"}, "odds": [1.5], "is_active": {}}]',
    "[]",
    "[null]",
    '[1, "two", [], {}]',
    "[[1]]",
    "{}",
    '{"name": "1", "odds": 1.5, "is_active": true}',
    "null",
    "true",
    "1.075",
    '"text"',
)
"""Each is the document of market rows here and there; most forms cannot write them."""

GROUPS = ("NULL", "'null'", "'[]'", '\' [ "b","a" ]\'', "'{\"a\": 1}'")
LINES = ("NULL", "'NaN'", "'Infinity'", "'-0'", "1e-300", "0.30000000000000004")
LONG = '"' + "ü long " * 300 + '"'
RESPONSES = (
    "NULL",
    "'null'",
    "'[]'",
    "'[1, 2]'",
    "'5'",
    "'\"text\"'",
    "'{}'",
    '\' { "b" : 1.50, "a":"\\u00fc" } \'',
    # The same text as a value, inside of another value, again, and under a key that comes twice.
    f"""' {{"x": {{"y": [1, {LONG}]}}, "a" :{LONG}, "z": 1.5, "b":{LONG},"b": {LONG} }} '""",
    f"""'{{"a": {LONG}, "x": {{"y": [1, {LONG}]}}}}'""",
)


def one_of(values: tuple[str, ...], number: str) -> str:
    """SQL that takes the values in turn."""
    cases = " ".join(f"WHEN {place} THEN {value}" for place, value in enumerate(values))
    return f"CASE ({number}) % {len(values)} {cases} END"


def few_days(table: str, snapshots: str) -> Iterator[str]:
    """Keep the first and the last days: each day is a chunk of each hypertable, which takes its time."""
    between = f"captured_at BETWEEN (SELECT min(captured_at) + interval '1 day' FROM {snapshots})"
    between += f" AND (SELECT max(captured_at) - interval '1 day' FROM {snapshots})"
    yield f"DELETE FROM {table} WHERE snapshot_id IN (SELECT id FROM {snapshots} WHERE {between})"
    yield f"DELETE FROM {snapshots} WHERE {between}"


TWINS = "betpawa_market_id = '5000' AND line = 2.5"
"""Rows that have a twin of the same market and line, with other prices, in two of three snapshots."""


def twins(table: str, columns: str) -> Iterator[str]:
    """The two of a snapshot change places from one snapshot to the next, so that no key but the place tells them apart."""
    dearer = """replace(outcomes::text, '"odds": ', '"odds": 1')::json"""
    prices = columns.replace("outcomes", f"CASE WHEN snapshot_id / 4 % 2 = 0 THEN {dearer} ELSE outcomes END")
    yield f"INSERT INTO {table} ({columns}) SELECT {prices} FROM {table} WHERE {TWINS} AND snapshot_id % 3 > 0 ORDER BY id"
    first = f"SELECT min(id) FROM {table} WHERE {TWINS} GROUP BY snapshot_id HAVING count(*) > 1"
    yield f"UPDATE {table} SET outcomes = {dearer} WHERE snapshot_id / 4 % 2 = 1 AND id IN ({first})"


def of_markets(table: str, snapshots: str) -> Iterator[str]:
    documents = tuple("'" + text.replace("'", "''") + "'" for text in DOCUMENTS)
    few, some = f"{table}.id % 50 < 8", f"{table}.id % 13 = 2"
    first = f"(SELECT min(id) FROM {snapshots})"
    # Markets come and go, and few are left, because each strategy is tried on them.
    yield f"DELETE FROM {table} WHERE (snapshot_id * 31 + length(betpawa_market_name)) % 4 <> 0"
    yield f"DELETE FROM {table} WHERE snapshot_id = (SELECT max(id) FROM {snapshots})"  # a snapshot without any
    yield f"UPDATE {table} SET outcomes = ({one_of(documents, 'id / 8')})::json WHERE {few}"
    yield f"UPDATE {table} SET outcomes = '[]' WHERE snapshot_id = {first}"
    yield f"UPDATE {table} SET market_groups = ({one_of(GROUPS, 'id / 13')})::json WHERE {some}"
    yield f"UPDATE {table} SET line = ({one_of(LINES, 'id / 13')})::float8 WHERE {some}"
    yield f"UPDATE {table} SET betpawa_market_name = 'O''Brien \"s\" \\ {{x}}, ü' WHERE {table}.id % 13 = 5"
    yield f"UPDATE {table} SET unavailable_at = timestamptz '2026-02-17' - id * interval '1 second' WHERE id % 3 = 0"
    columns = (
        "snapshot_id, betpawa_market_id, betpawa_market_name, line, handicap_type, handicap_home, handicap_away,"
        " outcomes, market_groups, unavailable_at"
    )
    # Two rows of one market and line in a snapshot, with ids among those of another one.
    yield f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {table} WHERE id % 29 = 3 ORDER BY betpawa_market_id, id"
    yield from twins(table, columns)
    yield f"UPDATE {table} SET id = id + 30000000000 WHERE snapshot_id % 5 = 2"


def of_snapshots(table: str, kind: str) -> Iterator[str]:
    yield f"UPDATE {table} SET raw_response = ({one_of(RESPONSES, 'id / 3')})::{kind} WHERE id % 3 = 1"


EVENTS = (
    # Snapshots, and events of competitors, outlive the kick-off that is written down.
    "UPDATE events SET kickoff = kickoff - interval '9 days' WHERE id % 2 = 1",
    "UPDATE competitor_events SET kickoff = kickoff - interval '9 days' WHERE id % 3 = 1",
)

STATEMENTS = (
    *few_days("market_odds", "odds_snapshots"),
    *few_days("competitor_market_odds", "competitor_odds_snapshots"),
    *of_markets("market_odds", "odds_snapshots"),
    *of_markets("competitor_market_odds", "competitor_odds_snapshots"),
    *of_snapshots("odds_snapshots", "jsonb"),
    *of_snapshots("competitor_odds_snapshots", "json"),
    *EVENTS,
)


class NastyDataset(Dataset):
    """The rows of the generator, made nasty by SQL after they were loaded."""

    def __init__(self, events: int = 2) -> None:
        case = load_case("2026-02-17")
        smallest = Dataset.plan(case, size_bytes=16 << 20, seed=1).spec
        super().__init__(replace(smallest, scale=events, seed=666), case)

    def stages(self) -> Iterator[Stage]:
        yield from super().stages()
        yield from map(Statement, STATEMENTS)
