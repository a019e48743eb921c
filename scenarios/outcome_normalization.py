"""Store the outcomes of a market as columns or arrays in place of repeated JSON text.

Every row repeats the market's names, its groups and the keys "name", "odds", "is_active"; only the odds are new.
Three forms, each with a view under the old name that gives back the same rows:

- `rows`: one row per outcome. The textbook form; a row costs 24 bytes of header, a pointer and its keys.
- `packed`: a lookup of market (id, name, groups, line, handicap, names of its outcomes), and per market row the lookup's
  id and the odds as integers of hundredths.
- `snapshot`: the same lookup, and one row per snapshot with all its odds in one array. Snapshots of an event list the
  same markets in the same order, so that list is stored once as a layout. The workload assumes that an event's list of
  markets does not change while it is followed; where it does, there are more layouts than are measured here.
"""

from collections.abc import Callable

from lab.scenario import Category, Database, LabError, Scenario, Shape

MARKETS = {"market_odds": "odds_snapshots", "competitor_market_odds": "competitor_odds_snapshots"}

KEY = (
    "betpawa_market_id, betpawa_market_name, market_groups::text, line, handicap_type, handicap_home, handicap_away,"
    " outcome_names"
)

LOOKUP_COLUMNS = (
    "d.betpawa_market_id, d.betpawa_market_name, d.line, d.handicap_type, d.handicap_home, d.handicap_away,"
    " {outcomes} AS outcomes, d.market_groups"
)

UNPACK = """
CREATE FUNCTION unpacked_outcomes(names text[], odds integer[]) RETURNS json LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT json_agg(json_build_object('name', o.name, 'odds', round(abs(o.odds) / 100.0, 2), 'is_active', o.odds > 0)
                  ORDER BY o.position)
  FROM unnest(names, odds) WITH ORDINALITY AS o(name, odds, position)
  WHERE o.name IS NOT NULL
$$
"""

PARSE = """
CREATE TEMP TABLE parsed_{table} AS
SELECT m.id, m.snapshot_id, m.betpawa_market_id, m.betpawa_market_name, m.market_groups, m.line, m.handicap_type,
       m.handicap_home, m.handicap_away, m.unavailable_at, o.outcome_names, o.odds
FROM {table} m
CROSS JOIN LATERAL (
  SELECT array_agg(e->>'name' ORDER BY position) AS outcome_names,
         array_agg((round((e->>'odds')::numeric * 100) * CASE WHEN (e->>'is_active')::boolean THEN 1 ELSE -1 END)::integer
                   ORDER BY position) AS odds
  FROM json_array_elements(m.outcomes) WITH ORDINALITY AS elements(e, position)
) o
"""


def parse(db: Database) -> None:
    """Read the JSON once, into temporary tables; odds become hundredths, negative where the outcome is not active."""
    with db.step("parse the JSON"):
        for table in MARKETS:
            db.execute(PARSE.format(table=table))
            db.execute(f"ANALYZE parsed_{table}")
    for table in MARKETS:
        if db.value(f"SELECT count(*) FROM parsed_{table} WHERE 0 = ANY(odds)"):
            raise LabError(f"{table} has odds of 0: their sign cannot tell whether the outcome is active.")


def build_lookup(db: Database) -> None:
    """One lookup for both tables; `key` finds a market again when the application writes."""
    with db.step("build the lookup"):
        db.execute(
            "CREATE TABLE market_lookup (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key text NOT NULL UNIQUE,"
            " betpawa_market_id varchar(50) NOT NULL, betpawa_market_name varchar(255) NOT NULL, market_groups json,"
            " line float8, handicap_type varchar(50), handicap_home float8, handicap_away float8,"
            " outcome_names text[] NOT NULL)"
        )
        union = " UNION ".join(f"SELECT md5(ROW({KEY})::text), {KEY} FROM parsed_{table}" for table in MARKETS)
        db.execute(
            "INSERT INTO market_lookup (key, betpawa_market_id, betpawa_market_name, market_groups, line, handicap_type,"
            " handicap_home, handicap_away, outcome_names) SELECT p.key, p.betpawa_market_id, p.betpawa_market_name,"
            " p.market_groups::json, p.line, p.handicap_type, p.handicap_home, p.handicap_away, p.outcome_names"
            f" FROM ({union}) p(key, betpawa_market_id, betpawa_market_name, market_groups, line, handicap_type,"
            " handicap_home, handicap_away, outcome_names) ORDER BY p.betpawa_market_id, p.line, p.key"
        )
        db.execute("ANALYZE market_lookup")
        db.execute(UNPACK)
    db.note(f"The lookup holds {db.value('SELECT count(*) FROM market_lookup'):,} markets.")


