"""What a strategy costs, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lab.analysis import writes
from lab.analysis.candidate import Candidate, outside_text
from lab.analysis.forecast import StepForecast, together
from lab.analysis.reads import Difference, ReadResult, slower_reads
from lab.analysis.results import Results
from lab.analysis.rows import cost_of
from lab.units import bytes_text, counted, duration_text


def price(results: Results) -> Iterator[tuple[str, str | None]]:
    """What the pick costs, by what is paid; None where the run did not measure it. Nothing without a pick."""
    pick = results.pick
    if pick is None:
        return
    yield "Reads", _reads(pick.reads)
    yield "Writes", writes.sentence(pick.writes) if pick.writes else None
    yield "Locks", _locks(pick.longest_lock_seconds)
    if pick.has_files:
        yield "Files outside of the database", _files(pick)
    (row,) = (row for row in results.trials if row.trial is pick.trial)
    yield "Migration", _migration(pick, together(row.forecast or ()))


def _reads(reads: Sequence[ReadResult] | None) -> str | None:
    if not reads or all(read.change is Difference.UNKNOWN for read in reads):
        return None
    slower, queries = slower_reads(reads), {read.query for read in reads}
    if not slower:
        return f"None of {counted(len(queries), 'query', 'queries')} is slower than two baselines differ."
    return f"{len(slower)} of {counted(len(queries), 'query', 'queries')} are slower. The worst: {slower[0].words}."


def _locks(seconds: float | None) -> str | None:
    return None if seconds is None else f"On the sample, others waited for at most {duration_text(seconds)} at a time."


def _files(pick: Candidate) -> str:
    pace = pick.projection.outside_per_day
    growth = "" if pace is None else f", growing {bytes_text(pace)} a day"
    return f"{outside_text(pick.projection)} at full size{growth}. Back them up with the database."


def _migration(pick: Candidate, whole: StepForecast) -> str | None:
    cost = cost_of([step for step in pick.trial.steps if not step.auxiliary])
    if cost.seconds is None:
        return None
    parts = [f"{cost.seconds:.1f} s for {bytes_text(pick.control.footprint.total)} of sample on this machine"]
    if cost.wal_bytes is not None:
        parts.append(f"{bytes_text(cost.wal_bytes)} of WAL")
    if cost.peak_bytes is not None:
        parts.append(f"at most {bytes_text(cost.peak_bytes)} on disk meanwhile")
    return f"{', '.join(parts)}. {_at_full_size(pick, whole)}"


def _at_full_size(pick: Candidate, whole: StepForecast) -> str:
    if whole.seconds is None:
        return "At full size: not forecast, because only one size was timed."
    disk = whole.peak_bytes and f", and {bytes_text(round(whole.peak_bytes.value) + pick.projection.untouched)} on disk"
    return (
        f"At full size about {duration_text(whole.seconds.value)}"
        f" ({duration_text(whole.seconds.low)}-{duration_text(whole.seconds.high)}){disk or ''}, as far as two samples tell."
    )
