"""Store the outcomes of a market as columns or arrays instead of repeated JSON text.

Every row repeats the market's names, its groups and the keys "name", "odds", "is_active"; only the odds are new.
Three forms, each with a view under the old name that gives back the same rows:

- `rows`: one row per outcome. This is the textbook form; a row costs 24 bytes of header, a pointer and its keys.
- `packed`: a lookup table of markets (id, name, groups, line, handicap, names of the outcomes). A market row keeps the id
  in the lookup and the odds as integers of hundredths.
- `snapshot`: the same lookup, and one row per snapshot with all its odds in one array. Snapshots of an event list the
  same markets in the same order, so that list is stored once, as a layout. Where an event's list of markets changes
  over time, there are more layouts: a workload in which it does not change measures the best case.

A document that a form cannot give back exactly (a third decimal, another key, no outcome at all) is stored as it is: in the
row, or as a market of its own in the lookup. Ids are kept. A snapshot whose ids have gaps lists them.
"""

from collections.abc import Callable

from lab.scenario import Category, Database, Scenario, Shape, Writing
from scenarios._market_lookup import (
    add_all_markets,
    blocks_of,
    create_lookup,
    exceptions_of,
    layouts_of,
    listed,
    outcomes_of,
    packed_of,
    rows_of,
    write_packed,
    write_rows,
    write_snapshot,
)
from scenarios._market_rows import (
    FLOATS,
    HUNDREDTHS,
    MARKETS,
    drop_old,
    keep_foreign_key,
    parse,
    replace_by_view,
    requirements,
    view_columns,
)

UNPACK = """
CREATE OR REPLACE FUNCTION unpacked_outcomes(names text[], odds integer[]) RETURNS json
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT json_agg(json_build_object('name', o.name, 'odds', round(abs(o.odds) / 100.0, 2), 'is_active', o.odds > 0)
                  ORDER BY o.position)
  FROM unnest(names, odds) WITH ORDINALITY AS o(name, odds, position)
  WHERE o.name IS NOT NULL
$$
"""


def build_lookup(db: Database) -> None:
    """One lookup for both tables; the application finds a market by its `key` when it writes."""
    with db.step("build the lookup"):
        create_lookup(db, "outcome_names text[] NOT NULL, outcomes json")
        for statement in add_all_markets([f"parsed_{table}" for table in MARKETS]):
            db.execute(statement)
        db.execute("ANALYZE market_lookup")
        db.execute(UNPACK)
    db.note(f"The lookup holds {db.value('SELECT count(*) FROM market_lookup'):,} markets.")


def apply_rows(db: Database) -> None:
    """One row per outcome; the market rows lose their JSON."""
    parse(db, FLOATS)
    for table in MARKETS:
        with db.step(f"{table}: one row per outcome"):
            db.execute(f"DROP TABLE IF EXISTS {table}_outcomes")
            db.execute(
                f"CREATE TABLE {table}_outcomes (market_odds_id bigint, position smallint, name varchar(255) NOT NULL,"
                " odds float8 NOT NULL, is_active boolean NOT NULL)"
            )
            db.execute(outcomes_of(table, f"parsed_{table}"))
            db.execute(f"ALTER TABLE {table}_outcomes ADD PRIMARY KEY (market_odds_id, position)")
        with db.step(f"{table}: market rows without JSON"):
            db.execute(f"DROP TABLE IF EXISTS {table}_rows")
            db.execute(f"CREATE TABLE {table}_rows (LIKE {table} INCLUDING ALL)")
            db.execute(f"ALTER TABLE {table}_rows ALTER COLUMN outcomes DROP NOT NULL")
            db.execute(rows_of(table, f"parsed_{table}"))
            db.execute(f"REINDEX TABLE {table}_rows")  # its indexes were filled row by row
            keep_foreign_key(db, table, f"{table}_rows")
            db.execute(f"ALTER SEQUENCE {table}_id_seq OWNED BY {table}_rows.id")
        outcomes = (
            "coalesce(m.outcomes, (SELECT json_agg(json_build_object('name', o.name, 'odds', o.odds, 'is_active',"
            f" o.is_active) ORDER BY o.position) FROM {table}_outcomes o WHERE o.market_odds_id = m.id))"
        )
        replace_by_view(db, table, f"SELECT {view_columns('m', 'm', outcomes=outcomes)} FROM {table}_rows m")
    drop_old(db)


def apply_packed(db: Database) -> None:
    """A lookup of markets; a market row keeps an id and integers."""
    parse(db, HUNDREDTHS)
    build_lookup(db)
    for table in MARKETS:
        with db.step(f"{table}: packed rows"):
            db.execute(f"DROP TABLE IF EXISTS {table}_packed")
            db.execute(
                f"CREATE TABLE {table}_packed (id bigint, snapshot_id bigint NOT NULL, market integer NOT NULL,"
                " odds1 integer, odds2 integer, odds3 integer, more_odds integer[], unavailable_at timestamptz)"
            )
            db.execute(packed_of(table, f"parsed_{table}"))
            db.execute(f"ALTER TABLE {table}_packed ADD PRIMARY KEY (id)")
            db.execute(f"CREATE INDEX ON {table}_packed (snapshot_id, market)")
            db.execute(f"CREATE INDEX ON {table}_packed (market)")
            keep_foreign_key(db, table, f"{table}_packed")
        packed = "unpacked_outcomes(d.outcome_names, ARRAY[m.odds1, m.odds2, m.odds3] || m.more_odds)"
        columns = view_columns("m", "d", outcomes=f"coalesce(d.outcomes, {packed})")
        replace_by_view(db, table, f"SELECT {columns} FROM {table}_packed m JOIN market_lookup d ON d.id = m.market")
    drop_old(db)


