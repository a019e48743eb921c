"""Drop the indexes that another index replaces and those that no read uses, and summarise time instead of listing it.

An index costs bytes and time with every row, and is worth it only to the statements that use it. Three kinds go:

- redundant: its columns are the first columns of another index, which answers the same searches (`snapshot_id` beside
  `snapshot_id, betpawa_market_id`);
- unused: no read of the application searches by it. A market is always looked for within a snapshot, never by itself;
- a B-tree on a time in whose order the rows lie: a BRIN index finds them by ranges of blocks, in a few pages.

Indexes are found by their definition, because their names differ from one database to the next. One that is not there, or
whose replacement is not, is left alone: another database with other indexes loses fewer, and never another than declared.
"""

from dataclasses import dataclass

from lab.scenario import Category, Database, NothingToDoError, Scenario, Shape, lost_index

TIMES, TIME = "competitor_odds_snapshots", "captured_at"
BLOCKS = 32
"""Blocks per range of the BRIN index."""
MOST_RANGES = 4
"""In how many ranges a moment may lie on average, for the rows to count as ordered by time."""
BRIN = f"brin ({TIME}) WITH (pages_per_range='{BLOCKS}')"


@dataclass(frozen=True, kw_only=True)
class Surplus:
    """An index that can go."""

    table: str
    definition: str
    """As the server writes it after USING."""
    replaced_by: str = ""
    """The index that must be there to answer the same searches; empty where nothing searches by it."""


SURPLUS = (
    Surplus(
        table="market_odds",
        definition="btree (snapshot_id)",
        replaced_by="btree (snapshot_id, betpawa_market_id)",
    ),
    Surplus(table="market_odds", definition="btree (betpawa_market_id)"),
    Surplus(table="competitor_market_odds", definition="btree (betpawa_market_id)"),
    Surplus(
        table="odds_snapshots",
        definition="btree (event_id)",
        replaced_by="btree (event_id, captured_at DESC)",
    ),
    Surplus(table="odds_snapshots", definition="btree (bookmaker_id)"),
    Surplus(table=TIMES, definition=f"btree ({TIME})", replaced_by=BRIN),
    Surplus(table="event_scrape_status", definition="btree (sportradar_id)"),
    Surplus(table="competitor_events", definition="btree (source)", replaced_by="btree (source, external_id)"),
    Surplus(table="competitor_tournaments", definition="btree (source)", replaced_by="btree (source, external_id)"),
)


def defined(index: str, surplus_definition: str) -> str:
    """Whether the row `index` of pg_index is valid and has that definition."""
    quoted = surplus_definition.replace("'", "''")
    return f"{index}.indisvalid AND regexp_replace(pg_get_indexdef({index}.indexrelid), '^.* USING ', '') = '{quoted}'"


def query_of(surplus: Surplus, *, replaced: bool = True) -> str:
    """A query for the index, as `i`, without one that a constraint is made of; `replaced`: if its replacement is there."""
    table = f"'{surplus.table}'::regclass"
    other = (
        f" AND EXISTS (SELECT FROM pg_index x WHERE x.indrelid = {table} AND {defined('x', surplus.replaced_by)})"
        if replaced and surplus.replaced_by
        else ""
    )
    return (
        f"SELECT i.indexrelid::regclass FROM pg_index i WHERE i.indrelid = {table} AND {defined('i', surplus.definition)}"
        f" AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid){other}"
    )


def summarise_time(db: Database) -> None:
    """Build the BRIN index where the B-tree is and the rows lie in the order of time."""
    (btree,) = (surplus for surplus in SURPLUS if surplus.replaced_by == BRIN)
    ranges = f"SELECT min({TIME}) AS first, max({TIME}) AS last FROM {TIMES} GROUP BY (ctid::text::point)[0]::bigint / {BLOCKS}"
    ordered = f"SELECT sum(last - first) <= {MOST_RANGES} * (max(last) - min(first)) FROM ({ranges}) ranges"
    there = f"SELECT FROM pg_index x WHERE x.indrelid = '{TIMES}'::regclass AND {defined('x', BRIN)}"
    db.execute(
        f"DO $$ BEGIN IF EXISTS ({query_of(btree, replaced=False)}) AND NOT EXISTS ({there}) AND ({ordered}) THEN"
        f" CREATE INDEX ON {TIMES} USING brin ({TIME}) WITH (pages_per_range = {BLOCKS}); END IF; END $$"
    )


def drop(db: Database, surplus: Surplus) -> None:
    """Drop it, if it and its replacement are there."""
    db.execute(
        f"DO $$ DECLARE surplus regclass; BEGIN FOR surplus IN {query_of(surplus)} LOOP"
        " EXECUTE 'DROP INDEX ' || surplus; END LOOP; END $$"
    )


def apply(db: Database) -> None:
    """Build what replaces, then drop."""
    if not any(db.fetch(query_of(surplus, replaced=False)) for surplus in SURPLUS):
        raise NothingToDoError("Nothing to trim: none of the indexes that it drops is there.")
    with db.step("summarise time by block ranges"):
        summarise_time(db)
    for surplus in SURPLUS:
        report(db, surplus)
    with db.step("drop the indexes", final=True):
        for surplus in SURPLUS:
            drop(db, surplus)


def report(db: Database, surplus: Surplus) -> None:
    """Note what the index takes, or why it stays."""
    size = "(SELECT coalesce(sum(pg_relation_size(relid)), pg_relation_size(f)) FROM pg_partition_tree(f))"
    sizes = db.fetch(f"SELECT {size} FROM ({query_of(surplus)}) indexes(f)")
    words = f"{surplus.table}: {surplus.definition}"
    if sizes:
        db.note(f"{words} took {sum(size for (size,) in sizes):,} bytes")
    else:
        db.note(f"{words} is not there, or its replacement is not: nothing was dropped")


SCENARIO = Scenario(
    title="Trim indexes",
    category=Category.REARRANGE,
    hypothesis="A fifth of the index bytes answers no read, or answers what another index answers too.",
    apply=apply,
    what="Drop redundant and unused indexes, and use BRIN for time",
    changes=dict.fromkeys((surplus.table for surplus in SURPLUS), Shape.TABLE),
    losses=tuple(lost_index(surplus.table, surplus.definition) for surplus in SURPLUS),
    costs=(
        "A search for a market in all snapshots at once reads the whole market table; Q1-Q10 never ask that.",
        "Counting the market rows per snapshot (Q6) reads an index with three times as many bytes per row.",
        "A search by capture time reads whole block ranges of competitor_odds_snapshots; BRIN gives no order.",
        "Deleting a bookmaker reads all of odds_snapshots; a search for one event reads all of event_scrape_status.",
        "DROP INDEX takes ACCESS EXCLUSIVE for a moment. The way back, CREATE INDEX, reads the table and locks out writers.",
    ),
)
