"""What the application's writes cost after a strategy, against the baseline that was measured in turn with them.

The rule is that of the reads: a difference is named where chance hardly explains it and its whole interval lies beyond the
gap of two baselines. Rates are rows per second, so a ratio below 1 is slower.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.analysis.reads import CHANCE, Difference, Gaps, called, change_of, gaps
from lab.units import bytes_text, duration_text, ratio_text
from lab.values import Completed, Increase, WriteCost, Writes, WriteSide, WriteVerdict

if TYPE_CHECKING:
    from lab.analysis import significance

_WITHOUT_NUMBERS = {
    WriteVerdict.REFUSED: "cannot be carried out",
    WriteVerdict.DIFFERS: "does not store what it should",
    WriteVerdict.NO_ROW: "has nothing to do",
    WriteVerdict.NOT_MEASURED: "was not measured",
}


@dataclass(frozen=True, kw_only=True)
class WriteRate:
    """One side of a write."""

    rows_per_second: float
    """The median of its transactions."""
    cpu_seconds: float | None
    """Of the server process, per row."""
    wal_bytes: float
    """Per row."""
    growth: Mapping[str, float]
    """By kind, the bytes per row by which the tables grew, which sum to all; empty of what inserts no row."""


@dataclass(frozen=True, kw_only=True)
class WriteResult:
    """One write of the application after one strategy."""

    query: str
    title: str
    """What it does, in a few words; empty in older runs."""
    rows: int
    samples: int
    """Transactions of each side; 0 where it could not be measured."""
    after: WriteRate | None
    before: WriteRate | None
    ratio: float | None
    """Rows per second after ÷ before; below 1 it is slower. None where it could not be measured."""
    low: float | None
    """The interval of 95 % of the ratio; None of a single transaction."""
    high: float | None
    gap: float | None
    """The ratio by which baselines of the same server differ, at least 1; None without one."""
    change: Difference
    verdict: WriteVerdict
    """'not measured' also where an older run has no numbers."""
    refused: str
    """Why it could not be measured: the server's error, or what does not read back as it was written."""
    given_back: float | None
    """The share of the rowstore that the strategy's recurring statements free; None where no rows wait in one."""
    recurring_seconds: float | None
    """What those statements take for each new row, beside the write itself; None of what inserts no row, and where there are
    none."""

    @property
    def named(self) -> bool:
        """Whether there is a difference to speak of."""
        return self.change in (Difference.SLOWER, Difference.FASTER)

    @property
    def words(self) -> str:
        """As a sentence goes on: 'W1 writes 0.42 times the rows per second (0.38-0.45), 1.51 KB → 0.58 KB of WAL per row'."""
        name = called(self.query, self.title)
        if self.ratio is None or self.after is None or self.before is None:
            return f"{name} {_WITHOUT_NUMBERS[self.verdict]} ({self.refused})"
        between = f" ({ratio_text(self.low)}-{ratio_text(self.high)})" if self.low and self.high else ""
        wal = round(self.before.wal_bytes), round(self.after.wal_bytes)
        before, after = (bytes_text(count, like=max(wal)) for count in wal)
        return (
            f"{name} writes {ratio_text(self.ratio)} times the rows per second{between},"
            f" {before} → {after} of WAL per row"
        )


def write_gaps(baselines: Mapping[str, Iterable[Completed]]) -> Gaps:
    """By server and write, the ratio that the baselines of all servers differ by."""
    return gaps(
        (server, cost.query, _slowdown(cost.after, cost.before))
        for server, trials in baselines.items()
        for trial in trials
        for cost in (trial.writes.costs if trial.writes else ())
        if cost.after and cost.before
    )


def write_results(trial: Completed, known: Gaps, titles: Mapping[str, str]) -> tuple[WriteResult, ...] | None:
    """Every write of a trial in the order of the workload, with its title; None where none was measured."""
    if trial.writes is None:
        return None
    return tuple(
        _result(cost, trial.writes, known.get((trial.server, cost.query)), titles.get(cost.query, ""))
        for cost in trial.writes.costs
    )


def main_write(writes: Sequence[WriteResult] | None) -> WriteResult | None:
    """The application's first write, which stores its new rows."""
    return writes[0] if writes else None


@dataclass(frozen=True, kw_only=True)
class WorstWrite:
    """What a strategy costs in writes: the one that suffers most."""

    query: str
    """Empty where none is slower."""
    title: str = ""
    """As `WriteResult.title`."""
    verdict: WriteVerdict = WriteVerdict.MEASURED
    ratio: float | None = 1.0
    """Rows per second after ÷ before: 1 where none is slower, None where the write is refused or differs."""

    @property
    def words(self) -> str:
        """As a sentence goes on: 'W1 (storing new rows) writes 0.34 times the rows per second', or 'W2: refused'."""
        name = called(self.query, self.title)
        if self.ratio is None:
            return f"{name}: {self.verdict.value}"
        return f"{name} writes {ratio_text(self.ratio)} times the rows per second"


def worst_write(writes: Sequence[WriteResult] | None) -> WorstWrite | None:
    """What is refused or differs, else the slowest of those that are slower; None where nobody knows.

    A write of a single transaction says nothing, as in `WriteResult.change`.
    """
    known = writes or ()
    for write in known:
        if write.verdict in (WriteVerdict.REFUSED, WriteVerdict.DIFFERS):
            return WorstWrite(query=write.query, title=write.title, verdict=write.verdict, ratio=None)
    if any(write.verdict is WriteVerdict.NOT_MEASURED for write in known):
        return None
    compared = [write for write in known if write.ratio is not None and write.change is not Difference.UNKNOWN]
    if not compared:
        return None
    slower = (
        WorstWrite(query=write.query, title=write.title, ratio=write.ratio)
        for write in compared
        if write.change is Difference.SLOWER
    )
    return min(slower, key=lambda write: write.ratio or 0.0, default=WorstWrite(query=""))


