"""How market rows are written after the strategies that store a row only when it changed.

A writer compares the rows of each new snapshot with the newest of their series; it keeps what it finds in temporary tables
for the length of its transaction. A list is stored again unless the snapshot before has the same one.

Writers and retentions take turns, because each goes on where the one before it stopped: a new snapshot follows the one
that was stored last, whatever their ids are. A market is withdrawn in one snapshot: an interval that holds others as well is
split. In the newest snapshot, what follows is compared with the new value.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lab.scenario import Writing
from scenarios._market_changes import GAPS, MOST, OWNERS, PLACE
from scenarios._market_rows import MARKETS, turn

BOOKS = """
INSERT INTO books_{table}
SELECT i.snapshot_id, i.first_id, i.gaps,
       coalesce(p.book, (SELECT coalesce(max(book), 0) FROM {table}_snapshots)
                        + row_number() OVER (PARTITION BY p.book IS NULL ORDER BY i.snapshot_id)),
       coalesce(p.number, 0) + 1, p.list
FROM (SELECT snapshot_id, first_id,
             {gaps} AS gaps
      FROM (SELECT id, snapshot_id, min(id) OVER (PARTITION BY snapshot_id) AS first_id,
                   row_number() OVER (PARTITION BY snapshot_id ORDER BY id) AS place FROM inserted_{table}) placed
      GROUP BY snapshot_id, first_id) i
JOIN inserted_{snapshots} s ON s.id = i.snapshot_id
LEFT JOIN LATERAL (SELECT n.book, n.number, n.list FROM {snapshots} o JOIN {table}_snapshots n ON n.snapshot_id = o.id
                   WHERE {same_owner} ORDER BY n.number DESC LIMIT 1) p ON true
"""

PLACES = """
UPDATE books_{table} b
SET places = (SELECT array_agg(coalesce(r.place, 0::smallint) ORDER BY s)
              FROM generate_series(1, (SELECT max(series) FROM rows_{table} r WHERE r.snapshot_id = b.snapshot_id)) s
              LEFT JOIN rows_{table} r ON r.snapshot_id = b.snapshot_id AND r.series = s AND r.listed)
"""

NEW_LISTS = """
UPDATE books_{table} b SET list = k.id, fresh = true
FROM (SELECT o.snapshot_id,
             (SELECT coalesce(max(id), 0) FROM {table}_lists) + row_number() OVER (ORDER BY o.snapshot_id) AS id
      FROM books_{table} o LEFT JOIN {table}_lists l ON l.id = o.list AND l.places = o.places WHERE l.id IS NULL) k
WHERE k.snapshot_id = b.snapshot_id
"""

WITHDRAWN = (
    "c.since, c.until, c.unavailable_at AS earlier, n.number,"
    " lag(n.number) OVER pieces AS before, lead(n.number) OVER pieces IS NULL AS ends,"
    " n.number < (SELECT max(x.number) FROM {snapshots} s JOIN {snapshots} o ON {same_owner}"
    " JOIN {table}_snapshots x ON x.snapshot_id = o.id WHERE s.id = n.snapshot_id) IS NOT TRUE AS newest"
)
"""Columns of a withdrawn row: what is known of its interval, and which part of that it takes.

