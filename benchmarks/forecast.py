"""Is the forecast of a migration true? Each step at four times the size, and what a run at once the size foretold.

    python -m benchmarks.forecast [--size 64MB] [--times 4] [--scenario drop_raw_response rewrite_only] [--server native]
                                  [--out build/forecast]

What was measured at the larger size must lie inside the interval. The exit code is 1 where WAL or peak disk does not; seconds
are only shown, because a clock may be slow. Runs that are in --out already are taken as they are.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.projection import run
from data_gen.imitation import resolve
from lab.analysis.forecast import Amount, Sizes, forecasts, matched
from lab.analysis.measured import references
from lab.analysis.results import analyse
from lab.units import bytes_text, duration_text, parse_bytes
from lab.values import BASELINE, Completed, Experiment


def main() -> None:
    """Print a line for each amount of each step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="64MB")
    parser.add_argument("--times", type=int, default=4)
    parser.add_argument("--scenario", nargs="+", default=["drop_raw_response", "rewrite_only"])
    parser.add_argument("--server", default="native")
    parser.add_argument("--out", type=Path, default=Path("build/forecast"))
    options = parser.parse_args()
    size = parse_bytes(options.size)
    odds = resolve("2026-02-17", None)
    once, larger = (run(size * n, options.scenario, options.server, options.out, odds) for n in (1, options.times))
    print("| scenario | step | amount | foretold | between | measured | inside |")
    print("| --- | --- | --- | ---: | ---: | ---: | --- |")
    checks = list(checked(once, larger))
    if not checks:
        sys.exit("Nothing was compared: a run of so few events has no second size. Give a larger --size.")
    sys.exit(any(not held and name != "seconds" for name, held in checks))


def checked(once: Experiment, larger: Experiment) -> Iterator[tuple[str, bool]]:
    """Every amount of every step that both runs measured, and whether it lies inside of its interval."""
    context = references(once)
    there = {(row.outcome.scenario, row.outcome.server): row.trial for row in analyse(larger).measured if row.trial}
    pairs = {
        number: (trial, smaller)
        for number, trial in enumerate(
            outcome for outcome in once.outcomes if isinstance(outcome, Completed) and outcome.repeat == 1
        )
        if (smaller := context.smaller.get((trial.scenario, trial.server)))
        and (trial.scenario, trial.server) in there
        and (BASELINE, trial.server) in context.smaller
    }
    known = {}
    for number, (trial, smaller) in pairs.items():
        control = context.baselines[trial.server][0]
        totals = (
            outcome.footprint.total
            for outcome in (control, context.smaller[BASELINE, trial.server], there[BASELINE, trial.server])
        )
        known[number] = matched(trial, smaller), Sizes(**dict(zip(("larger", "smaller", "full"), totals, strict=True)))
    by_number = forecasts(known, draws=once.plan.dataset.scale, fewer=context.smaller_scale or 1)
    for number, steps in by_number.items():
        trial, _ = pairs[number]
        big = [step for step in there[trial.scenario, trial.server].steps if not step.auxiliary]
        for step, measured in zip(steps, big, strict=True):
            for name, foretold, value in (
                ("seconds", step.seconds, measured.seconds),
                ("WAL", step.wal_bytes, measured.wal_bytes),
                ("peak disk", step.peak_bytes, measured.peak_bytes),
            ):
                if foretold is not None and value is not None:
                    yield name, _line(f"{trial.scenario} | {step.step}", name, foretold, value)


def _line(step: str, name: str, foretold: Amount, measured: float) -> bool:
    text = duration_text if name == "seconds" else bytes_text
    held = foretold.low <= measured <= foretold.high
    between = f"{text(foretold.low)} to {text(foretold.high)}"
    print(f"| {step} | {name} | {text(foretold.value)} | {between} | {text(measured)} | {'yes' if held else 'NO'} |")
    return held


if __name__ == "__main__":
    main()