def keep_foreign_key(db: Database, table: str, new: str) -> None:
    """What referred to the competitor's snapshots still does."""
    if table == "competitor_market_odds":
        db.execute(f"ALTER TABLE {new} ADD FOREIGN KEY (snapshot_id) REFERENCES {MARKETS[table]} (id)")


def apply_rows(db: Database) -> None:
    """One row per outcome, and the market rows without their JSON."""
    for table in MARKETS:
        with db.step(f"{table}: one row per outcome"):
            db.execute(
                f"CREATE TABLE {table}_outcomes (market_odds_id bigint, position smallint, name varchar(255) NOT NULL,"
                " odds float8 NOT NULL, is_active boolean NOT NULL)"
            )
            db.execute(
                f"INSERT INTO {table}_outcomes SELECT m.id, position, e->>'name', (e->>'odds')::float8,"
                f" (e->>'is_active')::boolean FROM {table} m,"
                " json_array_elements(m.outcomes) WITH ORDINALITY AS elements(e, position) ORDER BY m.id, position"
            )
            db.execute(f"ALTER TABLE {table}_outcomes ADD PRIMARY KEY (market_odds_id, position)")
        with db.step(f"{table}: drop the JSON and rewrite"):
            db.execute(f"ALTER TABLE {table} RENAME TO {table}_rows")
            db.execute(f"ALTER TABLE {table}_rows DROP COLUMN outcomes")
            db.execute(f"VACUUM FULL {table}_rows")
        with db.step(f"{table}: view"):
            db.execute(
                f"CREATE VIEW {table} AS SELECT m.id, m.snapshot_id, m.betpawa_market_id, m.betpawa_market_name, m.line,"
                " m.handicap_type, m.handicap_home, m.handicap_away, (SELECT json_agg(json_build_object('name', o.name,"
                " 'odds', o.odds, 'is_active', o.is_active) ORDER BY o.position)"
                f" FROM {table}_outcomes o WHERE o.market_odds_id = m.id) AS outcomes, m.market_groups, m.unavailable_at"
                f" FROM {table}_rows m"
            )


def apply_packed(db: Database) -> None:
    """A lookup, and rows of an id and integers."""
    parse(db)
    build_lookup(db)
    for table in MARKETS:
        with db.step(f"{table}: packed rows"):
            db.execute(
                f"CREATE TABLE {table}_packed (id bigint, snapshot_id bigint NOT NULL, market integer NOT NULL,"
                " odds1 integer NOT NULL, odds2 integer, odds3 integer, more_odds integer[], unavailable_at timestamptz)"
            )
            db.execute(
                f"INSERT INTO {table}_packed SELECT p.id, p.snapshot_id, d.id, p.odds[1], p.odds[2], p.odds[3],"
                " CASE WHEN cardinality(p.odds) > 3 THEN p.odds[4:] END, p.unavailable_at"
                f" FROM parsed_{table} p JOIN market_lookup d ON d.key = md5(ROW({KEY_OF_PARSED})::text) ORDER BY p.id"
            )
            db.execute(f"ALTER TABLE {table}_packed ADD PRIMARY KEY (id)")
            db.execute(f"CREATE INDEX ON {table}_packed (snapshot_id, market)")
            db.execute(f"CREATE INDEX ON {table}_packed (market)")
            keep_foreign_key(db, table, f"{table}_packed")
        outcomes = "unpacked_outcomes(d.outcome_names, ARRAY[p.odds1, p.odds2, p.odds3] || p.more_odds)"
        replace_by_view(
            db,
            table,
            f"SELECT p.id, p.snapshot_id, {LOOKUP_COLUMNS.format(outcomes=outcomes)}, p.unavailable_at"
            f" FROM {table}_packed p JOIN market_lookup d ON d.id = p.market",
        )


KEY_OF_PARSED = ", ".join(f"p.{column.strip()}" for column in KEY.split(","))


def require_contiguous(db: Database, table: str) -> None:
    """The ids of a snapshot's markets must be a run without gaps, or they cannot be derived from the first."""
    gaps = db.value(
        f"SELECT count(*) FROM (SELECT FROM parsed_{table} GROUP BY snapshot_id HAVING max(id) - min(id) + 1 <> count(*)) g"
    )
    if gaps:
        raise LabError(f"{gaps} snapshots of {table} have ids with gaps.")


