"""Is the projection true? Every scenario at once, twice and four times the default size, and what the first one foretold.

    python -m benchmarks.projection [--size 256MB] [--times 2 4] [--scenario all] [--server auto] [--out build/projection]

Each size is a run of its own. From the run at once the size every scenario is projected to the rows of the larger ones:
what was measured there must lie inside the interval, and within 3 % of the projection. The exit code is 1 where one does not.
Runs that are in --out already are taken as they are.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.search_space import say
from data_gen.imitation import resolve
from lab import runs
from lab.analysis.full_size import SizedTrial
from lab.analysis.interval import unsupported_bytes
from lab.analysis.projection import TargetRows, scale
from lab.analysis.results import analyse
from lab.runner import pipeline
from lab.servers import Options
from lab.units import bytes_text, parse_bytes
from lab.values import Completed, Experiment
from lab.workload import Workload

WITHIN = 3.0
"""Percent that a projection may be off."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A projection beside what was measured."""

    scenario: str
    server: str
    measured: int
    projected: int
    half: float
    """Of the interval, in bytes."""

    @property
    def percent(self) -> float:
        """How far it is off."""
        return 100 * (self.projected / self.measured - 1)

    @property
    def holds(self) -> bool:
        """Inside of the interval, and near enough."""
        return abs(self.projected - self.measured) <= self.half and abs(self.percent) <= WITHIN

    @property
    def line(self) -> str:
        """One row of a Markdown table."""
        return (
            f"| {self.scenario} | {self.server} | {bytes_text(self.measured)} | {bytes_text(self.projected)}"
            f" | ± {100 * self.half / self.projected:.1f} % | {self.percent:+.2f} % | {'yes' if self.holds else 'NO'} |"
        )


def main() -> None:
    """Print a table for each larger size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="256MB")
    parser.add_argument("--times", type=int, nargs="+", default=[2, 4])
    parser.add_argument("--scenario", nargs="+", default=["all"])
    parser.add_argument("--server", default="auto")
    parser.add_argument("--out", type=Path, default=Path("build/projection"))
    options = parser.parse_args()
    size = parse_bytes(options.size)
    odds = resolve("2026-02-17", None)
    once, *larger = (run(size * n, options.scenario, options.server, options.out, odds) for n in (1, *options.times))
    compared = [list(checked(once, experiment)) for experiment in larger]
    for experiment, rows in zip(larger, compared, strict=True):
        events = (once.plan.dataset.scale, experiment.plan.dataset.scale)
        print(f"\nFrom {events[0]} events to {events[1]} ({bytes_text(experiment.plan.size_bytes)}):\n")
        print("| scenario | server | measured | projected | interval | off by | holds |")
        print("| --- | --- | ---: | ---: | ---: | ---: | --- |")
        print("\n".join(row.line for row in rows))
    sys.exit(not all(row.holds for rows in compared for row in rows))


def run(size: int, scenarios: Sequence[str], server: str, out: Path, workload: Workload) -> Experiment:
    """The run of that size, made where it is not there yet."""
    folder = out / str(size)
    if not runs.folders(folder):
        request = pipeline.RunRequest(
            scenarios=tuple(scenarios),
            workload=workload,
            size_bytes=size,
            seed=1,
            read_seconds=0,
            write_seconds=0,
            server=server,
            results=folder,
            options=Options(),
        )
        pipeline.run(request, say, lambda _: None)
    return runs.load(runs.folders(folder)[-1])


def checked(once: Experiment, larger: Experiment) -> Iterator[Checked]:
    """Every scenario that both runs measured, projected to the rows that the larger one has."""
    there = {(row.outcome.scenario, row.outcome.server): row.trial for row in analyse(larger).measured}
    for row in analyse(once).measured:
        big = there.get((row.outcome.scenario, row.outcome.server))
        if big and row.sized:
            yield _checked(row.sized, big)


def _checked(once: SizedTrial, big: Completed) -> Checked:
    trial = once.trial
    newest = {table.table: float(table.rowstore.rows) for table in big.footprint.tables if table.rowstore}
    factors = scale(TargetRows(rows=big.rows, newest_rows=newest), trial, once.lineage, once.smaller)
    half = 0.0
    if once.error is not None:
        half = once.error * factors.marginal(trial.footprint) + unsupported_bytes(trial, factors)
    return Checked(
        scenario=trial.scenario,
        server=trial.server,
        measured=big.footprint.total,
        projected=factors.projected(trial.footprint),
        half=half,
    )


if __name__ == "__main__":
    main()
