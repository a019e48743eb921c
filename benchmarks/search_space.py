"""Every combination of a space of strategies, measured once: what the search is tested against without a server.

    python -m benchmarks.search_space [--case tests/lab/search/thin.json] [--size 6MB] [--part NAME …]
        [--out build/search] [--table tests/lab/search/space.csv]

Measures the combinations of up to four of these parts that no earlier call measured, on the native server, one at a time: a
call that was stopped goes on at the next one. Then it writes what the search sees of each into a table. Without --part it
measures the parts of the table again.

The table holds what hardly depends on what else the machine does: bytes of the sample, the server's CPU seconds of the
migration, and of each read how many times as much of the server's CPU as on an untouched clone it takes. That is 1 where it
touches as many blocks as before, or where the difference is no larger than those of nine in ten such reads. Only the longest
lock is wall-clock time. Writes and growth are not measured.
"""

from __future__ import annotations

import argparse
import csv
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import quantiles
from typing import TypeAlias

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
from lab.values import KINDS, Completed, Constraints, Verdict
from lab.values.events import Event, Message

TABLE = Path("tests/lab/search/space.csv")
CASE = TABLE.with_name("thin.json")
"""A fifth of the rows of the newest case, with all that a strategy meets: hundreds of trials are made of it."""
Made: TypeAlias = tuple[Combination, Completed, float]
"""A trial and its seconds."""
_READ_SECONDS = 0.6
"""Of all reads of a trial."""
_PIECE, _ROWS, _READ = "bytes", "rows", "read"
"""What a column of a mapping begins with; a colon follows, then the parts of the key."""


def main() -> None:
    """Measure what is not measured yet, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", type=Path, default=CASE, help="the file of a case")
    parser.add_argument("--size", default="6MB")
    parser.add_argument("--part", nargs="+", help="the parts that are combined; default: those of the table")
    parser.add_argument("--out", type=Path, default=Path("build/search"))
    parser.add_argument("--table", type=Path, default=TABLE)
    options = parser.parse_args()
    parts = options.part or dict.fromkeys(part for one in read_table(TABLE) for part in one.combination)
    write_table(options.table, observations(measured(options.case, parse_bytes(options.size), parts, options.out)))


def measured(case: Path, size: int, parts: Iterable[str], out: Path) -> Iterator[Made]:
    """Each combination that can be applied to the sample and gives the right answers."""
    workload = resolve(None, case)
    combinations = legal(registry.resolve(parts), MOST_PARTS)
    with open_workspace() as workspace, open_pool(workspace, Options(), say) as pool:
        sample = SampleTrials(
            pool=pool,
            cache=TrialCache(code="", folder=out),
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
        for number, combination in enumerate(combinations, 1):
            kept = sample.made(combination)
            say(Message(text=f"{number} of {len(combinations)}"))
            if (
                kept
                and isinstance(kept.outcome, Completed)
                and kept.outcome.verification.verdict is not Verdict.DIFFERS
            ):
                yield combination, kept.outcome, kept.took


def observations(made: Iterable[Made]) -> list[Observation]:
    """What the search would see of these trials."""
    trials = list(made)
    reads = {combination: read_results(trial, {}) or () for combination, trial, _ in trials}
    gap = _gap(read for results in reads.values() for read in results)
    return [
        on_sample(combination, trial, {_name(read): _ratio(read, gap) for read in reads[combination]}, took)
        for combination, trial, took in trials
    ]


def _gap(reads: Iterable[ReadResult]) -> float:
    """The ratio by which the CPU time of reads that touch as many blocks as before differs, of nine in ten."""
    return math.exp(quantiles((abs(math.log(_cpu(read))) for read in reads if _is_same(read)), n=10)[-1])


def _name(read: ReadResult) -> str:
    return f"{read.query} {read.columns}"


def _ratio(read: ReadResult, gap: float) -> float:
    ratio = _cpu(read)
    return 1.0 if _is_same(read) or max(ratio, 1 / ratio) <= gap else ratio


def _is_same(read: ReadResult) -> bool:
    return read.after.blocks == read.before.blocks


def _cpu(read: ReadResult) -> float:
    """How many times as much CPU as on the untouched clone it takes. Errors: `ValueError` where that cannot be seen here."""
    if not read.after.cpu_seconds or not read.before.cpu_seconds:
        raise ValueError(f"The CPU time of {read.query} cannot be seen.")
    return read.after.cpu_seconds / read.before.cpu_seconds


def on_sample(combination: Combination, trial: Completed, reads: Mapping[str, float], took: float) -> Observation:
    """What was measured, as it is: a sample of one event has no full size where the profile counts no rows of so few days."""
    (entry,) = registry.resolve([name_of(combination)])
    return Observation(
        combination=combination,
        pieces={(table.table, kind): getattr(table, kind) for table in trial.footprint.tables for kind in KINDS},
        rows=trial.rows,
        growth=None,
        reads=reads,
        write=None,
        seconds=cost_of(trial.steps).cpu_seconds or 0.0,  # a machine may have other work meanwhile
        lock=locks_of(trial).longest_seconds,
        loss=loss_of(entry.facts),
        took=took,
    )


def write_table(path: Path, observed: Sequence[Observation]) -> None:
    """One row per combination; what was not measured, or is not there, is empty."""
    rows = [_row(one) for one in observed]
    columns = sorted({column for row in rows for column in row}, key=lambda column: (":" in column, column))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _row(one: Observation) -> dict[str, object]:
    known = {"growth": one.growth, "write": one.write, "seconds": one.seconds, "lock": one.lock, "took": one.took}
    numbers = {
        **{name: round(value, 3) for name, value in known.items() if value is not None},
        **{f"{_PIECE}:{table}:{kind}": round(size) for (table, kind), size in one.pieces.items()},
        **{f"{_ROWS}:{table}": round(rows) for table, rows in one.rows.items()},
        **{f"{_READ}:{query}": round(ratio, 3) for query, ratio in one.reads.items()},
    }
    return {"combination": "+".join(one.combination), "loss": one.loss, **numbers}


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
