"""Every combination of a space of strategies, measured once: what the search is tested against without a server.

    python -m benchmarks.search_space [--case tests/lab/search/thin.json] [--size 6MB] [--part NAME …] [--repeats 1]
        [--out build/search] [--table tests/lab/search/space.csv]

Measures the combinations of up to four of these parts that no earlier call measured, on the native server, one at a time: a
call that was stopped goes on at the next one. Then it writes what the search sees of each into a table, of several trials the
median. Without --part it measures the parts of the table again.

The table holds what hardly depends on what else the machine does: bytes of the sample, the server's CPU seconds of the
migration, and of each read how many times as much of the server's CPU as on an untouched clone it takes. That is 1 where it
touches as many blocks as before, or where the difference is no larger than those of nine in ten such reads. The longest lock
counts by the part of its step's time in which the server had a CPU. Writes and growth are not measured.
"""

from __future__ import annotations

import argparse
import csv
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median, quantiles

from data_gen.imitation import resolve
from lab import registry
from lab.analysis.locks import locks_of
from lab.analysis.reads import ReadResult, read_results
from lab.analysis.rows import cost_of
from lab.cli.progress import words
from lab.runner.server_pool import open_pool
from lab.search.best import MOST_PARTS
from lab.search.cache import TrialCache
from lab.search.measuring import SampleTrials, loss_of
from lab.search.observation import Observation
from lab.search.space import Combination, legal, name_of
from lab.servers import Options, open_workspace
from lab.units import parse_bytes
from lab.values import KINDS, Completed, Constraints, ScenarioFacts, StepRecord, Verdict
from lab.values.events import Event, Message

TABLE = Path("tests/lab/search/space.csv")
CASE = TABLE.with_name("thin.json")
"""A fifth of the rows of the newest case, with all that a strategy meets: hundreds of trials are made of it."""
_READ_SECONDS = 1.5
"""Of all reads of a trial."""
_PIECE, _ROWS, _READ = "bytes", "rows", "read"
"""What a column of a mapping begins with; a colon follows, then the parts of the key."""


@dataclass(kw_only=True)
class Measurement:
    """All trials of one combination."""

    combination: Combination
    trials: list[Completed] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    """Seconds of each of them."""

    @property
    def facts(self) -> ScenarioFacts:
        """What the combination declares."""
        (entry,) = registry.resolve([name_of(self.combination)])
        return entry.facts


def main() -> None:
    """Measure what is not measured yet, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", type=Path, default=CASE, help="the file of a case")
    parser.add_argument("--size", default="6MB")
    parser.add_argument("--part", nargs="+", help="the parts that are combined; default: those of the table")
    parser.add_argument("--repeats", type=int, default=1, help="trials of each combination, one after all others")
    parser.add_argument("--out", type=Path, default=Path("build/search"))
    parser.add_argument("--table", type=Path, default=TABLE)
    options = parser.parse_args()
    parts = options.part or dict.fromkeys(part for observation in read_table(TABLE) for part in observation.combination)
    measurements = measured(options.case, parse_bytes(options.size), parts, options.repeats, options.out)
    write_table(options.table, observations(measurements))


def measured(case: Path, size: int, parts: Iterable[str], repeats: int, out: Path) -> list[Measurement]:
    """Each combination that can be applied to the sample and gives the right answers."""
    workload = resolve(None, case)
    measurements = {
        combination: Measurement(combination=combination) for combination in legal(registry.resolve(parts), MOST_PARTS)
    }
    with open_workspace() as workspace, open_pool(workspace, Options(), say) as pool:
        for repeat in range(repeats):
            sample = SampleTrials(
                pool=pool,
                cache=TrialCache(code=str(repeat), folder=out),
                workload=workload,
                dataset=workload.plan(size_bytes=size, seed=1, parameters={}),
                case_sha256="",
                kinds=("native",),
                constraints=Constraints(),
                step_seconds=600,
                read_seconds=_READ_SECONDS,
                read_subjects=1,
                write_seconds=0,
                progress=say,
            )
            for number, (combination, measurement) in enumerate(measurements.items(), 1):
                record = sample.record(combination)
                say(Message(text=f"{number} of {len(measurements)}, {repeat + 1} of {repeats}"))
                if record and isinstance(record.outcome, Completed) and _is_right(record.outcome):
                    measurement.trials.append(record.outcome)
                    measurement.took.append(record.took)
    return [measurement for measurement in measurements.values() if measurement.trials]


def _is_right(trial: Completed) -> bool:
    return trial.verification.verdict is not Verdict.DIFFERS


def observations(measurements: Sequence[Measurement]) -> list[Observation]:
    """What the search would see of these trials: of the times of a combination the medians."""
    reads = {measurement.combination: _cpu_ratios(measurement) for measurement in measurements}
    gap = _gap(ratio for ratios in reads.values() for ratio, same in ratios.values() if same)
    return [
        on_sample(measurement, {name: _beyond(gap, *pair) for name, pair in reads[measurement.combination].items()})
        for measurement in measurements
    ]


def _cpu_ratios(measurement: Measurement) -> dict[str, tuple[float, bool]]:
    """How many times as much CPU each read takes as on the untouched clone, and whether it touches as many blocks."""
    several = [read_results(trial, {}, {}) or () for trial in measurement.trials]
    return {
        f"{same[0].query} {same[0].columns}": (median(map(_cpu, same)), all(map(_is_same, same)))
        for same in zip(*several, strict=True)
    }


def _gap(ratios: Iterable[float]) -> float:
    """The ratio by which the CPU time of reads that touch as many blocks as before differs, of nine in ten."""
    return math.exp(quantiles((abs(math.log(ratio)) for ratio in ratios), n=10)[-1])


def _beyond(gap: float, ratio: float, same: bool) -> float:
    return 1.0 if same or max(ratio, 1 / ratio) <= gap else ratio


def _is_same(read: ReadResult) -> bool:
    return read.after.blocks == read.before.blocks


def _cpu(read: ReadResult) -> float:
    """How many times as much CPU as on the untouched clone it takes. Errors: `ValueError` where that cannot be seen here."""
    if not read.after.cpu_seconds or not read.before.cpu_seconds:
        raise ValueError(f"The CPU time of {read.query} cannot be seen.")
    return read.after.cpu_seconds / read.before.cpu_seconds


def on_sample(measurement: Measurement, reads: Mapping[str, float]) -> Observation:
    """What was measured, as it is: a sample of one event has no full size where the profile counts no rows of so few days."""
    first = measurement.trials[0]
    return Observation(
        combination=measurement.combination,
        pieces={(table.table, kind): getattr(table, kind) for table in first.footprint.tables for kind in KINDS},
        rows=first.rows,
        growth=None,
        reads=reads,
        write=None,
        seconds=median(cost_of(trial.steps).cpu_seconds or 0.0 for trial in measurement.trials),
        lock=median(map(_lock, measurement.trials)),
        loss=loss_of(measurement.facts),
        took=median(measurement.took),
    )


def _lock(trial: Completed) -> float:
    """The longest lock, each in proportion to the part of its step's time in which the server had a CPU."""
    return max((_server_seconds(trial, step) for step in trial.steps if not step.auxiliary), default=0.0)


