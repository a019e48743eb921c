"""Store a market row only when it differs from the previous row of its series.

Successive snapshots of an event repeat most of their rows. Here a row is stored with the numbers of the snapshots since and
until which it holds. What a snapshot lists is stored apart, once for each distinct list: a market that vanishes and returns
with the same price costs a list, and no row.

A series is one market of one event at one bookmaker: its id, name, line, handicap, groups, and the name of its first
outcome, because big markets are split over rows that share everything else. Rows that share even that are told apart by
their order. A series that is matched badly costs rows and loses none: a view gives back every row of every snapshot, with
its id and its document to the letter.
"""

from lab.scenario import Category, Database, Scenario, Shape
from scenarios._change_writes import GONE, WITHDRAWN, Stored, writing
from scenarios._market_changes import MOST, PLACE, SCRATCH, Series, build_lists, columns, limits, origins, place
from scenarios._market_rows import MARKET, MARKETS, Proof, drop_old, of, replace_by_view, requirements

SUFFIXES = ("snapshots", "lists", "series", "markets", "changes")

CONSTANT = (
    "betpawa_market_id, betpawa_market_name, market_groups::text, line::text, handicap_type, handicap_home::text,"
    " handicap_away::text"
)
FIRST_NAME = "split_part(outcomes::text, '\"', 4)"
SERIES = Series(
    market=f"hash_record_extended(ROW({CONSTANT}), 0)",
    identity=f"hash_record_extended(ROW({CONSTANT}, {FIRST_NAME}), 0)",
    content="hash_record_extended(ROW(outcomes::text, unavailable_at), 0)",
    twins=True,
)
PROOF = Proof(documents="text", scratch=SCRATCH)

CHANGES = """
INSERT INTO {table}_changes
SELECT c.book, c.series, c.number, lead(c.number - 1, 1, {most}) OVER (PARTITION BY c.book, c.series ORDER BY c.number),
       m.outcomes, m.unavailable_at
FROM (SELECT id, book, series, number, content, lag(content) OVER (PARTITION BY book, series ORDER BY number) AS earlier
      FROM placed_{table}) c
JOIN {table} m ON m.id = c.id
WHERE c.content IS DISTINCT FROM c.earlier
ORDER BY c.book, c.series, c.number
"""


def build_series(db: Database, table: str) -> None:
    """The lookup of markets, and which series of a book is of which market."""
    db.execute(f"DROP TABLE IF EXISTS {table}_markets, {table}_series")
    db.execute(
        f"CREATE TABLE {table}_markets (id integer PRIMARY KEY, betpawa_market_id varchar(50) NOT NULL,"
        " betpawa_market_name varchar(255) NOT NULL, line float8, handicap_type varchar(50), handicap_home float8,"
        " handicap_away float8, market_groups json)"
    )
    db.execute(
        f"INSERT INTO {table}_markets (id, {MARKET}) SELECT row_number() OVER (ORDER BY k.market), {of('m')}"
        f" FROM (SELECT market, min(id) AS id FROM placed_{table} GROUP BY market) k JOIN {table} m ON m.id = k.id"
    )
    db.execute(f"CREATE INDEX ON {table}_markets (betpawa_market_id)")
    db.execute(f"CREATE TABLE {table}_series (book integer, market integer, series smallint)")
    db.execute(
        f"INSERT INTO {table}_series SELECT book, dense_rank() OVER (ORDER BY market), series"
        f" FROM (SELECT DISTINCT book, market, series FROM placed_{table}) s ORDER BY book, 2, series"
    )
    db.execute(f"ALTER TABLE {table}_series ADD PRIMARY KEY (book, market, series)")


def build_changes(db: Database, table: str) -> None:
    """The rows that differ from the previous one of their series."""
    db.execute(f"DROP TABLE IF EXISTS {table}_changes")
    db.execute(
        f"CREATE TABLE {table}_changes (book integer, series smallint, since smallint NOT NULL, until smallint,"
        " outcomes json NOT NULL, unavailable_at timestamptz)"
    )
    db.execute(CHANGES.format(table=table, most=MOST))
    # By its end, so that the newest row of a series is found at once.
    db.execute(f"ALTER TABLE {table}_changes ADD PRIMARY KEY (book, series, until)")


def view(table: str) -> str:
    """Each snapshot's list, with the row that holds of each series that it lists."""
    return (
        f"SELECT {columns('d')} FROM {table}_snapshots n JOIN {table}_lists l ON l.id = n.list"
        f" JOIN {table}_series r ON r.book = n.book AND {PLACE} > 0 JOIN {table}_markets d ON d.id = r.market"
        f" JOIN {table}_changes c ON c.book = n.book AND c.series = r.series AND n.number BETWEEN c.since AND c.until"
    )


