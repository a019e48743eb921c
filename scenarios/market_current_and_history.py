"""The application's own later design: a table of current rows and a history of changed ones, by event, market and line.

The design takes (event, bookmaker, market, line) for a key. It is none: BetPawa splits big markets over several rows of a
snapshot that share it. The newest row of a key replaces its twins in `…_current`, and a row that is compared with another
twin counts as changed, at every snapshot. So rows are lost, and yet the history grows: in production it took 5.8 million
rows a day where 360 thousand were expected.

Here the design is measured as it is. A snapshot keeps the last row of each key, and verification proves that exactly the
others are gone. Where any row of a key differs from the row that was kept last, the history takes all rows of that key.
(The application leaves out the one twin that is equal. Then the newest row of a key would be one that it did not keep.)
Ids and vanished markets are no part of the design; the lists that give them back are the lab's, and small.
"""

from collections.abc import Mapping
from datetime import datetime

from lab.scenario import Category, Database, Scenario, Shape, lost_rows
from scenarios._change_writes import WITHDRAWN, Stored, writing
from scenarios._market_changes import MOST, PLACE, SCRATCH, Series, build_lists, columns, limits, origins, place
from scenarios._market_rows import MARKET, MARKETS, Proof, drop_old, of, replace_by_view, requirements

SUFFIXES = ("snapshots", "lists", "current", "history")

# NULL and a line of 0 have the same hash.
KEY = "hash_record_extended(ROW(betpawa_market_id, line IS NULL, line), 0)"
SERIES = Series(
    market=KEY,
    identity=KEY,
    content="hash_record_extended(ROW(betpawa_market_name, market_groups::text, handicap_type, handicap_home::text,"
    " handicap_away::text, outcomes::text, unavailable_at), 0)",
    twins=False,
)

KEPT = (
    "NOT EXISTS (SELECT FROM {table} x WHERE x.snapshot_id = t.snapshot_id AND x.betpawa_market_id = t.betpawa_market_id"
    " AND x.line IS NOT DISTINCT FROM t.line AND x.id > t.id)"
)
"""The condition of the rows `t` that the design keeps: the last of each key in a snapshot."""

PROOF = Proof(documents="text", scratch=(*SCRATCH, "compared"), kept=KEPT)

COLUMNS = (
    "betpawa_market_id varchar(50) NOT NULL, betpawa_market_name varchar(255) NOT NULL, line float8,"
    " handicap_type varchar(50), handicap_home float8, handicap_away float8, outcomes json NOT NULL, market_groups json,"
    " unavailable_at timestamptz"
)
VALUES = f"{MARKET}, outcomes, unavailable_at"

COMPARE = """
CREATE UNLOGGED TABLE compared_{table} AS
SELECT p.id, p.book, p.series, p.number, p.twin, p.content IS DISTINCT FROM k.earlier AS differs,
       bool_or(p.content IS DISTINCT FROM k.earlier) OVER (PARTITION BY p.book, p.series, p.number) AS stored
FROM placed_{table} p
JOIN (SELECT book, series, number, lag(content) OVER (PARTITION BY book, series ORDER BY number) AS earlier
      FROM placed_{table} WHERE twin = 1) k USING (book, series, number)
"""


def build_history(db: Database, table: str) -> None:
    """The rows of each key that changed, with their twins."""
    db.execute(f"DROP TABLE IF EXISTS compared_{table}, {table}_history")
    db.execute(COMPARE.format(table=table))
    db.execute(
        f"CREATE TABLE {table}_history (book integer, series smallint, twin smallint, since smallint NOT NULL, until smallint,"
        f" {COLUMNS})"
    )
    db.execute(
        f"INSERT INTO {table}_history (book, series, twin, since, until, {VALUES}) SELECT c.book, c.series, c.twin, c.number,"
        f" lead(c.number - 1, 1, {MOST}) OVER (PARTITION BY c.book, c.series, c.twin ORDER BY c.number), {of('m', VALUES)}"
        f" FROM compared_{table} c JOIN {table} m ON m.id = c.id WHERE c.stored ORDER BY c.number, c.book, c.series, c.twin"
    )
    db.execute(f"ALTER TABLE {table}_history ADD PRIMARY KEY (book, series, twin, until)")


def build_current(db: Database, table: str) -> None:
    """The newest row of each key."""
    db.execute(f"DROP TABLE IF EXISTS {table}_current")
    db.execute(f"CREATE TABLE {table}_current (book integer, series smallint, since smallint NOT NULL, {COLUMNS})")
    db.execute(
        f"INSERT INTO {table}_current (book, series, since, {VALUES}) SELECT book, series, since, {VALUES}"
        f" FROM {table}_history WHERE twin = 1 AND until = {MOST} ORDER BY book, series"
    )
    db.execute(f"ALTER TABLE {table}_current ADD PRIMARY KEY (book, series)")
    db.execute(f"CREATE INDEX ON {table}_current (book, betpawa_market_id)")


def view(table: str) -> str:
    """Each snapshot's list, with the newest row of each key that it lists."""
    listed = columns("c")
    # From the current row, whose index they are in.
    listed = listed.replace("c.betpawa_market_id", "r.betpawa_market_id").replace("c.line", "r.line")
    return (
        f"SELECT {listed} FROM {table}_snapshots n JOIN {table}_lists l ON l.id = n.list"
        f" JOIN {table}_current r ON r.book = n.book AND {PLACE} > 0"
        f" JOIN {table}_history c ON c.book = n.book AND c.series = r.series AND c.twin = 1"
        " AND n.number BETWEEN c.since AND c.until"
    )