def _server_seconds(trial: Completed, step: StepRecord) -> float:
    """Errors: `ValueError` where the step's locks, its time or its CPU are not known."""
    held = locks_of(replace(trial, steps=(step,))).longest_seconds
    if held is None or step.seconds is None or step.cpu_seconds is None:
        raise ValueError(f"The locks of '{step.name}' cannot be seen.")
    return held * min(step.cpu_seconds / step.seconds, 1.0)


def write_table(path: Path, observed: Sequence[Observation]) -> None:
    """One row per combination; what was not measured, or is not there, is empty."""
    rows = [_row(observation) for observation in observed]
    columns = sorted({column for row in rows for column in row}, key=lambda column: (":" in column, column))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _row(observation: Observation) -> dict[str, object]:
    known = {
        "growth": observation.growth,
        "write": observation.write,
        "seconds": observation.seconds,
        "lock": observation.lock,
        "took": observation.took,
    }
    numbers = {
        **{name: round(value, 3) for name, value in known.items() if value is not None},
        **{f"{_PIECE}:{table}:{kind}": round(size) for (table, kind), size in observation.pieces.items()},
        **{f"{_ROWS}:{table}": round(rows) for table, rows in observation.rows.items()},
        **{f"{_READ}:{query}": round(ratio, 3) for query, ratio in observation.reads.items()},
    }
    return {"combination": "+".join(observation.combination), "loss": observation.loss, **numbers}


def read_table(path: Path) -> tuple[Observation, ...]:
    """What `write_table` wrote."""
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(_observation(row) for row in csv.DictReader(file))


def _observation(row: Mapping[str, str]) -> Observation:
    number = {column: float(text) for column, text in row.items() if text and column != "combination"}
    pieces = {tuple(column.split(":")[1:]): value for column, value in number.items() if column.startswith(_PIECE)}
    return Observation(
        combination=tuple(filter(None, row["combination"].split("+"))),
        pieces={(table, kind): size for (table, kind), size in pieces.items()},
        rows=_mapping(number, _ROWS),
        growth=number.get("growth"),
        reads=_mapping(number, _READ),
        write=number.get("write"),
        seconds=number.get("seconds"),
        lock=number.get("lock"),
        loss=int(number["loss"]),
        took=number["took"],
    )


def _mapping(number: Mapping[str, float], prefix: str) -> dict[str, float]:
    return {column.partition(":")[2]: value for column, value in number.items() if column.startswith(f"{prefix}:")}


def say(event: Event, /) -> None:
    """Print what is said of an event, where results do not go."""
    for text in words(event):
        print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