def usual_slowdown(write: WriteResult | None) -> float | None:
    """How many times as long as before a write takes, with what its strategy runs again and again for its rows.

    The write itself counts as 1 where noise explains the difference. None where nobody knows.
    """
    if write is None or write.ratio is None or write.change is Difference.UNKNOWN:
        return None
    alone = 1 / write.ratio if write.named else 1.0
    if write.recurring_seconds is None or write.before is None:
        return alone
    return alone + write.recurring_seconds * write.before.rows_per_second


def in_words(writes: Sequence[WriteResult] | None) -> str:
    """What the writes cost, after what is paid."""
    return f"Writes: {sentence(writes)}"


def sentence(writes: Sequence[WriteResult] | None) -> str:
    """What the writes cost."""
    if not writes:
        return "not measured."
    worth_saying = [write for write in writes if write.refused or write.named]
    rest = "".join(f" {each}" for each in (_recurring(writes), _given_back(writes)) if each)
    if worth_saying:
        return f"{'; '.join(write.words for write in worth_saying)}.{rest}"
    if all(write.change is Difference.UNKNOWN for write in writes):
        return f"measured, but not compared: there is no baseline to tell a difference from noise.{rest}"
    return f"none differs by more than two baselines do.{rest}"


def _recurring(writes: Sequence[WriteResult]) -> str:
    """What it runs again and again takes, beside what the server takes to store as many rows."""
    main = main_write(writes)
    if main is None or main.recurring_seconds is None or main.after is None:
        return ""
    return (
        f"What it runs again and again takes {duration_text(main.recurring_seconds)} for each new row, beside"
        f" {duration_text(1 / main.after.rows_per_second)} for storing it."
    )


def _given_back(writes: Sequence[WriteResult]) -> str:
    shares = [write.given_back for write in writes if write.given_back is not None]
    return f"What it runs again and again gives back {100 * shares[0]:.0f} % of the newest bytes." if shares else ""


def _result(cost: WriteCost, writes: Writes, gap: float | None, title: str) -> WriteResult:
    inserts = cost.query == writes.costs[0].query
    if cost.after is None or cost.before is None:
        return _refused(cost, title)
    low, high, change = _compared(cost.after, cost.before, gap)
    return WriteResult(
        query=cost.query,
        title=title,
        rows=cost.rows,
        samples=min(len(side.timing.values) for side in (cost.after, cost.before)),
        after=_rate(cost.after, writes.after if inserts else None, writes.rows),
        before=_rate(cost.before, writes.before if inserts else None, writes.rows),
        ratio=1 / _slowdown(cost.after, cost.before),
        low=low,
        high=high,
        gap=gap,
        change=change,
        verdict=WriteVerdict.MEASURED,
        refused="",
        given_back=writes.recurring / writes.waiting if inserts and writes.recurring and writes.waiting else None,
        recurring_seconds=writes.recurring_seconds if inserts else None,
    )


def _refused(cost: WriteCost, title: str) -> WriteResult:
    return WriteResult(
        query=cost.query,
        title=title,
        rows=0,
        samples=0,
        after=None,
        before=None,
        ratio=None,
        low=None,
        high=None,
        gap=None,
        change=Difference.UNKNOWN,
        verdict=cost.verdict or WriteVerdict.NOT_MEASURED,
        refused=cost.refused,
        given_back=None,
        recurring_seconds=None,
    )


def _compared(after: WriteSide, before: WriteSide, gap: float | None) -> tuple[float | None, float | None, Difference]:
    """The interval of the ratio of rates, and whether there is a difference; one transaction tells none."""
    from lab.analysis.significance import compared  # noqa: PLC0415 - loading scipy takes longer than a report

    if min(len(side.timing.values) for side in (after, before)) < 2:
        return None, None, Difference.UNKNOWN
    (difference,) = compared([(after.timing.values, before.timing.values)])
    change = change_of(difference.low, difference.high, gap, by_chance=difference.chance >= CHANCE)
    return 1 / difference.high, 1 / difference.low, change


def samples(trial: Completed) -> list[significance.Pair]:
    """The samples of every write that was timed more than once, after the strategy and before."""
    sides = ((cost.after, cost.before) for cost in (trial.writes.costs if trial.writes else ()))
    pairs = ((after.timing.values, before.timing.values) for after, before in sides if after and before)
    return [pair for pair in pairs if min(map(len, pair)) > 1]


def _rate(side: WriteSide, growth: Increase | None, rows: int) -> WriteRate:
    kinds = (
        {"heap": growth.heap, "maps": growth.maps, "toast": growth.toast, "indexes": growth.indexes} if growth else {}
    )
    return WriteRate(
        rows_per_second=1 / side.timing.seconds,
        cpu_seconds=side.cpu_seconds,
        wal_bytes=side.wal_bytes,
        growth={kind: size / rows for kind, size in kinds.items()},
    )


def _slowdown(after: WriteSide, before: WriteSide) -> float:
    return after.timing.seconds / before.timing.seconds
