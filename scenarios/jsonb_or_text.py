"""Store documents as text where they are jsonb, and as jsonb where they are text.

jsonb is parsed once and read in parts. For that it stores the length of every value and an offset for every key, and
numbers in a decimal form of its own: short documents grow, and long ones compress worse. json is the text itself, with
its white space, order of keys and equal keys, and costs a parse with every access. Both directions are measured:

- `jsonb_or_text`: the payloads of `odds_snapshots`, jsonb today, become json. Text and json take the same bytes; json stays
  checked. jsonb gives back one text for each value, so the way back is exact, and that is proved.
- `jsonb_or_text(documents=markets)`: the documents of the market tables, json today, become jsonb.
- `jsonb_or_text(documents=competitors)`: the payloads of the competitors, json today, become jsonb. A payload must keep the
  text that the platform sent, so this is refused unless jsonb gives back each of them as it is. What they would take is
  measured by the first form, on documents spread over the table.
"""

from collections.abc import Iterator

from lab.scenario import (
    Category,
    Choice,
    Database,
    Family,
    NothingToDoError,
    Requirement,
    Scenario,
    Shape,
    lost_guarantee,
    unused_names,
)
from scenarios._new_tables import by_hash, copy_foreign_keys, copy_indexes, drop_old, replace_by_table

SAMPLE = 100
"""Documents per table in the comparison of types, spread evenly over the table."""

MARKETS = ("market_odds", "competitor_market_odds")
PAYLOADS = ("odds_snapshots", "competitor_odds_snapshots")
CHANGED = "raw_response::text::jsonb::text <> raw_response::text"
"""Whether jsonb would give back another text."""
CONTENT = by_hash("jsonb_hash_extended(to_jsonb(t), 0)")
"""Documents of either type by their content."""


def compare_types(db: Database) -> None:
    """Store the same payloads as each type, and note what they take."""
    scratch = "compared_documents"
    for table in PAYLOADS:
        for kind in ("json", "jsonb"):
            with db.step(f"auxiliary: {SAMPLE} documents of {table} as {kind}", auxiliary=True):
                db.execute(f"CREATE TABLE {scratch} (raw_response {kind})")
                db.execute(
                    f"INSERT INTO {scratch} SELECT raw_response::text::{kind} FROM {table}"
                    f" WHERE id % (SELECT greatest(1, count(*) / {SAMPLE}) FROM {table}) = 0 ORDER BY id LIMIT {SAMPLE}"
                )
            stored, count = db.fetch(f"SELECT coalesce(sum(pg_column_size(raw_response)), 0), count(*) FROM {scratch}")[
                0
            ]
            db.note(f"{table}.raw_response: {count} documents take {stored:,} bytes as {kind}")
            with db.step("auxiliary: drop the scratch table", auxiliary=True):
                db.execute(f"DROP TABLE {scratch}")


def store_text(db: Database) -> None:
    """Prove that the way back is exact, then rewrite the table."""
    if not db.value("SELECT EXISTS (SELECT FROM odds_snapshots WHERE raw_response IS NOT NULL)"):
        raise NothingToDoError("Nothing to store otherwise: no snapshot has a raw_response.")
    compare_types(db)
    rewrite_payloads(db, "odds_snapshots", "json")


def rewrite_payloads(db: Database, table: str, kind: str) -> None:
    """Store the payloads of a table as that type, in place: the same statement with the old type is the way back."""
    with db.step(f"{table}: rewrite raw_response as {kind}"):
        db.execute("BEGIN")
        db.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        db.prove(
            f"jsonb gives back the text of every raw_response of {table}",
            f"SELECT count(*) FROM {table} WHERE {CHANGED}",
        )
        db.execute(f"ALTER TABLE {table} ALTER COLUMN raw_response TYPE {kind} USING raw_response::text::{kind}")
        db.execute("COMMIT")


