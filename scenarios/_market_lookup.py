"""Shared by the strategies with a lookup of markets: the SQL that stores parsed market rows, at first and whenever more come.

A parsed table is what `scenarios._market_rows.parsed` makes; a writer's holds the rows of one transaction.
"""

from collections.abc import Sequence

from lab.scenario import Database, Writing
from scenarios._market_rows import COLUMNS, FLOATS, HUNDREDTHS, KEY, MARKET, Form, of, parsed, turn

USUAL_KEY = f"md5(ROW({of('p', KEY)})::text)"
VERBATIM_KEY = f"md5(ROW({of('p', KEY)}, p.verbatim::text)::text)"

UNKNOWN = " WHERE NOT EXISTS (SELECT FROM market_lookup d WHERE d.key = p.key)"
"""Of the markets of new rows, those that the lookup lacks. Another writer may add the same ones meanwhile."""


def create_lookup(db: Database, columns: str) -> None:
    """The empty lookup; `columns` are those that say what the documents of a market look like."""
    db.execute("DROP TABLE IF EXISTS market_lookup")
    db.execute(
        "CREATE TABLE market_lookup (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key text NOT NULL UNIQUE,"
        " betpawa_market_id varchar(50) NOT NULL, betpawa_market_name varchar(255) NOT NULL, market_groups json,"
        f" line float8, handicap_type varchar(50), handicap_home float8, handicap_away float8, {columns})"
    )


def add_markets(sources: Sequence[str], key: str, values: str, condition: str, *, new: str = "") -> str:
    """The statement that adds the distinct markets of parsed rows; `values` are the columns of the key, and a document or NULL."""
    distinct = "DISTINCT " if len(sources) == 1 else ""  # of several, UNION leaves out the equal ones
    union = " UNION ".join(f"SELECT {distinct}{key}, {values} FROM {source} p WHERE {condition}" for source in sources)
    columns = f"key, {MARKET}, outcome_names, outcomes"
    conflict = " ON CONFLICT (key) DO NOTHING" if new else ""
    return (
        f"INSERT INTO market_lookup ({columns}) SELECT p.key, {of('p').replace('groups', 'groups::json')},"
        f" p.outcome_names, p.outcomes::json FROM ({union}) p({columns}){new} ORDER BY p.betpawa_market_id, p.line, p.key{conflict}"
    )


def add_all_markets(sources: Sequence[str], *, new: str = "") -> tuple[str, str]:
    """The statements that fill the lookup: markets with their names, then those whose document is kept as it is."""
    return (
        add_markets(sources, USUAL_KEY, f"{of('p', KEY)}, NULL", "true", new=new),
        add_markets(sources, VERBATIM_KEY, f"{of('p', KEY)}, p.verbatim::text", "p.verbatim IS NOT NULL", new=new),
    )


def outcomes_of(table: str, source: str) -> str:
    """The statement that stores one row per outcome."""
    return (
        f"INSERT INTO {table}_outcomes SELECT p.id, u.position, u.name, u.odds, u.active FROM {source} p,"
        " unnest(p.outcome_names, p.odds, p.active) WITH ORDINALITY AS u(name, odds, active, position)"
        " WHERE p.verbatim IS NULL ORDER BY p.id, u.position"
    )


def rows_of(table: str, source: str) -> str:
    """The statement that stores market rows without their documents."""
    return (
        f"INSERT INTO {table}_rows ({COLUMNS}) SELECT {of('p', COLUMNS.replace('outcomes', 'verbatim'))}"
        f" FROM {source} p ORDER BY p.id"
    )


def packed_of(table: str, source: str) -> str:
    """The statement that stores narrow rows."""
    return (
        f"INSERT INTO {table}_packed SELECT p.id, p.snapshot_id, d.id, p.odds[1], p.odds[2], p.odds[3],"
        f" CASE WHEN cardinality(p.odds) > 3 THEN p.odds[4:] END, p.unavailable_at FROM {source} p"
        f" JOIN market_lookup d ON d.key = CASE WHEN p.verbatim IS NULL THEN {USUAL_KEY} ELSE {VERBATIM_KEY} END"
        " ORDER BY p.id"
    )


def listed(source: str) -> str:
    """A query for the markets of each snapshot, in order."""
    return (
        "SELECT p.snapshot_id, min(p.id) AS first_id,"
        " array_agg(d.id ORDER BY p.id) AS markets, array_agg(cardinality(p.odds) ORDER BY p.id) AS counts,"
        " CASE WHEN max(p.id) - min(p.id) + 1 <> count(*) THEN array_agg(p.id ORDER BY p.id) END AS ids"
        f" FROM {source} p JOIN market_lookup d ON d.key = {USUAL_KEY} GROUP BY p.snapshot_id"
    )


def layouts_of(table: str, lists: str, *, new: str = "") -> str:
    """The statement that stores each distinct list once, with the position of each market's first price."""
    return (
        f"INSERT INTO {table}_layouts (markets, starts) SELECT l.markets, (SELECT array_agg(s.start ORDER BY s.position)"
        " FROM (SELECT position, 1 + sum(n) OVER (ORDER BY position) - n AS start"
        " FROM unnest(l.counts) WITH ORDINALITY AS c(n, position)) s)"
        f" FROM (SELECT DISTINCT ON (markets) markets, counts FROM {lists} ORDER BY markets) l{new}"
    )


