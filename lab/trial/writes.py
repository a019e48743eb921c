"""Measures what the application's writes take after a strategy, in turn with an untouched clone of the baseline.

Both sides store the same rows, in the same transactions. The rows lie ready in temporary tables of each session, so what is
timed is the server's work: not the transfer, and of the writer's own only what a strategy adds. Where a strategy changed the
shape of a table, its own statements are used. Afterwards what was written must read the same on both sides: otherwise its
writes do not count as measured. Each write has a verdict of its own. All this changes both clones, so it comes last.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic

from lab.errors import LabError
from lab.postgres import footprint
from lab.scenario import Scenario
from lab.trial import verify
from lab.trial.decoding import Reader
from lab.trial.questions import Loss
from lab.trial.reads import TimedSide
from lab.trial.recurring import Recurring
from lab.trial.template import Bench
from lab.trial.writer import Transaction, Writer
from lab.values import KINDS, Footprint, Increase, Timing, WriteCost, Writes, WriteSide, WriteVerdict
from lab.values.declared import Action
from lab.workload import Write

LEAST = 6
"""Samples of each side where the workload has as many, even beyond that time."""

_CPU_TICKS = 10
"""CPU time of fewer ticks of its clock is too coarse to be told."""
_DIGITS = 10


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """The same transaction on both sides."""

    write: Write
    after: Transaction
    before: Transaction


@dataclass(frozen=True, kw_only=True)
class _Fault:
    """Why a write has no numbers."""

    verdict: WriteVerdict
    reason: str


@dataclass(kw_only=True)
class _Ledger:
    """What has been measured so far, and which writes could not be."""

    writes: Sequence[Write]
    pairs: defaultdict[str, list[_Pair]] = field(default_factory=lambda: defaultdict(list))
    faults: dict[str, _Fault] = field(default_factory=dict)

    def refuse(self, write: Write, verdict: WriteVerdict, reason: str) -> None:
        """That write alone: what comes first counts."""
        self.faults.setdefault(write.query, _Fault(verdict=verdict, reason=reason))

    def part(self, write: Write) -> None:
        """The untouched clone alone carried out that write: the rows of others that are about the same differ by it."""
        for other in self._of_the_same_rows(write):
            reason = f"{write.query} changes the same rows, and only the untouched clone carried it out."
            self.refuse(other, WriteVerdict.NOT_MEASURED, reason)

    def await_rows(self, write: Write) -> None:
        """No row is there for that write, perhaps because another one did not write it."""
        for other in self._of_the_same_rows(write):
            if other.query in self.faults:
                reason = f"{other.query} was not carried out, so its rows are not there."
                self.refuse(write, WriteVerdict.NOT_MEASURED, reason)

    def _of_the_same_rows(self, write: Write) -> Iterator[Write]:
        """Other writes that share a table and a condition with it."""
        for other in self.writes:
            if other.query != write.query and other.touched.items() & write.touched.items():
                yield other


def measure(  # noqa: PLR0913 - both sides and what belongs to them
    after: TimedSide,
    before: TimedSide,
    bench: Bench,
    scenario: Scenario,
    loss: Loss,
    *,
    recur: Callable[[], Recurring],
    seconds: float,
) -> Writes | None:
    """Every write of the workload, `before` being the clone where nothing but these writes happens; None without a write.

    `recur` runs what the strategy runs again and again, once rows were inserted. The writes take about `seconds`, longer where the
    fewest samples do. A write that the server refuses, or that does not read back, has the reason in the place of its numbers.
    Errors: `ServerError` where a connection is lost.
    """
    writes = bench.template.writes()
    if not writes:
        return None
    writers = (
        Writer(side=after, bench=bench, writing=scenario.write, given_up=frozenset(loss.columns)),
        Writer(side=before, bench=bench, writing={}, given_up=frozenset()),
    )
    ledger = _Ledger(writes=writes)
    try:
        changes = _carry_out(writers, scenario, ledger, loss, recur=recur, ends=monotonic() + seconds)
    except LabError as error:  # a view that takes no rows is the server's, not the statement's, fault to PostgreSQL
        if any(writer.database.closed for writer in writers):
            raise
        changes = _Changes()
        for write in writes:
            ledger.refuse(write, WriteVerdict.NOT_MEASURED, str(error))
    queries = tuple(dict.fromkeys(write.query for write in writes))
    counted = [pair for query in queries for pair in _timed(ledger.pairs[query]) if _inserts(pair.write)]
    inserted = sum(pair.before.rows for query in queries for pair in ledger.pairs[query] if _inserts(pair.write))
    fine = changes.grown is not None and not any(pair.write.query in ledger.faults for pair in counted)
    again = changes.recurring
    return Writes(
        costs=tuple(_cost(query, ledger, writers) for query in queries),
        rows=sum(pair.before.rows for pair in counted) if fine else 0,
        transactions=len(counted) if fine else 0,
        after=changes.grown[0] if changes.grown and fine else None,
        before=changes.grown[1] if changes.grown and fine else None,
        recurring=again.freed if fine else None,
        waiting=again.waiting if fine else None,
        recurring_seconds=again.seconds / inserted if again.seconds is not None and fine and inserted else None,
    )


@dataclass(frozen=True, kw_only=True)
class _Changes:
    """By how much the tables grew on both sides, and what the recurring statements did."""

    grown: tuple[Increase, Increase] | None = None
    recurring: Recurring = field(default_factory=Recurring)


def _carry_out(  # noqa: PLR0913 - as `measure`
    writers: tuple[Writer, Writer],
    scenario: Scenario,
    ledger: _Ledger,
    loss: Loss,
    *,
    recur: Callable[[], Recurring],
    ends: float,
) -> _Changes:
    """First what adds and changes rows, then the strategy's own recurring work, then what deletes rows; then compare."""
    for writer in writers:
        writer.prepare(ledger.writes)
    growing = [write for write in ledger.writes if all(change.action is not Action.DELETE for change in write.changes)]
    grown = _grow(writers, growing, ledger, ends)
    recurring = recur() if grown else Recurring()
    for write in ledger.writes:
        if write not in growing:
            _write(writers, write, ledger)
    _compare(writers, ledger, scenario, loss)
    return _Changes(grown=grown, recurring=recurring)


