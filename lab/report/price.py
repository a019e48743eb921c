"""What a strategy costs, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lab.analysis import writes
from lab.analysis.candidate import Candidate, outside_text
from lab.analysis.reads import Difference, ReadResult, slower_reads
from lab.analysis.rows import cost_of
from lab.units import bytes_text, counted, duration_text


def price(pick: Candidate) -> Iterator[tuple[str, str | None]]:
    """What the pick costs, by what is paid; None where the run did not measure it."""
    yield "Reads", _reads(pick.reads)
    yield "Writes", writes.in_words(pick.writes).removeprefix("Writes: ") if pick.writes else None
    yield "Locks", _locks(pick.longest_lock_seconds)
    if pick.has_files:
        yield "Files outside of the database", _files(pick)
    yield "Migration", _migration(pick)


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


def _migration(pick: Candidate) -> str | None:
    cost = cost_of([step for step in pick.trial.steps if not step.auxiliary])
    if cost.seconds is None:
        return None
    parts = [f"{cost.seconds:.1f} s for {bytes_text(pick.control.footprint.total)} of sample on this machine"]
    if cost.wal_bytes is not None:
        parts.append(f"{bytes_text(cost.wal_bytes)} of WAL")
    if cost.peak_bytes is not None:
        parts.append(f"at most {bytes_text(cost.peak_bytes)} on disk meanwhile")
    return f"{', '.join(parts)}. Not scaled to full size."
