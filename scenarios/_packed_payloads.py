"""Which payloads a client reads to pack them, and what it keeps in its memory meanwhile."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from lab.scenario import Client, Convert, Row
from scenarios._packing import DICTIONARIES, HEAD, Codec, Packing, Reference, decoding

SAMPLE = 50
"""Documents of each platform that a dictionary is trained on, spread over the older half."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """Where the documents of one table belong."""

    kind: str
    """The type of the column before."""
    columns: tuple[str, ...]
    owner: str
    """The column of the subject whose documents resemble each other."""
    platform: str
    """The platform of a row `t`, as SQL."""
    joins: str


SIDES = {
    "odds_snapshots": Side(
        kind="jsonb",
        columns=("id", "event_id", "bookmaker_id", "captured_at", "scrape_run_id", "raw_response", "last_confirmed_at"),
        owner="event_id",
        platform="p.slug::text",
        joins="JOIN bookmakers p ON p.id = t.bookmaker_id",
    ),
    "competitor_odds_snapshots": Side(
        kind="json",
        columns=("id", "competitor_event_id", "captured_at", "scrape_run_id", "raw_response", "last_confirmed_at"),
        owner="competitor_event_id",
        platform="p.source::text",
        joins="JOIN competitor_events p ON p.id = t.competitor_event_id",
    ),
}


def sample() -> str:
    """The query for (platform, document) of the older documents, platform by platform, of those without a dictionary."""
    parts = (
        f"SELECT n.platform, (SELECT t.raw_response::text FROM {table} t WHERE t.id = n.id) AS document"
        f" FROM (SELECT t.id, {side.platform} AS platform, row_number() OVER (PARTITION BY {side.platform} ORDER BY t.id) AS place,"
        f" count(*) OVER (PARTITION BY {side.platform}) AS rows FROM {table} t {side.joins} WHERE t.raw_response IS NOT NULL"
        f" AND {side.platform} NOT IN (SELECT d.platform FROM {DICTIONARIES} d)) n"
        f" WHERE n.place <= (n.rows + 1) / 2 AND n.place % greatest(n.rows / 2 / {SAMPLE}, 1) = 0"
        for table, side in SIDES.items()
    )
    return f"SELECT platform, document FROM ({' UNION ALL '.join(parts)}) older ORDER BY platform"


def documents(table: str, source: str, left: str = "true") -> str:
    """The query for (id, subject, platform, document) of `source`, rows of that table, subject by subject and in their order.

    `left` is a condition on a row `t`.

    What is sorted is without the documents: each is read when its turn comes.
    """
    side = SIDES[table]
    return (
        f"SELECT n.id, n.owner, n.platform, (SELECT t.raw_response::text FROM {source} t WHERE t.id = n.id)"
        f" FROM (SELECT t.id, t.{side.owner} AS owner, {side.platform} AS platform FROM {source} t {side.joins}"
        f" WHERE t.raw_response IS NOT NULL AND {left} ORDER BY owner, platform, t.id OFFSET 0) n"
    )


def referred(packed: str) -> str:
    """The id of the reference that a packed document refers to, as SQL; of a dictionary with a minus, or 0 for none."""
    return f"('x' || encode(substr({packed}, 1, 8), 'hex'))::bit(64)::bigint"


def newest(table: str) -> str:
    """The query for the references that the newest documents of some (subjects, platforms) refer to."""
    side = SIDES[table]
    return (
        "SELECT o.owner, o.platform, r.id, h.head, r.content FROM unnest(%s::bigint[], %s::text[]) o (owner, platform)"
        f" CROSS JOIN LATERAL (SELECT t.id FROM {table} t {side.joins} WHERE t.{side.owner} = o.owner"
        f" AND {side.platform} = o.platform AND t.raw_response IS NOT NULL ORDER BY t.id DESC LIMIT 1) n"
        f" CROSS JOIN LATERAL (SELECT substr(t.raw_response, 1, {HEAD.size}) AS head FROM {table} t WHERE t.id = n.id) h"
        f" JOIN {table}_references r ON r.id = {referred('h.head')}"
    )


def holding(table: str) -> str:
    """A query without a row: from now on `releasing` waits, until the transaction ends.

    It locks the table alone, and needs the privilege UPDATE there. To lock the references that are looked up would write each.
    """
    return f"SELECT FROM {table}_references LIMIT 0 FOR KEY SHARE"


def candidates(table: str) -> str:
    """A temporary table for the references of the snapshots that are about to be deleted."""
    return f"CREATE TEMP TABLE {table}_released (owner bigint, id bigint) ON COMMIT DELETE ROWS"


def collecting(table: str) -> str:
    """Notes the references of the snapshots that are about to be deleted."""
    owner = SIDES[table].owner
    return (
        f"INSERT INTO {table}_released SELECT DISTINCT t.{owner}, {referred('t.raw_response')} FROM {table} t"
        f" JOIN deleted_{table} d ON d.id = t.id WHERE t.raw_response IS NOT NULL"
    )


def releasing(table: str) -> tuple[str, ...]:
    """Removes those of the noted references that no snapshot of their subject needs any more.

    Nobody looks up a reference or stores one meanwhile: a document that refers to one is committed by then, and counts.
    """
    owner = SIDES[table].owner
    return (
        f"LOCK TABLE {table}_references IN EXCLUSIVE MODE",
        (
            f"DELETE FROM {table}_references r USING {table}_released g WHERE r.id = g.id AND NOT EXISTS"
            f" (SELECT FROM {table} t WHERE t.{owner} = g.owner AND {referred('t.raw_response')} = r.id)"
        ),
    )


def packing(packs: Packing, client: Client) -> Convert:
    """Packs the documents of a whole table."""
    codec = Codec(client.fetch, packs.level)
    return lambda rows: packs.pack(codec, rows, {})


def packing_new(table: str, packs: Packing, client: Client) -> Convert:
    """Packs new documents, with the references of those that the database has."""
    codec = Codec(client.fetch, packs.level)

    def known(subjects: Iterable[Row]) -> Iterator[tuple[Row, Reference]]:
        client.fetch(holding(table), ())
        owners, platforms = zip(*subjects, strict=True)
        for owner, platform, number, head, content in client.fetch(newest(table), (list(owners), list(platforms))):
            _, used = HEAD.unpack(head)
            document = codec.unpacked(content, {})
            yield (owner, platform), codec.reference(number, document, packed_bytes=len(content), used=used)

    def convert(rows: Iterable[Row]) -> Iterator[Row]:
        new = list(rows)
        subjects = dict.fromkeys((owner, platform) for _, owner, platform, _ in new)
        return packs.pack(codec, new, dict(known(subjects)) if subjects and packs.share > 1 else {})

    return convert


def hashing(table: str, client: Client) -> Convert:
    """From (id, packed) to (id, SHA-256 of the document)."""
    unpack = decoding(table).convert(client)
    return lambda rows: ((number, sha256(text.encode()).digest()) for number, text in unpack(rows))