def blocks_of(table: str, source: str, lists: str) -> str:
    """The statement that stores one row per snapshot."""
    return (
        f"INSERT INTO {table}_blocks SELECT s.snapshot_id, s.first_id, l.id, coalesce(o.odds, '{{}}'),"
        " (SELECT array_agg(i.id - s.first_id - i.position + 1 ORDER BY i.position)"
        " FROM unnest(s.ids) WITH ORDINALITY AS i(id, position))"
        f" FROM {lists} s JOIN {table}_layouts l ON l.markets = s.markets"
        " LEFT JOIN (SELECT p.snapshot_id, array_agg(u.odds ORDER BY p.id, u.position) AS odds"
        f" FROM {source} p, unnest(p.odds) WITH ORDINALITY AS u(odds, position) GROUP BY p.snapshot_id) o"
        " ON o.snapshot_id = s.snapshot_id ORDER BY s.snapshot_id"
    )


def exceptions_of(table: str, source: str) -> str:
    """The statement that stores what the blocks cannot hold."""
    return (
        f"INSERT INTO {table}_exceptions SELECT p.id, p.unavailable_at, d.id FROM {source} p"
        f" LEFT JOIN market_lookup d ON p.verbatim IS NOT NULL AND d.key = {VERBATIM_KEY}"
        " WHERE p.unavailable_at IS NOT NULL OR p.verbatim IS NOT NULL ORDER BY p.id"
    )


def _parse(table: str, form: Form) -> tuple[str, str]:
    """Where a writer keeps its parsed rows, made once, and the statement that fills it in each transaction."""
    rows = parsed(f"inserted_{table}", form)
    return (
        f"CREATE TEMP TABLE written_{table} ON COMMIT DELETE ROWS AS {rows} WITH NO DATA",
        f"INSERT INTO written_{table} {rows}",
    )


def write_rows(table: str) -> Writing:
    """How one row per outcome is written."""
    scratch, parse = _parse(table, FLOATS)
    return Writing(
        prepare=(scratch,),
        insert=(parse, rows_of(table, f"written_{table}"), outcomes_of(table, f"written_{table}")),
        update=(
            (
                f"UPDATE {table}_rows t SET unavailable_at = u.unavailable_at FROM updated_{table} u"
                " WHERE t.snapshot_id = u.snapshot_id AND t.betpawa_market_id = u.betpawa_market_id"
            ),
        ),
        delete=(
            (
                f"DELETE FROM {table}_outcomes o USING {table}_rows t, deleted_{table} d"
                " WHERE o.market_odds_id = t.id AND t.snapshot_id = d.snapshot_id"
            ),
            f"DELETE FROM {table}_rows t USING deleted_{table} d WHERE t.snapshot_id = d.snapshot_id",
        ),
    )


def write_packed(table: str) -> Writing:
    """How narrow rows are written: unknown markets go into the lookup first."""
    scratch, parse = _parse(table, HUNDREDTHS)
    return Writing(
        prepare=(scratch,),
        insert=(parse, *add_all_markets([f"written_{table}"], new=UNKNOWN), packed_of(table, f"written_{table}")),
        update=(
            (
                f"UPDATE {table}_packed t SET unavailable_at = u.unavailable_at FROM updated_{table} u, market_lookup d"
                " WHERE t.snapshot_id = u.snapshot_id AND d.id = t.market AND d.betpawa_market_id = u.betpawa_market_id"
            ),
        ),
        delete=(f"DELETE FROM {table}_packed t USING deleted_{table} d WHERE t.snapshot_id = d.snapshot_id",),
    )


def write_snapshot(table: str) -> Writing:
    """How one row per snapshot is written: unknown markets and lists first."""
    scratch, parse = _parse(table, HUNDREDTHS)
    source, lists = f"written_{table}", f"listed_{table}"
    unknown = f" WHERE NOT EXISTS (SELECT FROM {table}_layouts x WHERE x.markets = l.markets)"
    return Writing(
        prepare=(
            scratch,
            f"CREATE TEMP TABLE {lists} ON COMMIT DELETE ROWS AS {listed(source)} WITH NO DATA",
        ),
        # Two writers of the same new list would store it twice, and a retention would remove one that a writer is about to use.
        turn=(turn(f"{table}_layouts"),),
        insert=(
            parse,
            *add_all_markets([source], new=UNKNOWN),
            f"INSERT INTO {lists} {listed(source)}",
            layouts_of(table, lists, new=unknown),
            blocks_of(table, source, lists),
            exceptions_of(table, source),
        ),
        update=(
            (
                f"INSERT INTO {table}_exceptions (id, unavailable_at) SELECT t.id, u.unavailable_at FROM updated_{table} u"
                f" JOIN {table} t ON t.snapshot_id = u.snapshot_id AND t.betpawa_market_id = u.betpawa_market_id"
                " ON CONFLICT (id) DO UPDATE SET unavailable_at = EXCLUDED.unavailable_at"
            ),
        ),
        delete=(
            (
                f"DELETE FROM {table}_exceptions x USING {table} t, deleted_{table} d"
                " WHERE x.id = t.id AND t.snapshot_id = d.snapshot_id"
            ),
            f"DELETE FROM {table}_blocks t USING deleted_{table} d WHERE t.snapshot_id = d.snapshot_id",
            f"DELETE FROM {table}_layouts l WHERE NOT EXISTS (SELECT FROM {table}_blocks b WHERE b.layout = l.id)",
        ),
    )
