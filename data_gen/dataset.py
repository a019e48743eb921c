"""A dataset: everything that fills an empty database, as a stream of SQL statements and COPY data."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Self

from data_gen.case import Case, load_case
from data_gen.events import DatasetPlan
from data_gen.facts import COMPETITORS, FACTS, HOME
from data_gen.history import History
from data_gen.offer import Platform
from data_gen.payloads import SITES
from data_gen.queries import reads
from data_gen.size import expected_bytes
from data_gen.tables import SmallTables
from data_gen.writes import writes
from lab.errors import InputError
from lab.units import counted
from lab.values import CHANGE_RATE, LIST_CHURN, DatasetSpec
from lab.workload import CopyIn, Equality, Read, Stage, Write

_PREDICTED_WITHIN = 1.01
_TYPICAL_EVENTS = 60  # a sample of this size weighs as much per event as a large one

EVENTS_READ = 3
"""Events whose detail and history are read (Q2-Q5), spread over the kick-offs."""


class Dataset:
    """The same rows, to the byte, for the same spec and case on every machine."""

    facts = FACTS
    schema = "public"
    comparisons: Mapping[str, Equality] = dict.fromkeys(
        ("odds_snapshots.raw_response", "competitor_odds_snapshots.raw_response"), Equality.TEXT
    )
    """A payload must keep the text that the platform sent, even in jsonb: 2.10 must not become 2.1."""

    def __init__(self, spec: DatasetSpec, case: Case | None = None) -> None:
        """`case` is the case that `spec` names; if omitted, the published case of that name.

        Errors: `InputError` where there is no such case.
        """
        self.spec = spec
        self.case: Case = case or load_case(spec.case)
        self._plan = DatasetPlan(self.case, spec.scale, spec.seed, self._parameter(LIST_CHURN))
        self._digest: str | None = None
        self._history: History | None = None
        self._writes: tuple[Write, ...] | None = None

    @classmethod
    def plan(cls, case: Case, *, size_bytes: int, seed: int, change_rate: float = 1.0, list_churn: float = 1.0) -> Self:
        """The dataset with the fewest events that is predicted to take at least `size_bytes` on disk.

        Errors: `InputError` where one event needs more than `size_bytes`, or the case stores hardly any snapshot.
        """
        typical = cls(spec_of(case.case, _TYPICAL_EVENTS, seed=1), case)
        if typical.rows[HOME] + typical.rows[COMPETITORS] < _TYPICAL_EVENTS:
            hint = "Check its shares, inserts, sessions and window."
            raise InputError(f"Case {case.case} stores fewer snapshots than events: it has no size.", hint=hint)
        per_event = typical.expected_bytes / _TYPICAL_EVENTS
        if size_bytes < per_event:
            hint = f"One event needs about {per_event / 2**20:.0f} MB."
            raise InputError(f"{size_bytes / 2**20:.1f} MB cannot hold one event of case {case.case}.", hint=hint)
        events = int(0.9 * size_bytes / per_event) + 1
        while True:
            spec = spec_of(case.case, events, seed=seed, change_rate=change_rate, list_churn=list_churn)
            dataset = cls(spec, case)
            lacking = size_bytes * _PREDICTED_WITHIN - dataset.expected_bytes
            if lacking <= 0:
                return dataset
            # Half of what is lacking, because some events weigh more than others: the fewest events must not be passed over.
            events += max(1, int(lacking / per_event / 2))

    @property
    def description(self) -> str:
        """In words: the number of events, and the parameters that are not the case's."""
        changed = (f", {name} {value:g}" for name, value in self.spec.parameters.items() if value != 1)
        return counted(self.spec.scale, "event") + "".join(changed)

    @property
    def now(self) -> datetime:
        """The case's last capture; queries use it as the present."""
        return self.case.last_captured

    @cached_property
    def rows(self) -> dict[str, int]:
        """Planned rows by table."""
        home, *competitors = map(self._counts, SITES)
        small = self._small
        return {
            "odds_snapshots": home[0],
            "market_odds": home[1],
            "competitor_odds_snapshots": sum(snapshots for snapshots, _ in competitors),
            "competitor_market_odds": sum(markets for _, markets in competitors),
            "event_scrape_status": int(self._plan.scraped.sum()),
            "events": len(small.scraped_events),
            "competitor_events": len(small.competitor_ids),
            "scrape_runs": len(self._plan.cycles),
        }

    @cached_property
    def _small(self) -> SmallTables:
        return SmallTables(self._plan)

    @cached_property
    def expected_bytes(self) -> int:
        """Bytes on disk of all tables with their indexes and TOAST, predicted within some 3 %."""
        return expected_bytes(self._plan, self.rows)

    @property
    def digest(self) -> str:
        """SHA-256 of all COPY streams; generates them unless `stages` was consumed to its end before."""
        if self._digest is None:
            for stage in self.stages():
                for _ in stage.chunks if isinstance(stage, CopyIn) else ():
                    pass
        return self._digest or ""

    def stages(self) -> Iterator[Stage]:
        """All stages that fill an empty database, in order; each COPY must be consumed before the next stage."""
        digest, history = hashlib.sha256(), History(self._plan, self._parameter(CHANGE_RATE))
        for stage in history.stages():
            yield _hashed(stage, digest.update) if isinstance(stage, CopyIn) else stage
        self._digest, self._history = digest.hexdigest(), history

    def reads(self) -> tuple[Read, ...]:
        """Q1-Q10 at the present; Q2-Q5 for `EVENTS_READ` events."""
        ids = [event + 1 for event in self._small.scraped_events]  # kick-offs ascend with their numbers
        step = max(1, len(ids) // EVENTS_READ)
        return reads(self.now, ids[step // 2 :: step][:EVENTS_READ])

    def writes(self) -> tuple[Write, ...]:
        """W1 and W2 for each cycle that would come next, then D1."""
        if self._writes is None and self.digest and self._history:
            self._writes = writes(self._plan, self._history)  # once, because the history then has moved on
        return self._writes or ()

    def _counts(self, site: Platform) -> tuple[int, int]:
        """Snapshots of the platform, and their market rows."""
        return int(self._plan.stored[site.name].sum()), self._plan.market_rows(site)

    def _parameter(self, name: str) -> float:
        """A parameter that the spec does not have is the case's own."""
        return self.spec.parameters.get(name, 1.0)


def spec_of(case: str, events: int, *, seed: int, change_rate: float = 1.0, list_churn: float = 1.0) -> DatasetSpec:
    """The spec of a dataset of the case of that name; a change rate and a list churn of 1 are the case's own."""
    parameters = {CHANGE_RATE: change_rate, LIST_CHURN: list_churn}
    return DatasetSpec(workload="odds", case=case, scale=events, seed=seed, parameters=parameters)


def _hashed(copy: CopyIn, update: Callable[[bytes], None]) -> CopyIn:
    """The same copy, whose chunks are hashed as they pass."""

    def chunks() -> Iterator[bytes]:
        update(f"{copy.table} {copy.columns}\n".encode())
        for chunk in copy.chunks:
            update(chunk)
            yield chunk

    return CopyIn(copy.table, copy.columns, chunks())
