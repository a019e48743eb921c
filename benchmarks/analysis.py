"""How long it takes to analyse and render a run, and whether ten times as many trials take ten times as long.

    python -m benchmarks.analysis [--run results/sample] [--trials 500] [--repeats 3]

The run's trials are repeated under other names until there are as many as asked for, and a tenth of them. Time is CPU time
of this process, the best of the repeats. The exit code is 1 where the larger run takes more than 2 s, or a trial of it more
than twice as long as one of the smaller.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count, islice
from pathlib import Path
from time import process_time

from lab import runs
from lab.analysis.results import analyse
from lab.report import summary, tables
from lab.report.renderers import RENDERERS
from lab.values import BASELINE, AuxiliaryTrial, Experiment, Outcome, PlannedTrial

MOST_SECONDS = 2.0
MOST_RATIO = 2.0


@dataclass(frozen=True, kw_only=True)
class Times:
    """Seconds for one run."""

    trials: int
    analysed: float
    rendered: float

    @property
    def whole(self) -> float:
        """Of both."""
        return self.analysed + self.rendered

    @property
    def line(self) -> str:
        """One row of a Markdown table."""
        per_trial = 1000 * self.whole / self.trials
        return f"| {self.trials} | {self.analysed:.2f} s | {self.rendered:.2f} s | {self.whole:.2f} s | {per_trial:.2f} ms |"


def main() -> None:
    """Print both runs and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, default=Path("results/sample"))
    parser.add_argument("--trials", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    sample = runs.load(options.run)
    few, many = (best(repeated(sample, trials), options.repeats) for trials in (options.trials // 10, options.trials))
    print("| trials | analysed | rendered | both | a trial |\n| ---: | ---: | ---: | ---: | ---: |")
    print(few.line, many.line, sep="\n")
    ratio = (many.whole / many.trials) / (few.whole / few.trials)
    print(f"\nA trial of the larger run takes {ratio:.2f} times as long as one of the smaller.")
    sys.exit(many.whole > MOST_SECONDS or ratio > MOST_RATIO)


def repeated(sample: Experiment, trials: int) -> Experiment:
    """An experiment of so many trials: the baselines once, the others under ever new names."""
    own = [outcome for outcome in sample.outcomes if outcome.scenario == BASELINE]
    outcomes = (*own, *islice(_outcomes(sample), trials - len(own)))
    names = {outcome.scenario for outcome in outcomes}
    auxiliary = tuple(trial for trial in _auxiliary(sample, trials) if trial.outcome.scenario in names)
    facts = {name: sample.scenarios[name.partition("#")[0]] for name in names}
    planned = tuple(PlannedTrial(scenario=outcome.scenario, server=outcome.server) for outcome in outcomes)
    plan = replace(sample.plan, trials=planned)
    return replace(sample, plan=plan, outcomes=outcomes, auxiliary_trials=auxiliary, scenarios=facts)


def _outcomes(sample: Experiment) -> Iterator[Outcome]:
    for number in count(1):
        for outcome in sample.outcomes:
            if outcome.scenario != BASELINE:
                yield replace(outcome, scenario=_name(outcome, number))


def _auxiliary(sample: Experiment, most: int) -> Iterator[AuxiliaryTrial]:
    for trial in sample.auxiliary_trials:
        if trial.outcome.scenario == BASELINE:
            yield trial
        else:
            for number in range(1, most):
                outcome = replace(trial.outcome, scenario=_name(trial.outcome, number))
                yield replace(trial, outcome=outcome)


def _name(outcome: Outcome, number: int) -> str:
    return f"{outcome.scenario}#{number}"


def best(experiment: Experiment, repeats: int) -> Times:
    """The fastest of several repeats."""
    return min((_timed(experiment) for _ in range(repeats)), key=lambda times: times.whole)


def _timed(experiment: Experiment) -> Times:
    begin = process_time()
    results = analyse(experiment)
    analysed = process_time()
    for render in RENDERERS.values():
        render(results)
    summary.of(results)
    for table in (tables.savings(results), tables.full_size(results)):
        table.markdown()
    return Times(trials=len(experiment.outcomes), analysed=analysed - begin, rendered=process_time() - analysed)


if __name__ == "__main__":
    main()
