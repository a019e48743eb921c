"""Several runs compared: first what may not be compared, then sizes exactly, then reads beyond their noise, then a verdict.

Sizes are compared where all runs loaded the same rows, and they are compared to the byte. Reads are compared on one machine
only, and there as ratios to the baseline of their own run: what slows down a whole run does not count. A read changed where
the two intervals do not meet, even after both runs' gaps between two baselines were added. An answer that differs has no
saving: it is broken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from lab.analysis.disagreement import Disagreement, Extent, disagreements_of
from lab.analysis.reads import ReadResult
from lab.analysis.results import Results
from lab.analysis.rows import TrialResult
from lab.values import Verdict


class RowVerdict(StrEnum):
    """What became of a scenario between the first and the last run."""

    SAME = "same"
    SMALLER = "smaller"
    LARGER = "larger"
    FASTER = "faster"
    SLOWER = "slower"
    BROKEN = "broken"
    """It has answers that differ, or failed, and did not before."""
    MENDED = "mended"
    """The opposite of broken."""
    NEW = "new"
    """Only the last run has it."""
    GONE = "gone"
    """Only earlier runs have it."""
    NO_NUMBERS = "no numbers"
    """It was skipped, or it is broken in both."""
    NOT_COMPARABLE = "not comparable"
    """The runs loaded different rows."""


@dataclass(frozen=True, kw_only=True)
class ComparedTrial:
    """A scenario in one run."""

    state: str
    """The verdict of its verification, or 'failed' or 'skipped'."""
    bytes: int | None
    """None where it has no numbers, or its answers differ."""
    saving_percent: float | None
    reason: str | None
    """Why it has no bytes."""

    @property
    def broken(self) -> bool:
        """Whether it failed, or gives other answers."""
        return self.state in {Verdict.DIFFERS, "failed"}


@dataclass(frozen=True, kw_only=True)
class ComparedRead:
    """The read that changed most between the first and the last run."""

    query: str
    columns: str
    ratio: float
    """Of its ratios to the baseline; above 1 it became slower."""


@dataclass(frozen=True, kw_only=True)
class ComparedRow:
    """A scenario on one kind of server, or on several that agree in every run."""

    scenario: str
    servers: tuple[str, ...]
    """Empty where no server could run it."""
    trials: tuple[ComparedTrial | None, ...]
    """One per run; None where a run does not have it."""
    change_percent: float | None
    """Bytes of the last run against the first; None where they may not be compared."""
    read: ComparedRead | None
    """None where no read changed, or none may be compared."""
    verdicts: tuple[RowVerdict, ...]

    @property
    def savings(self) -> tuple[float | None, ...]:
        """In percent, one per run; None where a run has no number."""
        return tuple(trial.saving_percent if trial else None for trial in self.trials)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Several runs; the first is the one that the others are compared with."""

    runs: tuple[str, ...]
    rows: tuple[ComparedRow, ...]
    """In the order of the runs; of two trials of one scenario, the first."""
    disagreements: tuple[Disagreement, ...]
    unfinished: Mapping[str, str]
    """Why outcomes are missing, by run; a run that has them all is not in it."""

    @property
    def comparable(self) -> bool:
        """Whether sizes of the first and the last run may be compared; what lies between them decides no verdict."""
        return Extent.ALL not in _forbidden(self.runs, self.disagreements)

    def worse(self, percent: float) -> tuple[ComparedRow, ...]:
        """The rows that are broken or gone, or that grew or slowed down by more than so many percent."""
        return tuple(row for row in self.rows if _is_worse(row, percent))


def compare(several: Sequence[Results]) -> Comparison:
    """Compare runs with the first of them; a run that is named twice is taken once."""
    by_run = {results.experiment.run: results for results in several}
    disagreements = tuple(disagreements_of([results.experiment for results in by_run.values()]))
    forbidden = _forbidden(tuple(by_run), disagreements)
    columns = [_first_trials(results) for results in by_run.values()]
    places = dict.fromkeys(place for column in columns for place in column)
    context = _Context(
        columns=tuple(columns),
        gaps=tuple(results.read_gaps for results in by_run.values()),
        sizes=Extent.ALL not in forbidden,
        times=not forbidden & {Extent.ALL, Extent.TIMES},
    )
    rows = [context.row(scenario, server) for scenario, server in places]
    return Comparison(
        runs=tuple(by_run),
        rows=tuple(_merged(rows)),
        disagreements=disagreements,
        unfinished={run: results.unfinished for run, results in by_run.items() if results.unfinished},
    )


