"""Store what payloads repeat once: whole documents of `odds_snapshots`, and constant parts of the competitors' documents.

TOAST compresses each document alone, so the same text is stored as often as it comes. Two successive payloads of an event are
equal where no price changed. Bet9ja sends all texts of its site, three quarters of the document, with every event.

A piece is a whole document of `odds_snapshots`, or the value of a top-level key of a competitor's document. A piece of at least
1,000 characters that occurs again is stored once, in `payload_parts`. Its snapshot keeps the text around it (`rest`), the
places where pieces were cut out (`cuts`), and their ids (`parts`). A view under the old name puts the document together
again, to the letter. All other documents stay where they are.

Until the last step the column still holds every document: the way back is to drop the view and rename the table.
"""

from lab.scenario import (
    Category,
    Database,
    NothingToDoError,
    Requirement,
    Scenario,
    Shape,
    Writing,
    lost_guarantee,
    unused_names,
)

LEAST = 1_000
"""Characters of a piece that is worth a reference."""

PIECES = {
    "odds_snapshots": "SELECT t.id, t.raw_response::text AS content FROM odds_snapshots t WHERE t.raw_response IS NOT NULL",
    "competitor_odds_snapshots": "SELECT t.id, value::text AS content FROM competitor_odds_snapshots t,"
    " json_each(CASE WHEN json_typeof(t.raw_response) = 'object' THEN t.raw_response ELSE '{}' END)",
}
"""Table to the query for the pieces of its documents."""

COLUMNS = {
    "odds_snapshots": (
        "id, event_id, bookmaker_id, captured_at, scrape_run_id, {document}::jsonb AS raw_response, last_confirmed_at"
    ),
    "competitor_odds_snapshots": (
        "id, competitor_event_id, captured_at, scrape_run_id, {document}::json AS raw_response, last_confirmed_at"
    ),
}
"""Table to the columns of its view, in their order."""

TOGETHER = (
    "(SELECT string_agg(substr(t.rest, u.after + 1, u.cut - u.after) || p.content, '' ORDER BY u.position)"
    " || substr(t.rest, t.cuts[cardinality(t.cuts)] + 1)"
    " FROM (SELECT position, cut, part, lag(cut, 1, 0) OVER (ORDER BY position) AS after"
    " FROM unnest(t.cuts, t.parts) WITH ORDINALITY AS c(cut, part, position)) u JOIN payload_parts p ON p.id = u.part)"
)
"""The document of a row `t` whose pieces were cut out, as text."""


def collect(db: Database) -> None:
    """Store each piece that occurs in more than one place."""
    with db.step("store what repeats"):
        db.execute(
            "CREATE TABLE payload_parts (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key uuid NOT NULL UNIQUE,"
            " content text NOT NULL)"
        )
        for pieces in PIECES.values():
            db.execute(
                "INSERT INTO payload_parts (key, content) SELECT md5(content)::uuid, min(content)"
                f" FROM ({pieces}) piece WHERE length(content) >= {LEAST}"
                " GROUP BY md5(content) HAVING count(*) > 1 ORDER BY min(id)"
            )
        db.execute("ANALYZE payload_parts")


def cut_out(db: Database, table: str) -> None:
    """Give each row whose document has such pieces the text around them, their places and their ids."""
    with db.step(f"{table}: cut out what repeats"):
        db.execute(f"ALTER TABLE {table} ADD COLUMN rest text, ADD COLUMN cuts integer[], ADD COLUMN parts integer[]")
        db.execute(
            f"UPDATE {table} t SET rest = a.rest, cuts = a.cuts, parts = a.parts FROM ({around(table, table)}) a"
            " WHERE a.id = t.id"
        )


