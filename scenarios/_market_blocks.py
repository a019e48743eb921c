"""Part of `pack_market_history`: the SQL that turns market rows into blocks, whenever it runs, and the view."""

from collections.abc import Iterator

from scenarios._market_changes import OWNERS
from scenarios._market_lookup import UNKNOWN, USUAL_KEY
from scenarios._market_rows import COLUMNS, MARKET, MARKETS, Form, of, parsed, view_columns

REALS = Form(
    stored="odds::real",
    # The text of a real is the shortest that gives it back, so what is read is what was stored, digit by digit.
    representable="active = 'true' AND CASE WHEN odds BETWEEN 0.001 AND 999999 THEN odds::real::text::numeric = odds END",
)
NEWEST = {
    "market_odds": "SELECT max(s.id) FROM odds_snapshots s JOIN events e ON e.id = s.event_id"
    " WHERE e.kickoff > (SELECT max(captured_at) FROM odds_snapshots) - interval '2 hours'"
    " GROUP BY s.event_id, s.bookmaker_id",
    "competitor_market_odds": "SELECT max(s.id) FROM competitor_odds_snapshots s"
    " JOIN competitor_events c ON c.id = s.competitor_event_id"
    " WHERE c.kickoff > (SELECT max(captured_at) FROM competitor_odds_snapshots) - interval '2 hours'"
    " GROUP BY s.competitor_event_id",
}
"""The snapshots whose rows stay plain: the newest of each event that has not been over for long."""

# A snapshot that is missing makes a book of its own.
CHOOSE = """
CREATE {kind} TABLE chosen_{table} AS
SELECT m.snapshot_id, dense_rank() OVER (ORDER BY {owners}, CASE WHEN s.id IS NULL THEN m.snapshot_id END)::integer AS book
FROM ({candidates}) m LEFT JOIN {snapshots} s ON s.id = m.snapshot_id
WHERE m.snapshot_id NOT IN ({newest})
"""

PARSE = """
CREATE {kind} TABLE parsed_{table} AS
SELECT *, {key} AS key FROM ({parsed}) p
"""

ADD_MARKETS = """
INSERT INTO market_lookup (key, {market}, prices, template)
SELECT p.key, {of_market}, cardinality(p.outcome_names),
       '[' || (SELECT string_agg('{{"name": ' || replace(to_json(name)::text, '%', '%%') || ', "odds": %' || position
                                 || '$s, "is_active": true}}', ', ' ORDER BY position)
               FROM unnest(p.outcome_names) WITH ORDINALITY AS n(name, position)) || ']'
FROM (SELECT DISTINCT ON (key) * FROM parsed_{table} WHERE verbatim IS NULL ORDER BY key) p
{unknown}
ORDER BY p.betpawa_market_id, p.line, p.key
ON CONFLICT (key) DO NOTHING
"""
"""Another transaction may add the same market meanwhile.

The template is the market's document with `%1$s` in the place of its first odds, `%2$s` for the second, and so on."""

PLACE = """
CREATE {kind} TABLE placed_{table} AS
SELECT id, snapshot_id, book, market, odds, id - min(id) OVER (PARTITION BY snapshot_id) AS rank
FROM (SELECT p.id, p.snapshot_id, c.book, d.id AS market, p.odds,
             row_number() OVER (PARTITION BY p.snapshot_id, d.id ORDER BY p.id) AS twin
      FROM parsed_{table} p JOIN chosen_{table} c ON c.snapshot_id = p.snapshot_id JOIN market_lookup d ON d.key = p.key
      WHERE p.verbatim IS NULL AND p.unavailable_at IS NULL) rows
WHERE twin = 1
"""

# A book goes on with its newest layout where that has all of its markets.
CHOOSE_LAYOUTS = """
CREATE {kind} TABLE books_{table} AS
SELECT k.book, coalesce(k.layout, (SELECT coalesce(max(layout), 0) FROM {table}_places)
                                  + row_number() OVER (PARTITION BY k.layout IS NULL ORDER BY k.book))::integer AS layout,
       k.layout IS NULL AS fresh
FROM (SELECT b.book, CASE WHEN NOT EXISTS (
               SELECT FROM placed_{table} p WHERE p.book = b.book AND NOT EXISTS (
                 SELECT FROM {table}_places l WHERE l.layout = b.layout AND l.market = p.market)) THEN b.layout END AS layout
      FROM (SELECT c.book, max(o.layout) AS layout
            FROM chosen_{table} c LEFT JOIN {snapshots} s ON s.id = c.snapshot_id
            LEFT JOIN LATERAL (SELECT max(t.layout) AS layout FROM {snapshots} e JOIN {table}_blocks t ON t.snapshot_id = e.id
                               WHERE {same_owner}) o ON true
            GROUP BY c.book) b) k
"""

ADD_PLACES = """
INSERT INTO {table}_places (layout, market, start, position, line, betpawa_market_id)
SELECT k.layout, k.market, 1 + sum(d.prices) OVER (PARTITION BY k.layout ORDER BY k.position) - d.prices, k.position,
       d.line, d.betpawa_market_id
FROM (SELECT b.layout, p.market, row_number() OVER (PARTITION BY b.layout ORDER BY avg(p.rank), p.market) AS position
      FROM placed_{table} p JOIN books_{table} b ON b.book = p.book WHERE b.fresh GROUP BY b.layout, p.market) k
JOIN market_lookup d ON d.id = k.market
ORDER BY k.layout, k.position
"""