def _inserts(write: Write) -> bool:
    return any(change.action is Action.INSERT for change in write.changes)


def _grow(
    writers: tuple[Writer, Writer], writes: Sequence[Write], ledger: _Ledger, ends: float
) -> tuple[Increase, Increase] | None:
    """Carry out the writes; by how much the tables of each side grew after the warm-up, None where nothing was measured."""
    weights: list[Footprint] = []
    for write in writes:
        done = len(ledger.pairs[write.query])
        if done > LEAST and monotonic() > ends:
            break
        if done == 1 and not weights:
            weights = [footprint.measure(writer.database) for writer in writers]
        _write(writers, write, ledger)
    if not weights or not any(ledger.pairs.values()):
        return None
    after, before = (
        increase(old, footprint.measure(writer.database)) for old, writer in zip(weights, writers, strict=True)
    )
    return after, before


def increase(old: Footprint, new: Footprint) -> Increase:
    """By how many bytes of each kind the tables grew."""
    sums = ({kind: sum(getattr(table, kind) for table in weight.tables) for kind in KINDS} for weight in (old, new))
    earlier, later = sums
    return Increase(**{kind: later[kind] - earlier[kind] for kind in KINDS})


def _write(writers: tuple[Writer, Writer], write: Write, ledger: _Ledger) -> None:
    """One transaction on both sides; the one that comes second profits from warm caches, so they swap places each time.

    The strategy comes first at first: where it is refused for good, both sides still hold the same rows.
    """
    if write.query in ledger.faults:
        return
    pairs = ledger.pairs[write.query]
    for writer in writers:
        writer.stage(write)
    samples: dict[int, Transaction] = {}
    for place in (1, 0) if len(pairs) % 2 else (0, 1):
        try:
            samples[place] = writers[place].run(write)
        except LabError as error:
            if place or writers[place].database.closed:
                raise
            ledger.refuse(write, WriteVerdict.REFUSED, str(error))
            if samples:
                ledger.part(write)
            return
    if not samples[1].rows:
        ledger.await_rows(write)
    elif not samples[0].rows:
        ledger.refuse(write, WriteVerdict.NO_ROW, "The strategy leaves no such row.")
        ledger.part(write)
    else:
        pairs.append(_Pair(write=write, after=samples[0], before=samples[1]))