def count(db: Database, table: str) -> None:
    """Note what the key costs: rows that are lost, and rows that the history takes although nothing changed."""
    rows, lost, stored, differs = db.fetch(
        "SELECT count(*), count(*) FILTER (WHERE twin > 1), count(*) FILTER (WHERE stored), count(*) FILTER (WHERE differs)"
        f" FROM compared_{table}"
    )[0]
    db.note(
        f"{table}: {lost:,} of {rows:,} rows share market and line with a later row of their snapshot and are lost; the"
        f" history takes {stored:,} rows ({differs:,} without the kept rows that did not change)"
    )


def apply(db: Database) -> None:
    """Both market tables, one after the other."""
    for table in MARKETS:
        with db.step(f"{table}: find the keys"):
            place(db, table, SERIES)
        with db.step(f"{table}: current rows and history"):
            build_lists(db, table)
            build_history(db, table)
            build_current(db, table)
            for suffix in SUFFIXES:
                db.execute(f"ANALYZE {table}_{suffix}")
        count(db, table)
        replace_by_view(db, table, view(table), PROOF)
    drop_old(db, PROOF)


def keeps(_: datetime) -> Mapping[str, str]:
    """The rows that the key keeps."""
    return {
        table: f"SELECT t.* FROM public.{table} t WHERE {KEPT.format(table=f'public.{table}')}" for table in MARKETS
    }


CONTENT = "betpawa_market_name, market_groups::text, handicap_type, handicap_home, handicap_away, outcomes::text, unavailable_at"
STORED = Stored(
    intervals="{table}_history",
    key=("book", "series", "twin"),
    contents=VALUES,
    match=(
        (
            "INSERT INTO rows_{table} SELECT i.*, b.book, b.number, coalesce(c.series, (SELECT coalesce(max(x.series), 0)"
            " FROM {table}_current x WHERE x.book = b.book) + dense_rank() OVER (PARTITION BY b.book, c.series IS NULL"
            " ORDER BY i.betpawa_market_id, i.line)), 0, i.twin = 1, c.series IS NULL,"
            f" bool_or(c.series IS NULL OR ({of('i', CONTENT)}) IS DISTINCT FROM ({of('c', CONTENT)}))"
            " OVER (PARTITION BY b.book, i.betpawa_market_id, i.line)"
            " FROM (SELECT i.*, row_number() OVER (PARTITION BY snapshot_id ORDER BY id) AS place, row_number() OVER"
            " (PARTITION BY snapshot_id, betpawa_market_id, line ORDER BY id DESC) AS twin FROM inserted_{table} i) i"
            " JOIN books_{table} b ON b.snapshot_id = i.snapshot_id"
            " LEFT JOIN {table}_current c ON c.book = b.book AND c.betpawa_market_id = i.betpawa_market_id"
            " AND c.line IS NOT DISTINCT FROM i.line"
        ),
    ),
    series=(
        (
            f"INSERT INTO {{table}}_current (book, series, since, {VALUES}) SELECT book, series, number, {VALUES}"
            f" FROM rows_{{table}} WHERE changed AND twin = 1 ON CONFLICT (book, series) DO UPDATE SET (since, {VALUES})"
            f" = (EXCLUDED.since, {of('EXCLUDED', VALUES)})"
        ),
    ),
    withdrawn=f"SELECT c.book, c.series, c.twin, {WITHDRAWN}, {of('c', f'{MARKET}, outcomes')}, u.unavailable_at"
    " FROM updated_{table} u JOIN {table}_snapshots n ON n.snapshot_id = u.snapshot_id JOIN {table}_lists l ON l.id = n.list"
    " JOIN {table}_current r ON r.book = n.book AND r.betpawa_market_id = u.betpawa_market_id AND {place} > 0"
    " JOIN {table}_history c ON c.book = r.book AND c.series = r.series AND c.twin = 1"
    " AND n.number BETWEEN c.since AND c.until",
    after_withdrawal=(
        (
            "UPDATE {table}_current c SET unavailable_at = r.unavailable_at, since = r.number FROM withdrawn_{table} r"
            " WHERE r.newest AND c.book = r.book AND c.series = r.series"
        ),
    ),
    after_deletion=(
        (
            "DELETE FROM {table}_current c WHERE NOT EXISTS (SELECT FROM {table}_history h WHERE h.book = c.book"
            " AND h.series = c.series AND h.twin = 1 AND h.until = {most} AND h.since = c.since)"
        ),
        (
            f"INSERT INTO {{table}}_current (book, series, since, {VALUES}) SELECT book, series, since, {VALUES}"
            " FROM {table}_history h WHERE twin = 1 AND until = {most}"
            " AND NOT EXISTS (SELECT FROM {table}_current c WHERE c.book = h.book AND c.series = h.series)"
        ),
    ),
)

SCENARIO = Scenario(
    title="Current rows and a history, by market and line",
    category=Category.DEDUPLICATE,
    hypothesis="A key that is none loses rows, and stores rows that did not change: it saves less than it gives up.",
    apply=apply,
    what="Current rows and a history of changes, keyed by market and line (loses split markets)",
    changes=dict.fromkeys(MARKETS, Shape.VIEW),
    requires=(*requirements(SUFFIXES), *limits()),
    losses=(lost_rows("market rows that share market and line with a later row of their snapshot"),),
    keeps=keeps,
    write={table: writing(table, STORED) for table in MARKETS},
    costs=(
        "Of a market that is split over rows (correct score, scorers), only one row of each snapshot can be read back.",
        "Writers update the current row of every market that changed, and insert it into the history.",
        "Writers take turns, and so does a retention. A transaction stores one snapshot of an event at most.",
        "Snapshots as they were are no part of the design: the lab adds lists and ids, so that old and new can be compared.",
    ),
    origins=origins("history", "current"),
    grows_with_scale=tuple(f"{table}_lists" for table in MARKETS),
    varies_with=("change rate",),
)
