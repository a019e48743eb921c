"""A profile against the plain queries that it replaces, on a database of at least 2 GB, side by side in one run.

    python -m benchmarks.profile [--size 2560MB] [--pairs 5]

The plain queries: for every JSON column the mean stored and raw bytes of `ORDER BY random() LIMIT 1000`, and for every period and
table a count that asks each row's snapshot for its age. The profile answers these and everything else that it reports.
The whole command is timed beside it, with the start of Python.
Every column above 1 % of the database is then compared with the exact sum of `pg_column_size`.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from multiprocessing import get_context
from time import perf_counter

from data_gen import Dataset, load_case
from lab import profiling
from lab.postgres.database import Database
from lab.servers import open_server, open_workspace
from lab.trial.load import run_stages
from lab.trial.settle import settle
from lab.units import bytes_text, parse_bytes
from lab.values import ColumnProfile, Profile, TableProfile
from lab.values.events import ignore

DOCUMENTS = (
    ("odds_snapshots", "raw_response"),
    ("competitor_odds_snapshots", "raw_response"),
    ("market_odds", "outcomes"),
    ("market_odds", "market_groups"),
    ("competitor_market_odds", "outcomes"),
    ("competitor_market_odds", "market_groups"),
)
AGED = (
    ("odds_snapshots", "captured_at"),
    ("competitor_odds_snapshots", "captured_at"),
    ("market_odds", "(SELECT captured_at FROM odds_snapshots s WHERE s.id = snapshot_id)"),
    ("competitor_market_odds", "(SELECT captured_at FROM competitor_odds_snapshots s WHERE s.id = snapshot_id)"),
)
PERIODS = (7, 14, 30)


def main() -> None:
    """Print the times, their ratio, and how far each column is from its exact sum."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="2560MB")
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    dataset = Dataset.plan(load_case("2026-02-17"), size_bytes=parse_bytes(options.size), seed=1)
    with open_workspace() as workspace, open_server("native", workspace=workspace, progress=ignore) as server:
        server.create("bench")
        with server.connect("bench") as database:
            run_stages(server, database, dataset)
            settle(database)
            print(f"{bytes_text(database.value('SELECT pg_database_size(current_database())'))}")
            compare(database, dataset.now, options.pairs)


def compare(database: Database, now: datetime, pairs: int) -> None:
    """Both sides in turn, then the errors of the last profile."""
    profiles, commands = [], []
    for _ in range(pairs):
        documents = timed(lambda: [database.fetch(query) for query in random_documents()])
        counts = timed(lambda: [database.fetch(query) for query in correlated_counts(now)])
        # In a process of its own, as the command is: starting programs takes the longer, the more memory a process has.
        with ProcessPoolExecutor(1, get_context("spawn")) as other:
            profile, seconds, waited = other.submit(timed_profile, database.conninfo, now).result()
        command = timed(lambda: run_command(database.conninfo))
        profiles.append((documents + counts) / seconds)
        commands.append((documents + counts) / command)
        print(
            f"plain {documents + counts:6.2f} s (documents {documents:.2f}, counts {counts:.2f})"
            f"   profile {seconds:5.2f} s (of them {waited:.2f} waiting for the codecs' own server)"
            f"   plain ÷ profile {profiles[-1]:.1f}   whole command {command:.2f} s, plain ÷ command {commands[-1]:.1f}"
        )
    for name, ratios in (("profile", profiles), ("command", commands)):
        print(f"median plain ÷ {name}: {statistics.median(ratios):.1f} ({min(ratios):.1f}-{max(ratios):.1f})")
    print_errors(database, profile, now)


def timed(work: Callable[[], object]) -> float:
    """Seconds that it takes."""
    started = perf_counter()
    work()
    return perf_counter() - started


def timed_profile(dsn: str, now: datetime) -> tuple[Profile, float, float]:
    """A profile, its seconds, and those of them that it waited for the codecs' own server."""
    started, stages = perf_counter(), []
    profile = profiling.profile(dsn, now=now, progress=lambda _: stages.append(perf_counter()))
    return profile, perf_counter() - started, perf_counter() - stages[-1]


def run_command(dsn: str) -> None:
    """`lab profile` as a user runs it, from the start of Python to the last table."""
    subprocess.run([sys.executable, "-m", "lab.cli", "profile", dsn], check=True, capture_output=True)


def random_documents() -> Iterator[str]:
    """The plain way to the mean size of a document."""
    for table, column in DOCUMENTS:
        sample = f"SELECT {column} AS document FROM {table} ORDER BY random() LIMIT 1000"
        yield f"SELECT avg(pg_column_size(document)), avg(octet_length(document::text)) FROM ({sample}) AS sample"


def correlated_counts(now: datetime) -> Iterator[str]:
    """The plain way to the rows older than a period."""
    for table, moment in AGED:
        for days in PERIODS:
            yield f"SELECT count(*) FROM {table} WHERE {moment} < {older_than(now, days)}"


def older_than(now: datetime, days: int) -> str:
    """SQL for the moment so many days before `now`."""
    return f"timestamptz '{now.isoformat()}' - interval '{24 * days} hours'"


def print_errors(database: Database, profile: Profile, now: datetime) -> None:
    """Sampled against exact: columns above 1 % of the database, and rows older than each period."""
    for table in profile.tables:
        large = [column for column in table.columns if (column.stored_bytes or 0) > 0.01 * profile.database_bytes]
        for column, exact in zip(large, exact_sums(database, table, large), strict=True):
            stated = f"stated ± {100 * (column.error or 0):.2f} %"
            print(f"{table.table}.{column.name}: {error(column.stored_bytes, exact)} ({stated})")
    for name, moment in AGED:
        profiled = profile.of(name)
        for cut in profiled.retention if profiled else ():
            query = f"SELECT count(*) FROM {name} WHERE {moment} < {older_than(now, cut.days)}"
            print(f"{name} older than {cut.days} days: {error(cut.rows_older, int(database.value(query)))}")


def exact_sums(database: Database, table: TableProfile, columns: list[ColumnProfile]) -> list[int]:
    """The stored bytes of these columns, from every row."""
    if not columns:
        return []
    sums = ", ".join(f"sum(pg_column_size({column.name}))" for column in columns)
    return [int(value) for value in database.fetch(f"SELECT {sums} FROM {table.table}")[0]]


def error(figure: int | None, exact: int) -> str:
    """How far a figure is from the exact one."""
    return f"{figure} of {exact}, {100 * ((figure or 0) / exact - 1):+.2f} %" if exact else f"{figure} of {exact}"


if __name__ == "__main__":
    main()