def store_jsonb(db: Database) -> None:
    """Copy each market table, and let the copy take its name."""
    for table in MARKETS:
        new = f"{table}_new"
        with db.step(f"{table}: copy with jsonb"):
            db.execute(f"DROP TABLE IF EXISTS {new}")
            db.execute(f"CREATE TABLE {new} (LIKE {table} INCLUDING DEFAULTS)")
            db.execute(f"ALTER TABLE {new} ALTER COLUMN outcomes TYPE jsonb, ALTER COLUMN market_groups TYPE jsonb")
            db.execute(f"INSERT INTO {new} SELECT t.* FROM {table} t ORDER BY t.id")
            db.execute(f"ALTER TABLE {new} ADD PRIMARY KEY (id)")
            copy_indexes(db, table, new)
            copy_foreign_keys(db, table, new)
        replace_by_table(db, table, new, CONTENT)
    drop_old(db, dict.fromkeys(MARKETS, CONTENT))


def storable() -> Iterator[Requirement]:
    """The new type can hold every document, and no name that the scenario needs is taken."""
    for table in MARKETS:
        yield Requirement(
            name=f"no document of {table} contains \\u0000, which jsonb refuses",
            sql=f"SELECT count(*) FROM {table} WHERE strpos(outcomes::text || coalesce(market_groups::text, ''), '\\u0000') > 0",
        )
    yield unused_names(*(f"{table}_{suffix}" for table in MARKETS for suffix in ("new", "old")))


def payloads_as_json() -> Scenario:
    """The payloads of odds_snapshots as text."""
    return Scenario(
        title="Payloads as text",
        category=Category.REARRANGE,
        hypothesis="A long document as text compresses better than as jsonb, which spreads lengths between its values.",
        apply=store_text,
        what="Store raw_response of odds_snapshots as json instead of jsonb",
        changes={"odds_snapshots": Shape.TABLE},
        needs_columns=tuple(f"{table}.raw_response" for table in PAYLOADS),
        requires=(unused_names("compared_documents"),),
        losses=(lost_guarantee("odds_snapshots", "jsonb"),),
        costs=(
            "Operators that only jsonb has (@>, ?, ||, GIN indexes) need a cast, and each access to a key parses the document.",
            IN_PLACE,
        ),
    )


def competitors_as_jsonb() -> Scenario:
    """The payloads of the competitors as jsonb, where it gives back their text."""
    table = "competitor_odds_snapshots"
    return Scenario(
        title="Competitors' payloads as jsonb",
        category=Category.REARRANGE,
        hypothesis="A platform sends its keys in its own order, which jsonb does not keep: this is refused.",
        apply=lambda db: rewrite_payloads(db, table, "jsonb"),
        what="Store raw_response of competitor_odds_snapshots as jsonb instead of json",
        changes={table: Shape.TABLE},
        needs_columns=(f"{table}.raw_response",),
        requires=(
            Requirement(
                name=f"jsonb gives back every raw_response of {table} as it was sent",
                sql=f"SELECT count(*) FROM {table} WHERE CASE WHEN strpos(raw_response::text, '\\u0000') > 0 THEN true"
                f" ELSE {CHANGED} END",
            ),
        ),
        losses=(lost_guarantee(table, "json"),),
        costs=(IN_PLACE,),
    )


def markets_as_jsonb() -> Scenario:
    """The documents of the market tables as jsonb."""
    return Scenario(
        title="Market documents as jsonb",
        category=Category.REARRANGE,
        hypothesis="A document of a hundred bytes grows: each value gets four bytes of length and each number a header.",
        apply=store_jsonb,
        what="Store outcomes and market_groups as jsonb instead of json",
        changes=dict.fromkeys(MARKETS, Shape.NEW_TABLE),
        requires=tuple(storable()),
        losses=tuple(lost_guarantee(table, kind) for table in MARKETS for kind in ("json NOT NULL", "json")),
        costs=(
            "White space, the order of keys and all but the last of equal keys are gone: readers get the text that jsonb makes.",
            "The copy needs disk space for both market tables, and writers wait while it is proved.",
        ),
    )


IN_PLACE = (
    "ALTER TABLE rewrites the table under ACCESS EXCLUSIVE and needs disk space for a second copy; so does the way back,"
    " the same statement with the old type."
)
FORMS = {"payloads": payloads_as_json, "competitors": competitors_as_jsonb, "markets": markets_as_jsonb}
FAMILY = Family(
    make=lambda documents: FORMS[documents](),
    parameters={
        "documents": Choice(
            meaning="Which documents change their type: payloads to json, competitors or markets to jsonb",
            default="payloads",
            values=tuple(FORMS),
        )
    },
)