def apply(db: Database) -> None:
    """Both market tables, one after the other."""
    for table in MARKETS:
        with db.step(f"{table}: find the series"):
            place(db, table, SERIES)
        with db.step(f"{table}: store the changes"):
            build_lists(db, table)
            build_series(db, table)
            build_changes(db, table)
            for suffix in SUFFIXES:
                db.execute(f"ANALYZE {table}_{suffix}")
        replace_by_view(db, table, view(table), PROOF)
        rows, changes, lists = (
            db.value(f"SELECT count(*) FROM {table}_{suffix}") for suffix in ("old", "changes", "lists")
        )
        db.note(f"{table}: {changes:,} of {rows:,} rows are changes; there are {lists:,} distinct lists")
    drop_old(db, PROOF)


SAME_MARKET = f"({of('d', CONSTANT)}) IS NOT DISTINCT FROM ({of('i', CONSTANT)})"
STORED = Stored(
    intervals="{table}_changes",
    key=("book", "series"),
    contents="outcomes, unavailable_at",
    match=(
        (
            f"INSERT INTO {{table}}_markets (id, {MARKET}) SELECT (SELECT coalesce(max(id), 0) FROM {{table}}_markets)"
            f" + row_number() OVER (), {of('k')} FROM (SELECT DISTINCT ON ({of('i', CONSTANT)}) {of('i')}"
            " FROM inserted_{table} i WHERE NOT EXISTS (SELECT FROM {table}_markets d"
            f" WHERE d.betpawa_market_id = i.betpawa_market_id AND {SAME_MARKET})) k"
        ),
        (
            "INSERT INTO rows_{table} SELECT i.*, b.book, b.number, coalesce(c.series, (SELECT coalesce(max(x.series), 0)"
            " FROM {table}_series x WHERE x.book = b.book) + row_number() OVER"
            " (PARTITION BY b.book, c.series IS NULL ORDER BY i.id)),"
            " d.id, true, c.series IS NULL,"
            " (c.outcomes::text, c.unavailable_at) IS DISTINCT FROM (i.outcomes::text, i.unavailable_at)"
            " FROM (SELECT i.*, row_number() OVER (PARTITION BY snapshot_id ORDER BY id) AS place,"
            f" row_number() OVER (PARTITION BY snapshot_id, {CONSTANT}, {FIRST_NAME} ORDER BY id) AS twin"
            " FROM inserted_{table} i) i"
            " JOIN books_{table} b ON b.snapshot_id = i.snapshot_id"
            f" JOIN {{table}}_markets d ON d.betpawa_market_id = i.betpawa_market_id AND {SAME_MARKET}"
            f" LEFT JOIN (SELECT s.book, s.market, s.series, c.outcomes, c.unavailable_at, {FIRST_NAME} AS first,"
            f" row_number() OVER (PARTITION BY s.book, s.market, {FIRST_NAME} ORDER BY s.series) AS twin"
            " FROM {table}_series s JOIN {table}_changes c ON c.book = s.book AND c.series = s.series AND c.until = {most}"
            " WHERE s.book IN (SELECT book FROM books_{table})) c"
            f" ON c.book = b.book AND c.market = d.id AND c.first = {FIRST_NAME.replace('outcomes', 'i.outcomes')}"
            " AND c.twin = i.twin"
        ),
    ),
    series=("INSERT INTO {table}_series SELECT book, market, series FROM rows_{table} WHERE fresh ORDER BY 1, 2, 3",),
    withdrawn=f"SELECT c.book, c.series, {WITHDRAWN}, c.outcomes, u.unavailable_at"
    " FROM updated_{table} u"
    " JOIN {table}_snapshots n ON n.snapshot_id = u.snapshot_id JOIN {table}_lists l ON l.id = n.list"
    " JOIN {table}_series r ON r.book = n.book AND {place} > 0"
    " JOIN {table}_markets d ON d.id = r.market AND d.betpawa_market_id = u.betpawa_market_id"
    " JOIN {table}_changes c ON c.book = n.book AND c.series = r.series AND n.number BETWEEN c.since AND c.until",
    after_deletion=(f"DELETE FROM {{table}}_series c WHERE {GONE}",),
)

SCENARIO = Scenario(
    title="Changes only",
    category=Category.DEDUPLICATE,
    hypothesis="In calm hours a few percent of the rows change between two snapshots; all others need not be stored again.",
    apply=apply,
    what="Store a market row only when it changed",
    changes=dict.fromkeys(MARKETS, Shape.VIEW),
    requires=(*requirements(SUFFIXES), *limits()),
    write={table: writing(table, STORED) for table in MARKETS},
    costs=(
        "Writers compare each new row with the last one of its series; they end that one and insert the change, and new lists.",
        "Writers take turns, and so does a retention. A transaction stores one snapshot of an event at most.",
        "A snapshot's rows lie scattered over the pages of its event's history, instead of side by side.",
        "A row is found by its snapshot or by event and market. By its id, or by a change time, the whole view is read.",
        "A single old snapshot cannot be deleted with its rows: later ones may refer to them. Delete finished events whole.",
    ),
    origins=origins("changes", "series"),
    grows_with_scale=tuple(f"{table}_{suffix}" for table in MARKETS for suffix in ("lists", "markets")),
    varies_with=("change rate", "list churn"),
    follows=frozenset({Category.ELIMINATE}),
)
