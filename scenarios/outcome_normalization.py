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

from lab.scenario import Category, Database, Scenario, Shape
from scenarios._market_rows import (
    COLUMNS,
    FLOATS,
    HUNDREDTHS,
    KEY,
    MARKET,
    MARKETS,
    drop_old,
    keep_foreign_key,
    of,
    parse,
    replace_by_view,
    requirements,
    view_columns,
)

USUAL_KEY = f"md5(ROW({of('p', KEY)})::text)"
VERBATIM_KEY = f"md5(ROW({of('p', KEY)}, p.verbatim::text)::text)"

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
        db.execute("DROP TABLE IF EXISTS market_lookup")
        db.execute(
            "CREATE TABLE market_lookup (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key text NOT NULL UNIQUE,"
            " betpawa_market_id varchar(50) NOT NULL, betpawa_market_name varchar(255) NOT NULL, market_groups json,"
            " line float8, handicap_type varchar(50), handicap_home float8, handicap_away float8,"
            " outcome_names text[] NOT NULL, outcomes json)"
        )
        add_markets(db, USUAL_KEY, f"{of('p', KEY)}, NULL", "true")
        add_markets(db, VERBATIM_KEY, f"{of('p', KEY)}, p.verbatim::text", "p.verbatim IS NOT NULL")
        db.execute("ANALYZE market_lookup")
        db.execute(UNPACK)
    db.note(f"The lookup holds {db.value('SELECT count(*) FROM market_lookup'):,} markets.")


def add_markets(db: Database, key: str, values: str, condition: str) -> None:
    """Add the distinct markets of both tables; `values` are the columns of the key, and a document or NULL."""
    union = " UNION ".join(f"SELECT {key}, {values} FROM parsed_{table} p WHERE {condition}" for table in MARKETS)
    columns = f"key, {MARKET}, outcome_names, outcomes"
    db.execute(
        f"INSERT INTO market_lookup ({columns}) SELECT p.key, {of('p').replace('groups', 'groups::json')},"
        f" p.outcome_names, p.outcomes::json FROM ({union}) p({columns}) ORDER BY p.betpawa_market_id, p.line, p.key"
    )


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
            db.execute(
                f"INSERT INTO {table}_outcomes SELECT p.id, u.position, u.name, u.odds, u.active FROM parsed_{table} p,"
                " unnest(p.outcome_names, p.odds, p.active) WITH ORDINALITY AS u(name, odds, active, position)"
                " WHERE p.verbatim IS NULL ORDER BY p.id, u.position"
            )
            db.execute(f"ALTER TABLE {table}_outcomes ADD PRIMARY KEY (market_odds_id, position)")
        with db.step(f"{table}: market rows without JSON"):
            db.execute(f"DROP TABLE IF EXISTS {table}_rows")
            db.execute(f"CREATE TABLE {table}_rows (LIKE {table} INCLUDING ALL)")
            db.execute(f"ALTER TABLE {table}_rows ALTER COLUMN outcomes DROP NOT NULL")
            db.execute(
                f"INSERT INTO {table}_rows ({COLUMNS}) SELECT {of('p', COLUMNS.replace('outcomes', 'verbatim'))}"
                f" FROM parsed_{table} p ORDER BY p.id"
            )
            db.execute(f"REINDEX TABLE {table}_rows")  # its indexes were filled row by row
            keep_foreign_key(db, table, f"{table}_rows")
            db.execute(f"ALTER SEQUENCE {table}_id_seq OWNED BY {table}_rows.id")
        outcomes = (
            "coalesce(m.outcomes, (SELECT json_agg(json_build_object('name', o.name, 'odds', o.odds, 'is_active',"
            f" o.is_active) ORDER BY o.position) FROM {table}_outcomes o WHERE o.market_odds_id = m.id))"
        )
        replace_by_view(db, table, f"SELECT {view_columns('m', 'm', outcomes)} FROM {table}_rows m")
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
            db.execute(
                f"INSERT INTO {table}_packed SELECT p.id, p.snapshot_id, d.id, p.odds[1], p.odds[2], p.odds[3],"
                f" CASE WHEN cardinality(p.odds) > 3 THEN p.odds[4:] END, p.unavailable_at FROM parsed_{table} p"
                f" JOIN market_lookup d ON d.key = CASE WHEN p.verbatim IS NULL THEN {USUAL_KEY} ELSE {VERBATIM_KEY} END"
                " ORDER BY p.id"
            )
            db.execute(f"ALTER TABLE {table}_packed ADD PRIMARY KEY (id)")
            db.execute(f"CREATE INDEX ON {table}_packed (snapshot_id, market)")
            db.execute(f"CREATE INDEX ON {table}_packed (market)")
            keep_foreign_key(db, table, f"{table}_packed")
        packed = "unpacked_outcomes(d.outcome_names, ARRAY[m.odds1, m.odds2, m.odds3] || m.more_odds)"
        columns = view_columns("m", "d", f"coalesce(d.outcomes, {packed})")
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
        columns = view_columns("m", "d", f"coalesce(d.outcomes, {prices})", "x.unavailable_at")
        # Where the ids have no gaps, the id of a market row is the first id plus its position.
        row_id = "m.first_id + coalesce(m.gaps[u.position::integer], 0) + u.position - 1"
        replace_by_view(
            db,
            table,
            f"SELECT {columns.replace('m.id', f'{row_id} AS id', 1)}"
            f" FROM {table}_blocks m JOIN {table}_layouts l ON l.id = m.layout"
            " CROSS JOIN LATERAL unnest(l.markets, l.starts) WITH ORDINALITY AS u(market, start, position)"
            f" LEFT JOIN {table}_exceptions x ON x.id = {row_id}"
            " JOIN market_lookup d ON d.id = coalesce(x.market, u.market)",
        )
    drop_old(db)