def around(table: str, source: str) -> str:
    """A query for what is left of each document of `source`, rows of that table, whose pieces are stored already."""
    pieces = PIECES[table].replace(f"FROM {table} t", f"FROM {source} t")
    # A piece may also occur inside of another one. One that begins before an earlier one ends stays in the text.
    placed = (
        "SELECT f.id, f.document, f.part, f.start, f.size, coalesce(max(f.start + f.size) OVER earlier, 1) AS free"
        " FROM (SELECT DISTINCT t.id, t.raw_response::text AS document, p.id AS part, length(p.content) AS size,"
        f" strpos(t.raw_response::text, p.content) AS start FROM ({pieces}) piece"
        f" JOIN payload_parts p ON p.key = md5(piece.content)::uuid JOIN {source} t ON t.id = piece.id) f"
        " WINDOW earlier AS (PARTITION BY f.id ORDER BY f.start, f.part ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    )
    return (
        "SELECT id, array_agg(start - 1 - before ORDER BY start) AS cuts, array_agg(part ORDER BY start) AS parts,"
        " string_agg(substr(document, free, start - free), '' ORDER BY start)"
        " || substr(min(document), max(start + size)) AS rest"
        " FROM (SELECT *, coalesce(sum(size) OVER (PARTITION BY id ORDER BY start ROWS BETWEEN UNBOUNDED PRECEDING"
        f" AND 1 PRECEDING), 0)::integer AS before FROM ({placed}) p WHERE start >= free) c GROUP BY id"
    )


def writing(table: str) -> Writing:
    """How a snapshot is written: without the pieces that are stored already. New pieces stay in its document.

    A piece that nobody refers to any more goes with the snapshots that did.
    """
    columns = [part.split(" AS ")[-1].strip() for part in COLUMNS[table].split(",")]
    kept = (
        "CASE WHEN a.parts IS NULL THEN i.raw_response END" if name == "raw_response" else f"i.{name}"
        for name in columns
    )
    insert = (
        f"INSERT INTO {table}_stored ({', '.join(columns)}, rest, cuts, parts) SELECT {', '.join(kept)}, a.rest, a.cuts, a.parts"
        f" FROM inserted_{table} i LEFT JOIN ({around(table, f'inserted_{table}')}) a ON a.id = i.id ORDER BY i.id"
    )
    # A writer may be about to refer to a piece that nobody else needs: it and a retention wait for each other.
    needed = "".join(f" EXCEPT SELECT unnest(parts) FROM {name}_stored" for name in PIECES)
    return Writing(
        prepare=(f"CREATE TEMP TABLE released_{table} (part integer) ON COMMIT DELETE ROWS",),
        insert=("LOCK TABLE payload_parts IN ROW SHARE MODE", insert),
        collect=(
            (
                f"INSERT INTO released_{table} SELECT DISTINCT unnest(t.parts) FROM {table}_stored t"
                f" JOIN deleted_{table} d ON d.id = t.id"
            ),
        ),
        release=(
            "LOCK TABLE payload_parts IN EXCLUSIVE MODE",
            f"DELETE FROM payload_parts p USING (SELECT part FROM released_{table}{needed}) r WHERE p.id = r.part",
        ),
    )


def replace(db: Database, table: str) -> None:
    """Prove that every document comes together again, then put the view in the table's place."""
    document = f"(CASE WHEN t.parts IS NULL THEN t.raw_response::text ELSE {TOGETHER} END)"
    with db.step(f"{table}: rename the table, view in its place"):
        db.execute("BEGIN")
        db.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        prove(db, table)
        db.execute(f"ALTER TABLE {table} RENAME TO {table}_stored")
        db.execute(f"CREATE VIEW {table} AS SELECT {COLUMNS[table].format(document=document)} FROM {table}_stored t")
        db.execute("COMMIT")


def prove(db: Database, table: str) -> None:
    """Every document that was cut comes together again."""
    db.prove(
        f"every document of {table} comes together again",
        f"SELECT count(*) FROM {table} t WHERE t.parts IS NOT NULL AND {TOGETHER} IS DISTINCT FROM t.raw_response::text",
    )


def empty(db: Database) -> None:
    """Give up the documents that the parts give back, and return their bytes."""
    with db.step("empty what comes together again", final=True):
        for table in PIECES:
            stored = f"{table}_stored"
            db.execute("BEGIN")
            db.execute(f"LOCK TABLE {stored} IN EXCLUSIVE MODE")
            prove(db, stored)
            db.execute(f"UPDATE {stored} SET raw_response = NULL WHERE parts IS NOT NULL")
            db.execute("COMMIT")
    with db.step("VACUUM FULL", final=True):
        for table in PIECES:
            db.execute(f"VACUUM FULL {table}_stored")


def apply(db: Database) -> None:
    """Collect, cut out, replace, empty."""
    collect(db)
    if not db.value("SELECT count(*) FROM payload_parts"):
        raise NothingToDoError(
            f"Nothing to store once: no piece of {LEAST:,} characters occurs again in a raw_response."
        )
    for table in PIECES:
        cut_out(db, table)
        replace(db, table)
        cut, rows = db.fetch(f"SELECT count(parts), count(*) FROM {table}_stored")[0]
        db.note(f"{table}: {cut:,} of {rows:,} documents have pieces that others have, too")
    db.note(f"{db.value('SELECT count(*) FROM payload_parts'):,} pieces are stored once")
    empty(db)


SCENARIO = Scenario(
    title="Repeated payloads once",
    category=Category.DEDUPLICATE,
    hypothesis="Successive payloads are often equal, and Bet9ja sends the texts of its site with every event.",
    apply=apply,
    what="Store what the payloads repeat once",
    changes=dict.fromkeys(PIECES, Shape.VIEW),
    needs_columns=tuple(f"{table}.raw_response" for table in PIECES),
    requires=(
        *(
            Requirement(
                name=f"{table} has no other columns",
                sql=f"SELECT count(*) FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0"
                f" AND NOT attisdropped AND attname NOT IN ({', '.join(repr(name) for name in names)})",
            )
            for table, columns in COLUMNS.items()
            for names in [[part.split(" AS ")[-1].strip() for part in columns.split(",")]]
        ),
        unused_names("payload_parts", *(f"{table}_stored" for table in PIECES)),
    ),
    losses=(
        lost_guarantee("competitor_market_odds", "FOREIGN KEY (snapshot_id) REFERENCES competitor_odds_snapshots(id)"),
    ),
    costs=(
        "The competitors' foreign key refers to the renamed table: its name changes, and what it guarantees stays.",
        "Writers look up each piece of a payload before they store it. A job must store the pieces that come to repeat themselves.",
        "A payload is put together when it is read; a document of betPawa is parsed again, because the pieces are text.",
        "The UPDATE writes each row anew, and VACUUM FULL holds ACCESS EXCLUSIVE and needs disk space for a second copy.",
        "A retention removes the pieces that no snapshot needs any more: it reads the references of all, and writers wait.",
    ),
    write={table: writing(table) for table in PIECES},
    origins={"payload_parts": "odds_snapshots", **{f"{table}_stored": table for table in PIECES}},
    varies_with=("change rate",),
)