def _forbidden(runs: Sequence[str], disagreements: Iterable[Disagreement]) -> set[Extent]:
    """What may not be compared of the first and the last run."""
    return {
        disagreement.forbids
        for disagreement in disagreements
        if disagreement.values[runs[0]] != disagreement.values[runs[-1]]
    }


_Place = tuple[str, str | None]


@dataclass(frozen=True, kw_only=True)
class _Context:
    """What a row is made of."""

    columns: tuple[Mapping[_Place, TrialResult], ...]
    gaps: tuple[Mapping[str, float], ...]
    """Of each run by server, between two baselines."""
    sizes: bool
    times: bool

    def row(self, scenario: str, server: str | None) -> ComparedRow:
        results = [column.get((scenario, server)) for column in self.columns]
        trials = tuple(_compared(result) if result else None for result in results)
        first, last = trials[0], trials[-1]
        before, after = (trial.bytes if trial else None for trial in (first, last))
        change = 100 * (after / before - 1) if self.sizes and before and after is not None else None
        read = self._read(results[0], results[-1], server or "") if change is not None and self.times else None
        return ComparedRow(
            scenario=scenario,
            servers=(server,) if server else (),
            trials=trials,
            change_percent=change,
            read=read,
            verdicts=self._verdicts(first, last, change, read),
        )

    def _read(self, first: TrialResult | None, last: TrialResult | None, server: str) -> ComparedRead | None:
        gap = self.gaps[0].get(server, 1.0) * self.gaps[-1].get(server, 1.0)
        before = {(read.query, read.without): read for read in (first.reads or () if first else ())}
        after = {(read.query, read.without): read for read in (last.reads or () if last else ())}
        changed = [
            ComparedRead(query=now.query, columns=now.columns, ratio=now.ratio / then.ratio)
            for place, now in after.items()
            if (then := before.get(place)) and _apart(then, now, gap)
        ]
        return max(changed, key=lambda read: max(read.ratio, 1 / read.ratio), default=None)

    def _verdicts(
        self, first: ComparedTrial | None, last: ComparedTrial | None, change: float | None, read: ComparedRead | None
    ) -> tuple[RowVerdict, ...]:
        if first is None or last is None:
            return (RowVerdict.NEW if first is None and last else RowVerdict.GONE,)
        if first.broken != last.broken:
            return (RowVerdict.BROKEN if last.broken else RowVerdict.MENDED,)
        if first.bytes is None and last.bytes is None:
            return (RowVerdict.NO_NUMBERS,)
        if first.bytes is None or last.bytes is None:
            return (RowVerdict.NEW if first.bytes is None else RowVerdict.GONE,)
        if change is None:
            return (RowVerdict.NOT_COMPARABLE,)
        return tuple(_changes(change, read)) or (RowVerdict.SAME,)


def _changes(change: float, read: ComparedRead | None) -> Iterator[RowVerdict]:
    if change:
        yield RowVerdict.LARGER if change > 0 else RowVerdict.SMALLER
    if read:
        yield RowVerdict.SLOWER if read.ratio > 1 else RowVerdict.FASTER


def _apart(then: ReadResult, now: ReadResult, gap: float) -> bool:
    return now.low > then.high * gap or now.high * gap < then.low


def _is_worse(row: ComparedRow, percent: float) -> bool:
    slower = row.read is not None and 100 * (row.read.ratio - 1) > percent
    larger = row.change_percent is not None and row.change_percent > percent
    return slower or larger or bool({RowVerdict.BROKEN, RowVerdict.GONE} & set(row.verdicts))


def _first_trials(results: Results) -> dict[_Place, TrialResult]:
    trials: dict[_Place, TrialResult] = {}
    for row in results.trials:
        trials.setdefault((row.outcome.scenario, row.outcome.server), row)
    return trials


def _compared(row: TrialResult) -> ComparedTrial:
    wrong = row.verdict is Verdict.DIFFERS
    return ComparedTrial(
        state=row.verdict.value if row.verdict else row.outcome.kind,
        bytes=None if wrong else row.bytes,
        saving_percent=None if wrong else row.saving_percent,
        reason=row.reason,
    )


def _merged(rows: Iterable[ComparedRow]) -> Iterator[ComparedRow]:
    """Servers on which a scenario has the same bytes in every run share a row; reads are of one server."""
    merged: dict[object, ComparedRow] = {}
    for row in rows:
        sizes = tuple((trial.state, trial.bytes) if trial else None for trial in row.trials)
        mergeable = row.read is None and all(trial and trial.bytes is not None for trial in row.trials)
        key = (row.scenario, sizes) if mergeable else (row.scenario, row.servers)
        known = merged.get(key)
        merged[key] = replace(known, servers=(*known.servers, *row.servers)) if known else row
    yield from merged.values()
