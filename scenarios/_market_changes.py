"""Shared by the strategies that store a market row only when it changed: its series, its place, and its id.

A *book* is one event at one bookmaker. Its snapshots are numbered, and so are its series: rows of the same market in
successive snapshots. What a snapshot lists is stored once for each distinct list, as the place of every series of the
book, or 0 for a series that it lacks. A place and the first id of the snapshot give the id of the row.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lab.scenario import Database, Requirement, unused_names
from scenarios._market_rows import MARKETS, keep_foreign_key, view_columns

OWNERS = {"market_odds": ("event_id", "bookmaker_id"), "competitor_market_odds": ("competitor_event_id",)}
"""What makes a book: columns of its snapshots."""

MOST = 32_767
"""The largest smallint."""

SCRATCH = ("numbered", "listed", "placed", "ordered")

PLACE = "l.places[r.series]"
ROW_ID = f"n.first_id + coalesce(n.gaps[{PLACE}], 0) + {PLACE} - 1"
"""The place and the id of the row of series `r` in snapshot `n` with list `l`; a list ends with its last series."""
GAPS = """CASE WHEN max(id) - first_id + 1 <> count(*)
                  THEN array_agg((id - first_id - place + 1)::integer ORDER BY place) END"""
"""Of the rows of one snapshot: by how much the id of each place is not the one that follows from the first; NULL for no gap."""

# A snapshot that is missing makes a book of its own.
NUMBER_SNAPSHOTS = """
CREATE UNLOGGED TABLE numbered_{table} AS
SELECT snapshot_id, dense_rank() OVER (ORDER BY {owners}, missing)::integer AS book,
       row_number() OVER (PARTITION BY {owners}, missing ORDER BY snapshot_id)::smallint AS number
FROM (SELECT m.snapshot_id, {least}, CASE WHEN count(s.id) = 0 THEN m.snapshot_id END AS missing
      FROM (SELECT DISTINCT snapshot_id FROM {table}) m LEFT JOIN {snapshots} s ON s.id = m.snapshot_id
      GROUP BY m.snapshot_id) snapshots
"""

LIST_ROWS = """
CREATE UNLOGGED TABLE listed_{table} AS
SELECT m.id, m.snapshot_id, n.book, n.number, m.market, m.identity, m.content,
       row_number() OVER (PARTITION BY m.snapshot_id, m.identity ORDER BY m.id DESC)::smallint AS twin,
       row_number() OVER (PARTITION BY m.snapshot_id ORDER BY m.id)::smallint AS place
FROM (SELECT id, snapshot_id, {market} AS market, {identity} AS identity, {content} AS content FROM {table}) m
JOIN numbered_{table} n ON n.snapshot_id = m.snapshot_id
"""

# In the order in which they appear, so that books whose list never changes share it.
NUMBER_SERIES = """
CREATE UNLOGGED TABLE placed_{table} AS
SELECT l.*, s.series
FROM listed_{table} l
JOIN (SELECT {key}, row_number() OVER (PARTITION BY book ORDER BY min(number * 100000::bigint + place))::smallint AS series
      FROM listed_{table} GROUP BY {key}) s USING ({key})
"""

ORDER_SNAPSHOTS = """
CREATE UNLOGGED TABLE ordered_{table} AS
SELECT *, dense_rank() OVER (ORDER BY series, places)::integer AS list
FROM (SELECT snapshot_id, book, number, first_id, array_agg(series ORDER BY series) FILTER (WHERE {kept}) AS series,
             array_agg(place ORDER BY series) FILTER (WHERE {kept}) AS places,
             {gaps} AS gaps
      FROM (SELECT *, min(id) OVER (PARTITION BY snapshot_id) AS first_id FROM placed_{table}) placed
      GROUP BY snapshot_id, book, number, first_id) snapshots
"""

LISTS = """
INSERT INTO {table}_lists
SELECT o.list, (SELECT array_agg(coalesce(p.place, 0) ORDER BY s)
                FROM generate_series(1, o.series[cardinality(o.series)]) s
                LEFT JOIN unnest(o.series, o.places) AS p(series, place) ON p.series = s)
