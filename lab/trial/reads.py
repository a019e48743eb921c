"""Measures what the application's reads take after a strategy, in turn with an untouched clone of the baseline.

A query is one read of the application: all its statements, about one subject. It is read whole, and without its heavy
columns. Both sides always read the same columns, those that the strategy keeps. A side that comes second profits from what
the first one left in the machine's caches, so the sides swap places after each sample. For some milliseconds one of them may
have the better core, so the samples of a query are taken in parts, between those of the others. Everything is warm: these are
costs of the CPU and of memory, not of a disk.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, TypeAlias

from lab.errors import DatabaseError
from lab.postgres.database import Database, Row
from lab.servers import Gauge
from lab.trial.decoding import ClientColumn
from lab.values import ReadCost, ReadPlan, ReadSide, Timing
from lab.workload import Read

LEAST, MOST = 5, 30
"""Samples of each side; a slow query gets the fewest, even beyond its part of the time."""

_PARTS = LEAST
"""The samples of a query are taken in so many parts; in each of them, the other side comes first."""
_LONGEST_PLAN = 16_384
"""Characters; a hypertable of many chunks has a plan of many pages."""
_CPU_TICKS = 20
"""CPU time of fewer ticks of its clock is too coarse to be told: each part is off by up to one."""
_SECONDS_DIGITS = 7


@dataclass(frozen=True, kw_only=True)
class TimedSide:
    """One of the two databases, connected, with what measures its work."""

    database: Database
    gauge: Gauge
    outside: Path
    """The folder of the files outside of the database."""
    columns: Sequence[ClientColumn] = ()
    """Those that a client reads in its own way: the time that takes belongs to a read."""


@dataclass(frozen=True, kw_only=True)
class Timed:
    """The costs of all queries, and in words which could not be measured."""

    costs: tuple[ReadCost, ...]
    notes: tuple[str, ...]


_Plan: TypeAlias = tuple[Read, dict[str, Any]]
_Sides: TypeAlias = tuple[TimedSide, TimedSide]
"""The trial's clone and the untouched one."""


@dataclass(frozen=True, kw_only=True)
class _Form:
    """A query with a set of columns left out."""

    query: str
    light: bool
    """Whether these are more than what the strategy gives up."""
    without: tuple[str, ...]
    statements: tuple[tuple[Read, str], ...]
    """Of all subjects, each with its SQL as it is sent, its parameters as literals."""

    @property
    def subjects(self) -> int:
        return len({read.subject for read, _ in self.statements})


def measure(
    after: TimedSide, before: TimedSide, reads: Sequence[Read], given_up: Sequence[str], *, seconds: float
) -> Timed:
    """Every query in every form, `before` being the untouched clone; `given_up` are the columns that the strategy drops.

    It takes about `seconds`, longer where the fewest samples do; each query gets an equal part of what is left.

    A query that the server refuses is left out with a note. Errors: `ServerError` where a connection is lost.
    """
    sides, ends = (after, before), monotonic() + seconds
    measured: list[_Measured] = []
    notes: list[str] = []
    for form in _forms(reads, given_up, after.database.bound):
        with _noted(form, notes):
            measured.append(_begun(sides, form))
    for part in range(_PARTS):
        measured = list(_sampled(sides, measured, part, ends, notes))
    return Timed(costs=tuple(query.cost(sides) for query in measured), notes=tuple(notes))


def _sampled(
    sides: _Sides, measured: Sequence[_Measured], part: int, ends: float, notes: list[str]
) -> Iterator[_Measured]:
    """The queries with the samples of one more part, without those that the server refuses now."""
    for place, query in enumerate(measured):
        left = (_PARTS - part) * len(measured) - place
        with _noted(query.form, notes):
            query.sample(sides, part, (ends - monotonic()) / left)
            yield query


@contextmanager
def _noted(form: _Form, notes: list[str]) -> Iterator[None]:
    """A query that the server refuses is left out."""
    try:
        yield
    except DatabaseError as error:
        notes.append(f"{form.query} was not timed: {error}")


def about(reads: Sequence[Read], subjects: int | None) -> tuple[Read, ...]:
    """The reads about so many subjects of each query, those in the middle of its list; None: about all."""
    kept = {(query, subject) for query, named in _subjects(reads).items() for subject in _middle(named, subjects)}
    return tuple(read for read in reads if (read.query, read.subject) in kept)


def _subjects(reads: Sequence[Read]) -> Mapping[str, Sequence[str]]:
    """By query, in the order of the workload."""
    named: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for read in reads:
        named[read.query].setdefault(read.subject)
    return {query: tuple(subjects) for query, subjects in named.items()}


def _middle(named: Sequence[str], most: int | None) -> Sequence[str]:
    if most is None or most >= len(named):
        return named
    begin = (len(named) - most) // 2
    return named[begin : begin + most]


def _forms(
    reads: Sequence[Read], given_up: Sequence[str], bound: Callable[[str, Sequence[object]], str]
) -> Iterator[_Form]:
    """Each query as a whole, then without its heavy columns where it has any left."""
    for query in dict.fromkeys(read.query for read in reads):
        parts = [read for read in reads if read.query == query]
        listed = {column for read in parts for column in read.columns}
        heavy = {column for read in parts for column in read.heavy}
        whole = {column for column in given_up if column in listed}
        for without in (whole, whole | heavy) if heavy - whole else (whole,):
            statements = tuple((read, bound(read.asked(without), read.params)) for read in parts)
            yield _Form(query=query, light=without != whole, without=tuple(sorted(without)), statements=statements)