def build_layouts(db: Database, table: str) -> None:
    """Each distinct list of markets, with the position of each market's first price."""
    db.execute(f"DROP TABLE IF EXISTS listed_{table}, {table}_layouts")
    db.execute(
        f"CREATE UNLOGGED TABLE listed_{table} AS SELECT p.snapshot_id, min(p.id) AS first_id,"
        " array_agg(d.id ORDER BY p.id) AS markets, array_agg(cardinality(p.odds) ORDER BY p.id) AS counts,"
        " CASE WHEN max(p.id) - min(p.id) + 1 <> count(*) THEN array_agg(p.id ORDER BY p.id) END AS ids"
        f" FROM parsed_{table} p JOIN market_lookup d ON d.key = {USUAL_KEY} GROUP BY p.snapshot_id"
    )
    db.execute(
        f"CREATE TABLE {table}_layouts (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, markets integer[] NOT NULL,"
        " starts integer[] NOT NULL)"
    )
    db.execute(
        f"INSERT INTO {table}_layouts (markets, starts) SELECT l.markets, (SELECT array_agg(s.start ORDER BY s.position)"
        " FROM (SELECT position, 1 + sum(n) OVER (ORDER BY position) - n AS start"
        " FROM unnest(l.counts) WITH ORDINALITY AS c(n, position)) s)"
        f" FROM (SELECT DISTINCT ON (markets) markets, counts FROM listed_{table} ORDER BY markets) l"
    )


def build_blocks(db: Database, table: str) -> None:
    """One row per snapshot (layout, id of the first market row, prices in order), and the table of exceptions."""
    db.execute(f"DROP TABLE IF EXISTS {table}_blocks, {table}_exceptions")
    db.execute(
        f"CREATE TABLE {table}_blocks (snapshot_id bigint, first_id bigint NOT NULL, layout integer NOT NULL,"
        " odds integer[] NOT NULL, gaps integer[])"
    )
    db.execute(
        f"INSERT INTO {table}_blocks SELECT s.snapshot_id, s.first_id, l.id, coalesce(o.odds, '{{}}'),"
        " (SELECT array_agg(i.id - s.first_id - i.position + 1 ORDER BY i.position)"
        " FROM unnest(s.ids) WITH ORDINALITY AS i(id, position))"
        f" FROM listed_{table} s JOIN {table}_layouts l ON l.markets = s.markets"
        " LEFT JOIN (SELECT p.snapshot_id, array_agg(u.odds ORDER BY p.id, u.position) AS odds"
        f" FROM parsed_{table} p, unnest(p.odds) WITH ORDINALITY AS u(odds, position) GROUP BY p.snapshot_id) o"
        " ON o.snapshot_id = s.snapshot_id ORDER BY s.snapshot_id"
    )
    db.execute(f"ALTER TABLE {table}_blocks ADD PRIMARY KEY (snapshot_id)")
    db.execute(f"CREATE TABLE {table}_exceptions (id bigint PRIMARY KEY, unavailable_at timestamptz, market integer)")
    db.execute(
        f"INSERT INTO {table}_exceptions SELECT p.id, p.unavailable_at, d.id FROM parsed_{table} p"
        f" LEFT JOIN market_lookup d ON p.verbatim IS NOT NULL AND d.key = {VERBATIM_KEY}"
        " WHERE p.unavailable_at IS NOT NULL OR p.verbatim IS NOT NULL ORDER BY p.id"
    )
    db.execute(f"DROP TABLE listed_{table}")


def form(
    apply: Callable[[Database], None],
    suffixes: tuple[str, ...],
    *,
    words: tuple[str, str, str],
    cost: str,
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
        origins={f"{table}_{suffix}": table for table in MARKETS for suffix in suffixes},
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
        cost="Every read joins the lookup and rebuilds the JSON.",
    ),
    "outcome_normalization_snapshot": form(
        apply_snapshot,
        ("blocks", "layouts", "exceptions"),
        words=(
            "One row per snapshot",
            "One row per snapshot with its odds in an array, markets in a lookup",
            "171 rows with their headers, keys and index entries become one row with one array.",
        ),
        cost="Reading one market's history unpacks the array of every snapshot. Markets have no index, market rows no key.",
        leads=True,
    ),
}