FROM (SELECT DISTINCT ON (list) list, series, places FROM ordered_{table} ORDER BY list) o
"""


@dataclass(frozen=True, kw_only=True)
class Series:
    """What makes a series: bigint expressions over a market row, and whether two rows of a snapshot can share them."""

    market: str
    """The hash of the columns that never change in a series."""
    identity: str
    """The hash by which a row finds its predecessor."""
    content: str
    """The hash of what may change."""
    twins: bool
    """Whether rows with one identity in one snapshot are series of their own; otherwise only the last of them is kept."""

    @property
    def kept(self) -> str:
        """The condition of the rows that a snapshot lists."""
        return "true" if self.twins else "twin = 1"


def place(db: Database, table: str, series: Series) -> None:
    """Number the snapshots, series and places in scratch tables; each row once, with hashes instead of its values."""
    owners = OWNERS[table]
    values = {
        "table": table,
        "snapshots": MARKETS[table],
        "owners": ", ".join(owners),
        "least": ", ".join(f"min(s.{owner}) AS {owner}" for owner in owners),
        "market": series.market,
        "identity": series.identity,
        "content": series.content,
        "key": "book, identity, twin" if series.twins else "book, identity",
        "kept": series.kept,
        "gaps": GAPS,
    }
    for name, sql in zip(SCRATCH, (NUMBER_SNAPSHOTS, LIST_ROWS, NUMBER_SERIES, ORDER_SNAPSHOTS), strict=True):
        db.execute(f"DROP TABLE IF EXISTS {name}_{table}")
        db.execute(sql.format_map(values))
        db.execute(f"ANALYZE {name}_{table}")


def build_lists(db: Database, table: str) -> None:
    """The distinct lists, and one row per snapshot with its list and its first id."""
    db.execute(f"DROP TABLE IF EXISTS {table}_lists, {table}_snapshots")
    db.execute(f"CREATE TABLE {table}_lists (id integer PRIMARY KEY, places smallint[] NOT NULL)")
    db.execute(LISTS.format(table=table))
    db.execute(
        f"CREATE TABLE {table}_snapshots (snapshot_id bigint, first_id bigint NOT NULL, book integer NOT NULL,"
        " list integer NOT NULL, number smallint NOT NULL, gaps integer[])"
    )
    db.execute(
        f"INSERT INTO {table}_snapshots SELECT snapshot_id, first_id, book, list, number, gaps FROM ordered_{table}"
        " ORDER BY snapshot_id"
    )
    db.execute(f"ALTER TABLE {table}_snapshots ADD PRIMARY KEY (snapshot_id)")
    keep_foreign_key(db, table, f"{table}_snapshots")
    # Writers go on taking ids from it when the old table is gone.
    db.execute(f"ALTER SEQUENCE {table}_id_seq OWNED BY NONE")


def columns(market: str) -> str:
    """The columns of the view: the id from snapshot `n`, what may change from `c`, and the rest from the alias `market`."""
    return view_columns("n", market, id=ROW_ID, outcomes="c.outcomes", unavailable_at="c.unavailable_at")


def origins(*suffixes: str) -> Mapping[str, str]:
    """The tables with these suffixes grow with the market rows, and the lists of snapshots with the snapshots."""
    return {
        f"{table}_{suffix}": origin
        for table, snapshots in MARKETS.items()
        for suffix, origin in (*((suffix, table) for suffix in suffixes), ("snapshots", snapshots))
    }


def limits() -> Iterator[Requirement]:
    """What the numbers can hold, and the names of the scratch tables."""
    for table, owners in OWNERS.items():
        yield Requirement(
            name=f"no event of {table} has more than {MOST:,} snapshots at one bookmaker",
            sql=f"SELECT count(*) FROM (SELECT FROM {MARKETS[table]} GROUP BY {', '.join(owners)}"
            f" HAVING count(*) > {MOST}) long",
        )
        yield Requirement(
            name=f"no snapshot of {table} has more than {MOST:,} rows",
            sql=f"SELECT count(*) FROM (SELECT FROM {table} GROUP BY snapshot_id HAVING count(*) > {MOST}) wide",
        )
    yield unused_names(*(f"{name}_{table}" for table in MARKETS for name in SCRATCH))