def apply_snapshot(db: Database) -> None:
    """A lookup, layouts, and one row per snapshot."""
    parse(db)
    build_lookup(db)
    for table in MARKETS:
        require_contiguous(db, table)
        with db.step(f"{table}: layouts"):
            build_layouts(db, table)
        with db.step(f"{table}: one row per snapshot"):
            build_blocks(db, table)
            keep_foreign_key(db, table, f"{table}_blocks")
        outcomes = "unpacked_outcomes(d.outcome_names, b.odds[u.start : u.start + cardinality(d.outcome_names) - 1])"
        replace_by_view(
            db,
            table,
            f"SELECT b.first_id + u.position - 1 AS id, b.snapshot_id, {LOOKUP_COLUMNS.format(outcomes=outcomes)},"
            f" x.unavailable_at FROM {table}_blocks b JOIN {table}_layouts l ON l.id = b.layout"
            " CROSS JOIN LATERAL unnest(l.markets, l.starts) WITH ORDINALITY AS u(market, start, position)"
            " JOIN market_lookup d ON d.id = u.market"
            f" LEFT JOIN {table}_unavailable x ON x.id = b.first_id + u.position - 1",
        )


def build_layouts(db: Database, table: str) -> None:
    """The lists of markets that occur, each once, with the position of each market's first price."""
    db.execute(
        f"CREATE TEMP TABLE listed_{table} AS SELECT p.snapshot_id, min(p.id) AS first_id,"
        " array_agg(d.id ORDER BY p.id) AS markets, array_agg(cardinality(p.odds) ORDER BY p.id) AS counts"
        f" FROM parsed_{table} p JOIN market_lookup d ON d.key = md5(ROW({KEY_OF_PARSED})::text) GROUP BY p.snapshot_id"
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
    """One row per snapshot: its layout, the id of its first market row, and its prices in order."""
    db.execute(
        f"CREATE TABLE {table}_blocks (snapshot_id bigint, first_id bigint NOT NULL, layout integer NOT NULL,"
        " odds integer[] NOT NULL)"
    )
    db.execute(
        f"INSERT INTO {table}_blocks SELECT s.snapshot_id, s.first_id, l.id, o.odds FROM listed_{table} s"
        f" JOIN {table}_layouts l ON l.markets = s.markets"
        " JOIN (SELECT p.snapshot_id, array_agg(u.odds ORDER BY p.id, u.position) AS odds"
        f" FROM parsed_{table} p, unnest(p.odds) WITH ORDINALITY AS u(odds, position) GROUP BY p.snapshot_id) o"
        " ON o.snapshot_id = s.snapshot_id ORDER BY s.snapshot_id"
    )
    db.execute(f"ALTER TABLE {table}_blocks ADD PRIMARY KEY (snapshot_id)")
    db.execute(f"CREATE TABLE {table}_unavailable (id bigint PRIMARY KEY, unavailable_at timestamptz NOT NULL)")
    db.execute(
        f"INSERT INTO {table}_unavailable SELECT id, unavailable_at FROM parsed_{table} WHERE unavailable_at IS NOT NULL"
    )


def replace_by_view(db: Database, table: str, select: str) -> None:
    """Drop the old table and leave a view with its columns under its name."""
    with db.step(f"{table}: drop the old table, view in its place"):
        db.execute(f"DROP TABLE {table}")
        db.execute(f"DROP TABLE parsed_{table}")
        db.execute(f"CREATE VIEW {table} AS {select}")


def form(  # noqa: PLR0913 - each is stated once, by name or by its order
    title: str,
    hypothesis: str,
    apply: Callable[[Database], None],
    suffixes: tuple[str, ...],
    cost: str,
    *,
    follows: frozenset[Category] = frozenset(),
) -> Scenario:
    """One of the three forms."""
    return Scenario(
        title=title,
        category=Category.NORMALIZE,
        hypothesis=hypothesis,
        apply=apply,
        changes=dict.fromkeys(MARKETS, Shape.VIEW),
        leads=bool(follows),
        follows=follows,
        costs=(
            cost,
            "Writers must use the new tables, and number new market rows themselves: the view is for reading.",
        ),
        origins={f"{table}_{suffix}": table for table in MARKETS for suffix in suffixes},
    )


VARIANTS = {
    "outcome_normalization_rows": form(
        "One row per outcome",
        "Splitting 112 bytes of JSON into rows of 24 bytes of header each makes the database larger.",
        apply_rows,
        ("rows", "outcomes"),
        "Two or three times as many rows: slower inserts, and a join to read what was one value.",
    ),
    "outcome_normalization_packed": form(
        "Market lookup and packed odds",
        "What repeats goes into the lookup; a market row keeps an id and a few integers.",
        apply_packed,
        ("packed",),
        "Every read joins the lookup and builds the JSON again.",
    ),
    "outcome_normalization_snapshot": form(
        "One row per snapshot",
        "171 rows with their headers, keys and index entries become one row with one array.",
        apply_snapshot,
        ("blocks", "layouts", "unavailable"),
        "The history of one market unpacks the array of every snapshot; no index on a market, no key on a market row any more.",
        follows=frozenset({Category.ELIMINATE}),
    ),
}
