"""What a strategy costs, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lab.analysis import writes
from lab.analysis.candidate import Candidate, outside_text
from lab.analysis.forecast import StepForecast, together
from lab.analysis.reads import Difference, ReadResult, WorstRead, slower_reads
from lab.analysis.results import Results
from lab.analysis.rows import cost_of
from lab.analysis.writes import WorstWrite
from lab.units import bytes_text, counted, duration_text, interval_text, ratio_text


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


def in_short(results: Results) -> str:
    """The same in one sentence, the worst of each; empty without a pick."""
    pick = results.pick
    if pick is None:
        return ""
    (row,) = (row for row in results.trials if row.trial is pick.trial)
    whole = together(row.forecast or ()).seconds
    lock = pick.longest_lock_seconds
    parts = (
        _worst_read(pick.worst_read),
        _worst_write(pick.worst_write),
        "how long others wait was not measured"
        if lock is None
        else f"others wait for at most {duration_text(lock)} at a time on the sample",
        "how long the migration takes at full size is not forecast"
        if whole is None
        else f"the migration takes about {duration_text(whole.value)} at full size"
        f" ({interval_text(whole.low, whole.high, duration_text)})",
        *((f"{outside_text(pick.projection)} of files lie outside of the database",) if pick.has_files else ()),
    )
    return f"{'; '.join(parts)}."


def _worst_read(worst: WorstRead | None) -> str:
    if worst is None:
        return "reads were not measured"
    return f"{worst.called} takes {ratio_text(worst.ratio)} times as long" if worst.query else "no read gets slower"


def _worst_write(worst: WorstWrite | None) -> str:
    if worst is None:
        return "writes were not measured"
    return worst.words if worst.query else "no write gets slower"


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
