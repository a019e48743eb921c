"""Every combination of a space of strategies, measured once: what the search is tested against without a server.

    python -m benchmarks.search_space [--size 12MB] [--part NAME …] [--out build/search] [--table tests/lab/search/space.csv]

Measures the combinations of these parts that no earlier call measured, on the native server, one at a time: a call that was
stopped goes on at the next one. Then it writes what the search sees of each into a table: bytes of the sample, seconds
of CPU, losses. Reads are not timed. Without --part it measures the parts of the table again.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from data_gen.imitation import resolve
from lab import registry
from lab.analysis.rows import cost_of
from lab.cli.progress import words
from lab.runner.server_pool import open_pool
from lab.search.cache import TrialCache
from lab.search.measuring import SampleTrials, loss_of
from lab.search.observation import Observation
from lab.search.space import Combination, legal, name_of
from lab.servers import Options, open_workspace
from lab.units import parse_bytes
from lab.values import KINDS, Completed, Constraints
from lab.values.events import Event, Message

TABLE = Path("tests/lab/search/space.csv")
_PIECE, _ROWS, _READ = "bytes", "rows", "read"
"""What a column of a mapping begins with; a colon follows, then the parts of the key."""


def main() -> None:
    """Measure what is not measured yet, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="12MB")
    parser.add_argument("--part", nargs="+", help="the parts that are combined; default: those of the table")
    parser.add_argument("--out", type=Path, default=Path("build/search"))
    parser.add_argument("--table", type=Path, default=TABLE)
    options = parser.parse_args()
    parts = options.part or dict.fromkeys(part for one in read_table(TABLE) for part in one.combination)
    write_table(options.table, list(measured(parse_bytes(options.size), parts, options.out)))


def measured(size: int, parts: Iterable[str], out: Path) -> Iterator[Observation]:
    """Each combination that can be applied to the sample."""
    workload = resolve("2026-02-17", None)
    combinations = legal(registry.resolve(parts))
    with open_workspace() as workspace, open_pool(workspace, Options(), _say) as pool:
        sample = SampleTrials(
            pool=pool,
            cache=TrialCache(code="", folder=out),
            workload=workload,
            dataset=workload.plan(size_bytes=size, seed=1, parameters={}),
            case_sha256="",
            kinds=("native",),
            constraints=Constraints(),
            step_seconds=600,
            read_seconds=0,
            read_subjects=None,
            write_seconds=0,
            progress=_say,
        )
        for number, combination in enumerate(combinations, 1):
            kept = sample.made(combination)
            _say(Message(text=f"{number} of {len(combinations)}"))
            if kept and isinstance(kept.outcome, Completed):
                yield on_sample(combination, kept.outcome, kept.took)


def on_sample(combination: Combination, trial: Completed, took: float) -> Observation:
    """What was measured, as it is: a sample of one event has no full size where the profile counts no rows of so few days."""
    (entry,) = registry.resolve([name_of(combination)])
    return Observation(
        combination=combination,
        pieces={(table.table, kind): getattr(table, kind) for table in trial.footprint.tables for kind in KINDS},
        rows=trial.rows,
        growth=None,
        reads={},
        write=None,
        seconds=cost_of(trial.steps).cpu_seconds or 0.0,  # a machine may have other work meanwhile
        lock=None,
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


def _say(event: Event, /) -> None:
    for text in words(event):
        print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
