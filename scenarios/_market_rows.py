"""Shared by the strategies that replace a market table by a view: parsing its documents, proving, renaming, dropping."""

from collections.abc import Iterator
from dataclasses import dataclass

from lab.scenario import Database, Requirement, different_parts, unused_names
from scenarios import _new_tables

MARKETS = {"market_odds": "odds_snapshots", "competitor_market_odds": "competitor_odds_snapshots"}

MARKET = "betpawa_market_id, betpawa_market_name, market_groups, line, handicap_type, handicap_home, handicap_away"
KEY = f"{MARKET.replace('groups', 'groups::text')}, outcome_names"
COLUMNS = f"id, snapshot_id, {MARKET}, outcomes, unavailable_at"
IN_ORDER = (
    *("id", "snapshot_id", "betpawa_market_id", "betpawa_market_name", "line", "handicap_type", "handicap_home"),
    *("handicap_away", "outcomes", "market_groups", "unavailable_at"),
)
"""The columns as the old table has them."""


def of(row: str, columns: str = MARKET) -> str:
    """The columns, each qualified with the alias `row`."""
    return ", ".join(f"{row}.{column}" for column in columns.split(", "))


def turn(table: str) -> str:
    """The statement with which those take turns who go on with what is stored there: it waits for them, and makes them wait."""
    return f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"


@dataclass(frozen=True, kw_only=True)
class Form:
    """How an odd is stored: SQL over the numeric `odds` and the jsonb `name` and `active` of one outcome."""

    stored: str
    representable: str
    """Whether the form gives back exactly that odd."""


FLOATS = Form(
    stored="odds::float8",
    # As many digits as a float8 gives back in any case.
    representable="abs(odds) < 1000000 AND scale(odds) <= 9 AND length(name #>> '{}') <= 255",
)
HUNDREDTHS = Form(
    stored="(odds * 100 * CASE WHEN active = 'true' THEN 1 ELSE -1 END)::integer",
    # The sign stands for `is_active`: an inactive outcome is stored as a negative number, so odds of 0 or less do not fit.
    representable="odds * 100 BETWEEN 1 AND 2147483647 AND odds * 100 = trunc(odds * 100)",
)

# OFFSET 0 keeps the server from writing each subexpression out once for every use of it, which takes four times as long.
PARSED = """
SELECT m.id, m.snapshot_id, {market}, m.unavailable_at, coalesce(o.names, '{{}}') AS outcome_names,
       coalesce(o.odds, '{{}}') AS odds, o.active, CASE WHEN NOT o.fits THEN m.outcomes END AS verbatim
FROM {source} m
CROSS JOIN LATERAL (
  SELECT array_agg(coalesce(name #>> '{{}}', '') ORDER BY position) AS names,
         array_agg(CASE WHEN fits THEN {stored} ELSE 0 END ORDER BY position) AS odds,
         array_agg(fits AND active = 'true' ORDER BY position) AS active,
         coalesce(bool_and(fits), false) AS fits
  FROM (
    SELECT position, name, odds, active, coalesce(CASE WHEN jsonb_typeof(outcome) = 'object' THEN
             jsonb_typeof(name) = 'string' AND jsonb_typeof(active) = 'boolean' AND {representable}
             AND outcome - '{{name,odds,is_active}}'::text[] = '{{}}' END, false) AS fits
    FROM (
      SELECT position, outcome, outcome->'name' AS name, outcome->'is_active' AS active,
             CASE WHEN jsonb_typeof(outcome->'odds') = 'number' THEN (outcome->'odds')::numeric END AS odds
      FROM jsonb_array_elements(CASE WHEN json_typeof(m.outcomes) = 'array' THEN m.outcomes::jsonb ELSE '[]' END)
           WITH ORDINALITY AS elements(outcome, position)
      OFFSET 0
    ) read
    OFFSET 0
  ) judged
) o
"""


def parsed(source: str, form: Form) -> str:
    """A query for the market rows of a table with their outcomes as arrays."""
    return PARSED.format(source=source, market=of("m"), stored=form.stored, representable=form.representable)