@dataclass(kw_only=True)
class _Measured:
    """What is known so far of a query on both sides."""

    form: _Form
    warmups: tuple[float, float]
    plans: Sequence[Sequence[_Plan]]
    samples: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))
    cpu: list[float | None] = field(default_factory=lambda: [0.0, 0.0])
    """Seconds of all samples; None where they are not visible."""

    @property
    def once(self) -> float:
        """Seconds of one more sample of both sides. The first run loads what its session has later."""
        last = [samples[-1] if samples else warmup for samples, warmup in zip(self.samples, self.warmups, strict=True)]
        return sum(last) * self.form.subjects

    def sample(self, sides: _Sides, part: int, seconds: float) -> None:
        """As many samples as fit into so many seconds, within a part's share of the fewest and the most."""
        before = [side.gauge.cpu_seconds() for side in sides]
        for number in range(min(MOST // _PARTS, max(LEAST // _PARTS, int(seconds / self.once)))):
            for place in (0, 1) if (part + number) % 2 else (1, 0):
                self.samples[place].append(_once(sides[place], self.form))
        for place, (side, earlier) in enumerate(zip(sides, before, strict=True)):
            self.cpu[place] = _added(self.cpu[place], earlier, side.gauge.cpu_seconds())

    def cost(self, sides: _Sides) -> ReadCost:
        """All of it."""
        after, before = (
            ReadSide(
                timing=Timing(warmups=(self.warmups[place],), values=tuple(self.samples[place])),
                cpu_seconds=_cpu(
                    sides[place].gauge.cpu_tick, self.cpu[place], reads=len(self.samples[place]) * self.form.subjects
                ),
                blocks=_blocks(self.plans[place], self.form.subjects),
            )
            for place in (0, 1)
        )
        return ReadCost(
            query=self.form.query,
            without=self.form.without,
            after=after,
            before=before,
            plans=() if self.form.light else _kept(self.plans[0]),
        )


def _begun(sides: _Sides, form: _Form) -> _Measured:
    after, before = (_once(side, form) for side in sides)
    # Only the trial's plan of a whole query is shown; of the others the blocks count, and a clock read at each row of each
    # node would take longer than the query.
    plans = [_plans(side, form, timed=place == 0 and not form.light) for place, side in enumerate(sides)]
    return _Measured(form=form, warmups=(after, before), plans=plans)


def _once(side: TimedSide, form: _Form) -> float:
    """Seconds of the query about one subject: the mean of all."""
    total = sum(side.database.seconds(sql, _finish(side, read)) for read, sql in form.statements)
    return round(total / form.subjects, _SECONDS_DIGITS)


def _finish(side: TimedSide, read: Read) -> Callable[[Sequence[str], Sequence[Row]], None] | None:
    """What the client does with the rows of a read, by the names of their columns; None where that is nothing."""
    read_by_client = [column for column in side.columns if column.name in read.columns]

    def finish(names: Sequence[str], rows: Sequence[Row]) -> None:
        for column in read_by_client:
            column.read(names, rows)

    return finish if read_by_client else None


def _added(total: float | None, earlier: float | None, now: float | None) -> float | None:
    return None if total is None or earlier is None or now is None else total + now - earlier


def _cpu(tick: float, total: float | None, *, reads: int) -> float | None:
    """CPU seconds of one read; None where they are not visible, or too few ticks of the clock to be told."""
    return None if total is None or total < _CPU_TICKS * tick else round(total / reads, _SECONDS_DIGITS)


def _plans(side: TimedSide, form: _Form, *, timed: bool) -> list[_Plan]:
    """The plans of all its statements, as executed.

    They are those of the compared form: EXPLAIN does not fetch what is only sent, and a hash is computed from what is
    fetched.
    """
    explain = f"EXPLAIN (ANALYZE, BUFFERS, TIMING {'ON' if timed else 'OFF'}, FORMAT JSON) "
    return [
        (read, side.database.value(explain + read.text(form.without), read.params)[0]["Plan"])
        for read, _ in form.statements
    ]


def _blocks(plans: Sequence[_Plan], subjects: int) -> int | None:
    """Blocks that the query about one subject touched in shared buffers, or read into them; None where none are counted."""
    counts = [plan.get(name) for _, plan in plans for name in ("Shared Hit Blocks", "Shared Read Blocks")]
    known = [count for count in counts if count is not None]
    return round(sum(known) / subjects) if len(known) == len(counts) else None


def _kept(plans: Sequence[_Plan]) -> tuple[ReadPlan, ...]:
    """Those about the subject that touched the most blocks; those about others are much the same."""
    subjects = {read.subject for read, _ in plans}
    busiest = max(subjects, key=lambda subject: _blocks([pair for pair in plans if pair[0].subject == subject], 1) or 0)
    return tuple(ReadPlan(name=read.name, plan=_written(plan)) for read, plan in plans if read.subject == busiest)


def _written(plan: dict[str, Any]) -> str | None:
    text = json.dumps(_without_zeros(plan), separators=(",", ":"), default=str)
    return text if len(text) <= _LONGEST_PLAN else None


def _without_zeros(node: Any) -> Any:
    """The same without what is 0 or false, which is half of a plan's text."""
    if isinstance(node, list):
        return [_without_zeros(part) for part in node]
    if not isinstance(node, dict):
        return node
    return {
        name: _without_zeros(value)
        for name, value in node.items()
        if value is not False and not (name.endswith("Blocks") and value == 0)
    }