MAKE_CELLS = """
CREATE {kind} TABLE cells_{table} AS
SELECT *, CASE WHEN id IS NOT NULL THEN shift - coalesce(lag(shift) OVER (PARTITION BY snapshot_id, id IS NULL
                                                                        ORDER BY position), 0) END AS jump
FROM (SELECT s.snapshot_id, s.layout, s.first_id, l.position, p.id,
             coalesce(p.odds, array_fill(0::real, ARRAY[d.prices])) AS odds,
             (p.id - s.first_id - count(p.id) OVER (PARTITION BY s.snapshot_id ORDER BY l.position) + 1)::integer AS shift
      FROM (SELECT p.snapshot_id, b.layout, min(p.id) AS first_id
            FROM placed_{table} p JOIN books_{table} b ON b.book = p.book GROUP BY p.snapshot_id, b.layout) s
      JOIN {table}_places l ON l.layout = s.layout
      JOIN market_lookup d ON d.id = l.market
      LEFT JOIN placed_{table} p ON p.snapshot_id = s.snapshot_id AND p.market = l.market) cells
"""
"""Each place of each snapshot: the row that is there, or none, and by how much its id is not the next one."""

BLOCKS = """
SELECT c.snapshot_id, c.first_id, c.layout, o.odds, c.listed, c.breaks, c.shifts
FROM (SELECT snapshot_id, layout, first_id,
             string_agg(CASE WHEN id IS NULL THEN '0' ELSE '1' END, '' ORDER BY position)::varbit AS listed,
             array_agg(position ORDER BY position) FILTER (WHERE jump <> 0) AS breaks,
             array_agg(shift ORDER BY position) FILTER (WHERE jump <> 0) AS shifts
      FROM cells_{table} GROUP BY snapshot_id, layout, first_id) c
JOIN (SELECT snapshot_id, array_agg(u.odds ORDER BY position, u.number) AS odds
      FROM cells_{table} t, unnest(t.odds) WITH ORDINALITY AS u(odds, number) GROUP BY snapshot_id) o USING (snapshot_id)
ORDER BY c.snapshot_id
"""
BLOCK = "snapshot_id, first_id, layout, odds, listed, breaks, shifts"

ROW_ID = (
    "b.first_id + bit_count(substring(b.listed FOR l.position)) - 1"
    " + coalesce(b.shifts[width_bucket(l.position, b.breaks)], 0) AS id"
)
"""The ids of a snapshot follow each other in the order of its layout, but for the shifts from some places on."""


OUTCOMES = "format(d.template, VARIADIC b.odds[r.start : r.start + d.prices - 1])::json"
FROM_LOOKUP = ("betpawa_market_name", "market_groups", "handicap_type", "handicap_home", "handicap_away")
"""The columns that a packed row has from the lookup only."""


def view(table: str) -> str:
    """A snapshot's plain rows, and the packed ones of its block."""
    plain = [name for name in COLUMNS.split(", ") if name != "snapshot_id"]
    packed = {
        "id": ROW_ID,
        # From the places, so that a condition on the market is checked before the lookup is read.
        "betpawa_market_id": "l.betpawa_market_id",
        "line": "l.line",
    }
    # What a branch lacks comes from the lookup, which is joined once, behind both of them: a join in the branch would read
    # the lookup again for every snapshot. Whoever counts rows needs none; the server leaves out an outer join nobody reads.
    completed = {name: f"coalesce(r.{name}, d.{name})" for name in FROM_LOOKUP}
    outcomes = f"coalesce(r.outcomes, {OUTCOMES})"
    columns = view_columns("r", "r", snapshot_id="b.snapshot_id", outcomes=outcomes, **completed)
    # The second branch sees the block through LATERAL, so that conditions on the snapshot reach the tables of both.
    return (
        f"SELECT {columns} FROM {table}_blocks b CROSS JOIN LATERAL"
        f" (SELECT {', '.join(plain)}, NULL::integer AS market, NULL::integer AS start"
        f" FROM {table}_rows p WHERE p.snapshot_id = b.snapshot_id"
        f" UNION ALL SELECT {', '.join(packed.get(name, 'NULL') for name in plain)}, l.market, l.start"
        f" FROM {table}_places l WHERE l.layout = b.layout AND get_bit(b.listed, l.position - 1) <> 0) r"
        " LEFT JOIN market_lookup d ON d.id = r.market"
    )


STATEMENTS = (
    ("chosen", CHOOSE),
    ("parsed", PARSE),
    ("", ADD_MARKETS),
    ("placed", PLACE),
    ("books", CHOOSE_LAYOUTS),
    ("", ADD_PLACES),
    ("cells", MAKE_CELLS),
)
"""In their order, each with the beginning of the name of the scratch table that it makes, or none."""
SCRATCH = tuple(scratch for scratch, _ in STATEMENTS if scratch)


def packing(
    table: str, source: str, candidates: str, *, kind: str = "UNLOGGED", lock: str = ""
) -> Iterator[tuple[str, str]]:
    """The statements that fill the lookup, the layouts and `cells_<table>` from rows, each with the scratch table it makes.

    `candidates` is the query for the snapshots that may be packed, `kind` that of the scratch tables, and `lock` what keeps
    writers from changing the rows `t` before the end of the transaction.
    """
    rows = f"(SELECT t.* FROM {source} t JOIN chosen_{table} c ON c.snapshot_id = t.snapshot_id{lock})"
    values = {
        "table": table,
        "snapshots": MARKETS[table],
        "kind": kind,
        "candidates": candidates,
        "newest": NEWEST[table],
        "owners": ", ".join(f"s.{owner}" for owner in OWNERS[table]),
        "same_owner": " AND ".join(f"e.{owner} = s.{owner}" for owner in OWNERS[table]),
        "parsed": parsed(rows, REALS),
        "key": USUAL_KEY,
        "market": MARKET,
        "of_market": of("p").replace("groups", "groups::json"),
        "unknown": UNKNOWN.strip(),
    }
    for scratch, statement in STATEMENTS:
        yield scratch, statement.format_map(values)