def parse(db: Database, form: Form) -> None:
    """Parse the JSON once, into scratch tables; a document that the form cannot give back exactly is kept as `verbatim`."""
    with db.step("parse the JSON"):
        for table in MARKETS:
            db.execute(f"DROP TABLE IF EXISTS parsed_{table}")
            db.execute(f"CREATE UNLOGGED TABLE parsed_{table} AS {parsed(table, form)}")
            db.execute(f"ANALYZE parsed_{table}")


def keep_foreign_key(db: Database, table: str, new: str) -> None:
    """Keep the foreign key of the competitor's market rows to their snapshots."""
    if table == "competitor_market_odds":
        db.execute(f"ALTER TABLE {new} ADD FOREIGN KEY (snapshot_id) REFERENCES {MARKETS[table]} (id)")


def view_columns(row: str, market: str, **expressions: str) -> str:
    """The columns of the old table in their order: by an expression, else of the alias `row` or `market`."""
    aliases = dict.fromkeys(MARKET.split(", "), market)
    return ", ".join(
        f"{expressions[name]} AS {name}" if name in expressions else f"{aliases.get(name, row)}.{name}"
        for name in IN_ORDER
    )


def hash_of(kind: str) -> str:
    """The hash of a market row `t`; its documents as jsonb go by their content, as text by every character."""
    values = of("t", COLUMNS).replace("groups", f"groups::{kind}").replace("outcomes", f"outcomes::{kind}")
    return f"hash_record_extended(ROW({values}), 0)"


@dataclass(frozen=True, kw_only=True)
class Proof:
    """How the old table and the view are compared."""

    documents: str = "jsonb"
    """The type as which documents are compared."""
    scratch: tuple[str, ...] = ("parsed",)
    """Beginnings of the names of scratch tables, which are dropped once the view is there."""
    kept: str = ""
    """Condition of the rows `t` of the old table that the view gives back, with its name as {table}; '' is all of them."""

    def different(self, old: str, new: str) -> str:
        """A query for the parts of 1,000 ids in which market rows differ in any column."""
        kept = f"(SELECT t.* FROM {old} t WHERE {self.kept.format(table=old)})" if self.kept else old
        return different_parts(kept, new, hash_of(self.documents))


def replace_by_view(db: Database, table: str, select: str, proof: Proof = Proof()) -> None:
    """Put a view in the place of a market table, once it is proved to give back every row."""
    scratch = [f"{name}_{table}" for name in proof.scratch]
    _new_tables.replace_by_view(db, table, select, proof.different, scratch=scratch)


def drop_old(db: Database, proof: Proof = Proof()) -> None:
    """Drop the old market tables, once the views are proved to give back their rows."""
    _new_tables.drop_old(db, dict.fromkeys(MARKETS, proof.different), verb="gives back")


def requirements(suffixes: tuple[str, ...]) -> Iterator[Requirement]:
    """The view can hold every column and id, and no name that the scenario needs is taken."""
    for table in MARKETS:
        columns = ", ".join(f"'{column}'" for column in COLUMNS.split(", "))
        yield Requirement(
            name=f"{table} has no other columns than {COLUMNS}",
            sql=f"SELECT count(*) FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0"
            f" AND NOT attisdropped AND attname NOT IN ({columns})",
        )
        if {"blocks", "lists"} & set(suffixes):
            yield Requirement(
                name=f"the ids of {table} in one snapshot differ by less than 2,147,483,648",
                sql=f"SELECT count(*) FROM (SELECT FROM {table}"
                " GROUP BY snapshot_id HAVING max(id) - min(id) >= 2147483648) far_apart",
            )
    new = (f"{table}_{suffix}" for table in MARKETS for suffix in (*suffixes, "old"))
    scratch = (f"{name}_{table}" for table in MARKETS for name in ("parsed", "listed"))
    yield unused_names("market_lookup", "unpacked_outcomes", *new, *scratch)
