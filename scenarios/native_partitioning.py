"""Partition snapshots and their market rows by day, and let old days go by DROP TABLE instead of DELETE and VACUUM FULL.

Snapshots are partitioned by `captured_at`, one partition per UTC day. Market rows have no time. A copy of it would cost 8
bytes a row and make every lookup by snapshot search all days, so they are partitioned by `snapshot_id`: the ids of snapshots
rise with time, and each day's partition begins at the first id of that day. Writers insert what they inserted before.

A primary key of a partitioned table must hold the column that it is partitioned by. Nothing gets smaller by itself. What it
buys is the retention `days`: the old days go at once, with their indexes, and leave nothing to vacuum.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from lab.scenario import (
    Category,
    Database,
    Family,
    NothingToDoError,
    Requirement,
    Scenario,
    Shape,
    WholeNumber,
    Writing,
    lost_guarantee,
    lost_rows,
    moment,
    unused_names,
)
from scenarios._new_tables import WHOLE_ROW, copy_foreign_keys, copy_indexes, drop_old, replace_by_table


@dataclass(frozen=True, kw_only=True)
class Snapshots:
    """A table of snapshots, and that of their market rows."""

    table: str
    markets: str
    zone: str
    """SQL behind captured_at that makes a timestamp in UTC of it, and the other way round; empty where it is one."""

    @property
    def day(self) -> str:
        """The UTC day of a snapshot."""
        return f"(captured_at{self.zone})::date"

    def midnight(self, day: str) -> str:
        """When the day begins, as a value of captured_at."""
        return f"({day})::timestamp{self.zone}"

    def first_kept(self, today: str, days: int) -> str:
        """The first day that stays. The newest day with a snapshot stays in any case: its partition takes the next rows.

        It names the schema `public`: in a verification query, the bare table names stand for the rows that are kept.
        """
        return f"(SELECT least({today} - {days - 1}, max({self.day})) FROM public.{self.table})"


PAIRS = (
    Snapshots(table="odds_snapshots", markets="market_odds", zone=" AT TIME ZONE 'UTC'"),
    Snapshots(table="competitor_odds_snapshots", markets="competitor_market_odds", zone=""),
)
TABLES = (*(pair.markets for pair in PAIRS), *(pair.table for pair in PAIRS))
"""Market rows first: their days are read from the snapshots, and their foreign key must go before the old snapshots do."""


def partition_snapshots(db: Database, pair: Snapshots) -> None:
    """A partition for each day with snapshots and for the next one, and one for all others."""
    table, new = pair.table, f"{pair.table}_new"
    with db.step(f"{table}: copy into partitions"):
        db.execute(f"DROP TABLE IF EXISTS {new}")
        db.execute(f"CREATE TABLE {new} (LIKE {table} INCLUDING DEFAULTS) PARTITION BY RANGE (captured_at)")
        db.execute(
            "DO $$ DECLARE day date; BEGIN"
            f" FOR day IN SELECT {pair.day} FROM {table} UNION SELECT max({pair.day}) + 1 FROM {table} ORDER BY 1 LOOP"
            f" EXECUTE format('CREATE TABLE %I PARTITION OF {new} FOR VALUES FROM (%L) TO (%L)',"
            f" '{table}_' || to_char(day, 'YYYYMMDD'), {pair.midnight('day')}, {pair.midnight('day + 1')});"
            " END LOOP; END $$"
        )
        db.execute(f"CREATE TABLE {table}_rest PARTITION OF {new} DEFAULT")
        fill(db, table, "id, captured_at")


def partition_markets(db: Database, pair: Snapshots) -> None:
    """A partition for each day with snapshots, from the first id of that day; the first and the last are open."""
    table, new = pair.markets, f"{pair.markets}_new"
    with db.step(f"{table}: copy into partitions"):
        db.execute(f"DROP TABLE IF EXISTS {new}")
        db.execute(f"CREATE TABLE {new} (LIKE {table} INCLUDING DEFAULTS) PARTITION BY RANGE (snapshot_id)")
        db.execute(
            "DO $$ DECLARE part record; BEGIN"
            " FOR part IN SELECT day, CASE WHEN lag(day) OVER days IS NULL THEN 'MINVALUE' ELSE first::text END AS low,"
            " coalesce((lead(first) OVER days)::text, 'MAXVALUE') AS high"
            f" FROM (SELECT {pair.day} AS day, min(id) AS first FROM {pair.table} GROUP BY 1) firsts"
            " WINDOW days AS (ORDER BY day) ORDER BY day LOOP"
            f" EXECUTE 'CREATE TABLE {table}_' || to_char(part.day, 'YYYYMMDD') || ' PARTITION OF {new}"
            " FOR VALUES FROM (' || part.low || ') TO (' || part.high || ')';"
            " END LOOP; END $$"
        )
        fill(db, table, "id, snapshot_id")


def fill(db: Database, table: str, key: str) -> None:
    """Copy the rows, then build the keys and indexes."""
    new = f"{table}_new"
    db.execute(f"INSERT INTO {new} SELECT t.* FROM {table} t ORDER BY t.id")
    db.execute(f"ALTER TABLE {new} ADD PRIMARY KEY ({key})")
    copy_indexes(db, table, new)
    copy_foreign_keys(db, table, new, lost=tuple(pair.table for pair in PAIRS))


def drop_days(db: Database, days: int) -> None:
    """Drop the partitions of all days but the last ones, in one transaction."""
    today = f"({db.now_sql} AT TIME ZONE 'UTC')::date"
    kept = " UNION ALL ".join(
        f"SELECT '{table}'::regclass, '{table}_' || to_char({pair.first_kept(today, days)}, 'YYYYMMDD')"
        for pair in PAIRS
        for table in (pair.markets, pair.table)
    )
    with db.step("drop the old days", final=True):
        # Listed before the first is dropped, because a table that an open query reads cannot be dropped.
        db.execute(
            "DO $$ DECLARE part regclass; old regclass[]; BEGIN"
            f" old := ARRAY(SELECT i.inhrelid FROM ({kept}) kept(parent, first)"
            " JOIN pg_inherits i ON i.inhparent = kept.parent JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE c.relname ~ '_[0-9]{8}$' AND c.relname < kept.first);"
            " FOREACH part IN ARRAY old LOOP EXECUTE 'DROP TABLE ' || part; END LOOP; END $$"
        )


def require_work(db: Database, days: int) -> None:
    """Errors: `NothingToDoError` if there is no snapshot, or none that is old enough."""
    if not all(db.value(f"SELECT EXISTS (SELECT FROM {pair.table})") for pair in PAIRS):
        raise NothingToDoError("Nothing to partition: a table of snapshots is empty, so there is no day to begin with.")
    today = f"({db.now_sql} AT TIME ZONE 'UTC')::date"
    old = (
        f"SELECT EXISTS (SELECT FROM {pair.table} WHERE {pair.day} < {pair.first_kept(today, days)})" for pair in PAIRS
    )
    if days and not any(db.value(sql) for sql in old):
        raise NothingToDoError(
            f"Nothing to delete: no snapshot is of a day before the last {days} at {db.now:%Y-%m-%d %H:%M}."
        )


def apply(db: Database, days: int) -> None:
    """Copy each table into partitions and let them take its name; drop the old tables, and the old days if `days` is not 0."""
    require_work(db, days)
    for pair in PAIRS:
        partition_markets(db, pair)
        replace_by_table(db, pair.markets, f"{pair.markets}_new", WHOLE_ROW)
    for pair in PAIRS:
        partition_snapshots(db, pair)
        replace_by_table(db, pair.table, f"{pair.table}_new", WHOLE_ROW)
    drop_old(db, dict.fromkeys(TABLES, WHOLE_ROW))
    if days:
        drop_days(db, days)


def writing(pair: Snapshots, table: str) -> Writing:
    """How a table is written: as before, but old days go with their partitions. To delete a part of a day is refused."""
    key = "id" if table == pair.table else "snapshot_id"
    deleted = f"(SELECT FROM deleted_{pair.table} d WHERE d.id = t.{{}})"
    return Writing(
        delete=(
            # DROP locks both later; here they are locked in the order of a writer, so that neither waits for the other for ever.
            # Days are listed before the first is dropped, because a table that an open query reads cannot be dropped.
            (
                "DO $$ DECLARE old text; days text[]; stays boolean; BEGIN"
                f" LOCK TABLE {pair.table}, {pair.markets} IN ACCESS EXCLUSIVE MODE;"
                f" days := ARRAY(SELECT DISTINCT to_char({pair.day}, 'YYYYMMDD') FROM {pair.table} t"
                f" WHERE EXISTS {deleted.format('id')});"
                f" FOREACH old IN ARRAY days LOOP EXECUTE format('SELECT EXISTS (SELECT FROM %I t WHERE NOT EXISTS"
                f" {deleted.format(key)})', '{table}_' || old) INTO stays;"
                f" IF stays THEN RAISE EXCEPTION 'Rows of {table}_% stay: a day is deleted whole, or not at all', old; END IF;"
                f" EXECUTE format('DROP TABLE %I', '{table}_' || old); END LOOP; END $$"
            ),
        ),
    )


def keeps(days: int) -> Callable[[datetime], Mapping[str, str]]:
    """What must remain of each table after keeping today and the days before it, `days` in all."""

    def selects(now: datetime) -> Mapping[str, str]:
        today = f"({moment(now)} AT TIME ZONE 'UTC')::date"
        conditions = {}
        for pair in PAIRS:
            kept = f"{pair.day} >= {pair.first_kept(today, days)}"
            conditions[pair.table] = kept
            conditions[pair.markets] = f"snapshot_id >= (SELECT min(id) FROM public.{pair.table} WHERE {kept})"
        return {table: f"SELECT t.* FROM public.{table} t WHERE {kept}" for table, kept in conditions.items()}

    return selects


def requirements() -> tuple[Requirement, ...]:
    """The ids of the snapshots rise from day to day, and no name that the scenario needs is taken."""
    rising = (
        Requirement(
            name=f"every id of {pair.table} is higher than those of the days before",
            sql=f"SELECT count(*) FROM (SELECT min(id) AS first, lag(max(id)) OVER (ORDER BY {pair.day}) AS before"
            f" FROM {pair.table} GROUP BY {pair.day}) days WHERE first <= before",
        )
        for pair in PAIRS
    )
    days = Requirement(
        name=f"nothing is called like a day of {', '.join(TABLES)} yet",
        sql=f"SELECT count(*) FROM pg_class WHERE relname ~ '^({'|'.join(TABLES)})_[0-9]{{8}}$'"
        " AND relnamespace = 'public'::regnamespace",
    )
    rest = tuple(f"{pair.table}_rest" for pair in PAIRS)
    return *rising, days, unused_names(*rest, *(f"{table}_{suffix}" for table in TABLES for suffix in ("new", "old")))


LOST = (
    lost_guarantee("market_odds", "PRIMARY KEY (id)"),
    lost_guarantee("competitor_market_odds", "PRIMARY KEY (id)"),
    lost_guarantee("competitor_market_odds", "FOREIGN KEY (snapshot_id) REFERENCES competitor_odds_snapshots(id)"),
    lost_guarantee("competitor_odds_snapshots", "PRIMARY KEY (id)"),
)
COSTS = (
    "Primary keys become (id, snapshot_id) and (id, captured_at): the database no longer guarantees that an id alone is unique.",
    "The foreign key competitor_market_odds → competitor_odds_snapshots is gone: no key of (id) is left to refer to.",
    "Every day needs a new partition: of the snapshots ahead of time, of the market rows once the day's first id is known.",
    "A lookup by the id of a snapshot or market row alone searches every day; one by snapshot_id or captured_at finds its day.",
    "The copy needs disk space for all four tables, and writers wait while each is proved.",
    "A retention reads whether a day goes as a whole, and holds ACCESS EXCLUSIVE on snapshots and market rows until it commits.",
)


def variant(days: int) -> Scenario:
    """All days, or the last `days` of them."""
    gone = f"snapshots and market rows older than {days} days, today included"
    return Scenario(
        title=f"Partitions by day, keep {days}" if days else "Partitions by day",
        category=Category.PARTITION,
        hypothesis="The old days go with their files: no DELETE, no dead rows, no VACUUM FULL."
        if days
        else "Each row weighs the same in a partition: this prepares a retention and frees nothing.",
        apply=lambda db: apply(db, days),
        what=f"Partitions by day; drop all but {days} days" if days else "Partitions by day, dropped when they expire",
        changes=dict.fromkeys(TABLES, Shape.NEW_TABLE),
        requires=requirements(),
        losses=(*LOST, lost_rows(gone)) if days else LOST,
        keeps=keeps(days) if days else None,
        keeps_days=days or None,
        write={table: writing(pair, table) for pair in PAIRS for table in (pair.markets, pair.table)},
        costs=COSTS,
    )


FAMILY = Family(
    make=variant,
    parameters={
        "days": WholeNumber(meaning="How many days stay, today included; 0: all", default=0, least=0, most=3650)
    },
)