def apply_snapshot(db: Database) -> None:
    """A lookup of markets, layouts, and one row per snapshot."""
    parse(db, HUNDREDTHS)
    build_lookup(db)
    for table in MARKETS:
        with db.step(f"{table}: layouts"):
            build_layouts(db, table)
        with db.step(f"{table}: one row per snapshot"):
            build_blocks(db, table)
            keep_foreign_key(db, table, f"{table}_blocks")
        prices = "unpacked_outcomes(d.outcome_names, m.odds[u.start : u.start + cardinality(d.outcome_names) - 1])"
        # Where the ids have no gaps, the id of a market row is the first id plus its position.
        row_id = "m.first_id + coalesce(m.gaps[u.position::integer], 0) + u.position - 1"
        outcomes = f"coalesce(d.outcomes, {prices})"
        columns = view_columns("m", "d", id=row_id, outcomes=outcomes, unavailable_at="x.unavailable_at")
        replace_by_view(
            db,
            table,
            f"SELECT {columns} FROM {table}_blocks m JOIN {table}_layouts l ON l.id = m.layout"
            " CROSS JOIN LATERAL unnest(l.markets, l.starts) WITH ORDINALITY AS u(market, start, position)"
            f" LEFT JOIN {table}_exceptions x ON x.id = {row_id}"
            " JOIN market_lookup d ON d.id = coalesce(x.market, u.market)",
        )
    drop_old(db)


def build_layouts(db: Database, table: str) -> None:
    """Each distinct list of markets, with the position of each market's first price."""
    db.execute(f"DROP TABLE IF EXISTS listed_{table}, {table}_layouts")
    db.execute(f"CREATE UNLOGGED TABLE listed_{table} AS {listed(f'parsed_{table}')}")
    db.execute(
        f"CREATE TABLE {table}_layouts (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, markets integer[] NOT NULL,"
        " starts integer[] NOT NULL)"
    )
    db.execute(layouts_of(table, f"listed_{table}"))


def build_blocks(db: Database, table: str) -> None:
    """One row per snapshot (layout, id of the first market row, prices in order), and the table of exceptions."""
    db.execute(f"DROP TABLE IF EXISTS {table}_blocks, {table}_exceptions")
    db.execute(
        f"CREATE TABLE {table}_blocks (snapshot_id bigint, first_id bigint NOT NULL, layout integer NOT NULL,"
        " odds integer[] NOT NULL, gaps integer[])"
    )
    db.execute(blocks_of(table, f"parsed_{table}", f"listed_{table}"))
    db.execute(f"ALTER TABLE {table}_blocks ADD PRIMARY KEY (snapshot_id)")
    db.execute(f"CREATE TABLE {table}_exceptions (id bigint PRIMARY KEY, unavailable_at timestamptz, market integer)")
    db.execute(exceptions_of(table, f"parsed_{table}"))
    db.execute(f"DROP TABLE listed_{table}")


def form(  # noqa: PLR0913 - the words of a scenario and its functions
    apply: Callable[[Database], None],
    suffixes: tuple[str, ...],
    *,
    words: tuple[str, str, str],
    cost: str,
    write: Callable[[str], Writing],
    leads: bool = False,
) -> Scenario:
    """A scenario of one form; `words` are its title, the strategy as an order, and the hypothesis."""
    title, what, hypothesis = words
    return Scenario(
        title=title,
        category=Category.NORMALIZE,
        hypothesis=hypothesis,
        apply=apply,
        what=what,
        changes=dict.fromkeys(MARKETS, Shape.VIEW),
        requires=tuple(requirements(suffixes)),
        costs=(
            cost,
            "The view is read-only: writers must use the new tables and assign the ids of new market rows themselves.",
        ),
        write={table: write(table) for table in MARKETS},
        origins={f"{table}_{suffix}": table for table in MARKETS for suffix in suffixes},
        grows_with_scale=("market_lookup",),
        varies_with=("list churn",) if leads else (),
        leads=leads,
        follows=frozenset({Category.ELIMINATE} if leads else ()),
    )


VARIANTS = {
    "outcome_normalization_rows": form(
        apply_rows,
        ("rows", "outcomes"),
        words=(
            "One row per outcome",
            "One row per outcome instead of JSON",
            "112 bytes of JSON become several rows with a header of 24 bytes each, so the database grows.",
        ),
        write=write_rows,
        cost="There are two to three times more rows: inserts are slower, and reading one market needs a join.",
    ),
    "outcome_normalization_packed": form(
        apply_packed,
        ("packed",),
        words=(
            "Market lookup and packed odds",
            "One narrow row per market, its names in a lookup",
            "Repeated values move into the lookup; a market row keeps an id and a few integers.",
        ),
        write=write_packed,
        cost="Every read joins the lookup and rebuilds the JSON. Of two writers that meet the same new markets at both sides at"
        " once, one may have to try again.",
    ),
    "outcome_normalization_snapshot": form(
        apply_snapshot,
        ("blocks", "layouts", "exceptions"),
        words=(
            "One row per snapshot",
            "One row per snapshot with its odds in an array, markets in a lookup",
            "171 rows with their headers, keys and index entries become one row with one array.",
        ),
        write=write_snapshot,
        cost="Reading one market's history unpacks the array of every snapshot. Markets have no index, market rows no key."
        " Writers take turns.",
        leads=True,
    ),
}