def _compare(writers: tuple[Writer, Writer], ledger: _Ledger, scenario: Scenario, loss: Loss) -> None:
    """Refuse every write whose rows do not read the same on both sides."""
    bench = writers[0].bench
    questions = bench.template.questions
    reader = Reader.of(scenario, bench.server, writers[0].database, writers[0].side.outside)
    for (table, condition), about in _touched(ledger).items():
        expected = verify.ask_rows(writers[1].database, questions, loss, table, condition, applied=False)
        with reader.reading(questions, {table: condition}) as readable:
            actual = verify.ask_rows(writers[0].database, readable, loss, table, condition, applied=True)
        if expected != actual:
            wrong = verify.mismatch(expected, actual, name=table)
            reason = f"{table} does not read back as written: expected {wrong.expected}, found {wrong.found}"
            for write in about:
                ledger.refuse(write, WriteVerdict.DIFFERS, reason)


def _touched(ledger: _Ledger) -> Mapping[tuple[str, str], list[Write]]:
    """Each table and condition with the writes that were carried out on its rows."""
    touched: defaultdict[tuple[str, str], list[Write]] = defaultdict(list)
    for write in ledger.writes:
        if write.query not in ledger.faults and ledger.pairs[write.query]:
            for part in write.touched.items():
                touched[part].append(write)
    return touched


def _timed(pairs: Sequence[_Pair]) -> Sequence[_Pair]:
    """Without the warm-up, which is the first of several."""
    return pairs[1:] or pairs


def _cost(query: str, ledger: _Ledger, writers: tuple[Writer, Writer]) -> WriteCost:
    pairs = ledger.pairs[query]
    none = _Fault(verdict=WriteVerdict.NO_ROW, reason="The workload has no such row.")
    fault = ledger.faults.get(query) or (None if pairs else none)
    if fault:
        return WriteCost(query=query, rows=0, after=None, before=None, refused=fault.reason, verdict=fault.verdict)
    rows = sum(pair.before.rows for pair in _timed(pairs))
    after, before = (
        _side([(pair.before.rows, getattr(pair, name)) for pair in pairs], writer.side.gauge.cpu_tick)
        for name, writer in zip(("after", "before"), writers, strict=True)
    )
    return WriteCost(query=query, rows=rows, after=after, before=before, verdict=WriteVerdict.MEASURED)


def _side(samples: Sequence[tuple[int, Transaction]], tick: float) -> WriteSide:
    """`samples` with the rows that each of them wrote."""
    values = [round(sample.seconds / rows, _DIGITS) for rows, sample in samples]
    timed = samples[1:] or samples
    rows = sum(count for count, _ in timed)
    return WriteSide(
        timing=Timing(warmups=tuple(values[: len(samples) - len(timed)]), values=tuple(values[-len(timed) :])),
        cpu_seconds=_cpu([sample.cpu_seconds for _, sample in timed], tick, rows),
        wal_bytes=round(sum(sample.wal_bytes for _, sample in timed) / rows, 3),
    )


def _cpu(seconds: Sequence[float | None], tick: float, rows: int) -> float | None:
    known = [value for value in seconds if value is not None]
    if len(known) < len(seconds) or sum(known) < _CPU_TICKS * tick:
        return None
    return round(sum(known) / rows, _DIGITS)