The window `pieces` has the withdrawn rows of one interval, in the order of their snapshots."""

SPLIT = """
INSERT INTO {intervals} ({key}, since, until, {contents})
SELECT {key}, coalesce(before + 1, since), number - 1, {earlier} FROM withdrawn_{table}
WHERE coalesce(before + 1, since) < number
UNION ALL SELECT {key}, number, CASE WHEN newest THEN until ELSE number END, {contents} FROM withdrawn_{table}
UNION ALL SELECT {key}, number + 1, until, {earlier} FROM withdrawn_{table} WHERE ends AND NOT newest AND number < until
"""

LEFT = "(SELECT book, min(number) AS first, max(number) AS last FROM {table}_snapshots GROUP BY book) n"
"""The snapshots of each book that a retention leaves. The next one follows the last of them, whose rows hold until then."""
GONE = "NOT EXISTS (SELECT FROM {table}_snapshots n WHERE n.book = c.book)"


@dataclass(frozen=True, kw_only=True)
class Stored:
    """Where a strategy stores the rows of its series, and how it finds them; {table} is the market table."""

    intervals: str
    """The table of rows with `since` and `until`."""
    key: tuple[str, ...]
    """Columns that say which row of a snapshot an interval is about."""
    contents: str
    """The columns of what may change, and whatever else an interval holds."""
    match: Sequence[str]
    """Statements that fill `rows_{table}` from `inserted_{table}` and `books_{table}`, after what they need."""
    series: Sequence[str]
    """Statements that store the new series and the newest rows."""
    withdrawn: str
    """The query for the rows of `updated_{table}`: their key, WITHDRAWN, and the contents with the new value.

    It names the snapshot of the row `n`, and its interval `c`.
    """
    after_deletion: Sequence[str]
    """Statements that leave the same of what is stored beside the intervals, once those are of the snapshots that are left."""
    after_withdrawal: Sequence[str] = ()


def writing(table: str, stored: Stored) -> Writing:
    """The statements of one market table."""
    values = {
        "table": table,
        "snapshots": MARKETS[table],
        "same_owner": " AND ".join(f"o.{owner} = s.{owner}" for owner in OWNERS[table]),
        "intervals": stored.intervals.format(table=table),
        "key": ", ".join(stored.key),
        "same": " AND ".join(f"c.{column} = r.{column}" for column in stored.key),
        "contents": stored.contents,
        "earlier": stored.contents.replace("unavailable_at", "earlier"),
        "most": MOST,
        "place": PLACE,
        "gaps": GAPS,
    }

    interval = ", ".join(f"c.{column}" for column in (*stored.key, "since"))
    withdrawn = f"{stored.withdrawn} WINDOW pieces AS (PARTITION BY {interval} ORDER BY n.number)"

    def filled(*statements: str) -> tuple[str, ...]:
        return tuple(statement.format_map(values) for statement in statements)

    return Writing(
        prepare=filled(
            "CREATE TEMP TABLE books_{table} (snapshot_id bigint, first_id bigint, gaps integer[], book integer, number smallint,"
            " list integer, places smallint[], fresh boolean, UNIQUE (book, number)) ON COMMIT DELETE ROWS",
            "CREATE TEMP TABLE rows_{table} ON COMMIT DELETE ROWS AS SELECT i.*, 0::smallint AS place, 0::smallint AS twin,"
            " 0 AS book, 0::smallint AS number, 0::smallint AS series, 0 AS market, true AS listed, true AS fresh,"
            " true AS changed FROM inserted_{table} i WITH NO DATA",
            "CREATE TEMP TABLE withdrawn_{table} ON COMMIT DELETE ROWS AS " + withdrawn + " WITH NO DATA",
        ),
        turn=filled(turn("{table}_snapshots")),
        insert=filled(
            BOOKS,
            *stored.match,
            "UPDATE {intervals} c SET until = r.number - 1 FROM rows_{table} r WHERE r.changed AND {same} AND c.until = {most}",
            "INSERT INTO {intervals} ({key}, since, until, {contents}) SELECT {key}, number, {most}, {contents}"
            " FROM rows_{table} WHERE changed ORDER BY book, series",
            *stored.series,
            PLACES,
            NEW_LISTS,
            "INSERT INTO {table}_lists SELECT list, places FROM books_{table} WHERE fresh",
            "INSERT INTO {table}_snapshots (snapshot_id, first_id, book, list, number, gaps)"
            " SELECT snapshot_id, first_id, book, list, number, gaps FROM books_{table} ORDER BY snapshot_id",
        ),
        update=filled(
            "INSERT INTO withdrawn_{table} " + withdrawn,
            "DELETE FROM {intervals} c USING withdrawn_{table} r WHERE {same} AND c.until = r.until",
            SPLIT,
            *stored.after_withdrawal,
        ),
        delete=filled(
            "DELETE FROM {table}_snapshots n USING deleted_{table} d WHERE n.snapshot_id = d.snapshot_id",
            f"DELETE FROM {{intervals}} c USING {LEFT} WHERE n.book = c.book AND (c.until < n.first OR c.since > n.last)",
            f"UPDATE {{intervals}} c SET until = {{most}} FROM {LEFT}"
            " WHERE n.book = c.book AND c.until >= n.last AND c.until < {most}",
            f"DELETE FROM {{intervals}} c WHERE {GONE}",
            *stored.after_deletion,
            "DELETE FROM {table}_lists l WHERE NOT EXISTS (SELECT FROM {table}_snapshots n WHERE n.list = l.id)",
        ),
    )
