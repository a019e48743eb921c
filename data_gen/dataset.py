"""A dataset: everything that fills an empty database, as a stream of SQL statements and COPY data."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import count
from typing import TypeAlias

from data_gen import markets, schema, snapshots
from data_gen.case import Case, load_case
from data_gen.copying import CopyIn, Statement, chunked, naive, zoned
from data_gen.events import Plan
from data_gen.markets import MarketLines
from data_gen.payloads import BETPAWA, COMPETITORS
from data_gen.replay import Replay, Scrape
from data_gen.sheet import Platform, Sheet
from data_gen.size import expected_bytes
from data_gen.snapshots import Response
from data_gen.tables import HOME_BOOKMAKER, SmallTables
from lab.errors import InputError
from lab.values import DatasetSpec

Stage: TypeAlias = Statement | CopyIn
_RESPONSE_CHANCE = {"betpawa": 21, "sportybet": 22, "bet9ja": 23}


class Dataset:
    """The same rows, to the byte, for the same spec on every machine."""

    def __init__(self, spec: DatasetSpec) -> None:
        self.spec = spec
        self.case: Case = load_case(spec.case)
        self._plan = Plan(self.case, spec.events, spec.seed)
        self._digest: str | None = None

    @classmethod
    def plan(cls, case: Case, *, size_bytes: int, seed: int, change_rate: float | None = None) -> Dataset:
        """A dataset of about `size_bytes` on disk.

        Errors: `InputError` where that is less than one event needs.
        """
        events = round(size_bytes / _bytes_per_event(case))
        if events < 1:
            needed = -(-_bytes_per_event(case) // (1 << 20))
            raise InputError(f"{size_bytes} bytes cannot hold one event of case {case.case}.", hint=f"One event needs about {needed:.0f} MB.")
        return cls(DatasetSpec(case=case.case, events=events, seed=seed, change_rate=1.0 if change_rate is None else change_rate))

    @property
    def now(self) -> datetime:
        """The case's last capture: what queries take for the present."""
        return self.case.last_captured

    @cached_property
    def rows(self) -> dict[str, int]:
        """Planned rows by table."""
        plan, small = self._plan, SmallTables(self._plan)
        counts = {site.name: plan.stored[site.name].sum(axis=1) for site in (BETPAWA, *COMPETITORS)}
        lines = {name: int((counts[name] * plan.offer_rows[name]).sum()) for name in counts}
        return {
            "odds_snapshots": int(counts[BETPAWA.name].sum()),
            "market_odds": lines[BETPAWA.name],
            "competitor_odds_snapshots": sum(int(counts[site.name].sum()) for site in COMPETITORS),
            "competitor_market_odds": sum(lines[site.name] for site in COMPETITORS),
            "event_scrape_status": int(plan.scraped.sum()),
            "events": len(small.known),
            "competitor_events": len(small.competitor_ids),
            "scrape_runs": len(plan.cycles),
        }

    @cached_property
    def expected_bytes(self) -> int:
        """Bytes on disk of all tables with their indexes and TOAST, predicted within some 3 %."""
        return expected_bytes(self._plan, self.rows)

    @property
    def digest(self) -> str:
        """SHA-256 of all COPY streams; computed by generating them where `stages` was not consumed yet."""
        if self._digest is None:
            for stage in self.stages():
                for _ in stage.chunks if isinstance(stage, CopyIn) else ():
                    pass
        assert self._digest is not None
        return self._digest

    def stages(self) -> Iterator[Stage]:
        """Everything to be done on an empty database, in order; each COPY must be consumed before the next stage."""
        digest = hashlib.sha256()
        for stage in _Stages(self._plan, self.spec.change_rate).all():
            yield _hashed(stage, digest.update) if isinstance(stage, CopyIn) else stage
        self._digest = digest.hexdigest()


def _hashed(copy: CopyIn, update: Callable[[bytes], None]) -> CopyIn:
    def chunks() -> Iterator[bytes]:
        update(f"{copy.table} {copy.columns}\n".encode())
        for chunk in copy.chunks:
            update(chunk)
            yield chunk

    return CopyIn(copy.table, copy.columns, chunks())


def _bytes_per_event(case: Case) -> float:
    typical = 60
    plan = Plan(case, typical, 1)
    return Dataset(DatasetSpec(case=case.case, events=typical, seed=1, change_rate=1.0)).expected_bytes / plan.events


class _Stages:
    """The stages of one consumption, with the passes that run through several of them."""

    def __init__(self, plan: Plan, change_rate: float) -> None:
        self._plan = plan
        self._small = SmallTables(plan)
        rate = change_rate * plan.case.workload.calm_change_rate
        constants: dict[bytes, bytes] = {}
        self._responses = [self._replay(sites, rate, lambda *offer: self._response(*offer, constants)) for sites in _SIDES]
        self._lines = [self._replay(sites, rate, lambda _, __, sheet: MarketLines(sheet)) for sites in _SIDES]
        self._snapshot_ids = [count(1), count(1)]
        self._owner_ids = [count(1), count(1)]
        self._line_ids = [count(1), count(1)]

    def all(self) -> Iterator[Stage]:
        """In the order of history."""
        yield from map(Statement, (*schema.TABLES, *schema.INDEXES))
        for table, (columns, rows) in self._small.statics().items():
            yield CopyIn(table, columns, chunked(rows()))
        yield from self._history()
        yield from map(Statement, schema.FOREIGN_KEYS)
        yield from (Statement(schema.next_ids(table)) for table in schema.SEQUENCED)

    def _history(self) -> Iterator[Stage]:
        load, cycles = self._plan.case.workload, self._plan.cycles
        backfill = cycles.first_after(load.backfill_at)
        index = cycles.first_after(load.index_at) if load.index_at else len(cycles)
        yield from self._captured(range(backfill), confirmed=False)
        yield from map(Statement, schema.BACKFILL)
        yield from self._captured(range(backfill, index), confirmed=True)
        if load.index_at:
            yield Statement(schema.LATE_INDEX)
            yield from self._captured(range(index, len(cycles)), confirmed=True)

    def _captured(self, cycles: range, *, confirmed: bool) -> Iterator[CopyIn]:
        tables = ((0, "odds_snapshots", snapshots.HOME_COLUMNS, self._home_owner, zoned),
                  (1, "competitor_odds_snapshots", snapshots.COMPETITOR_COLUMNS, self._competitor_owner, naive))  # fmt: skip
        for side, table, columns, owner, moment in tables:
            rows = snapshots.copied(self._responses[side], cycles, self._snapshot_ids[side], owner, moment, confirmed=confirmed)
            yield CopyIn(table, columns, chunked(rows))
        for side, table in enumerate(("market_odds", "competitor_market_odds")):
            rows = markets.copied(self._lines[side], cycles, self._line_ids[side], self._owner_ids[side])
            yield CopyIn(table, markets.COLUMNS, chunked(rows))

    def _replay(self, sites, rate, view):
        return Replay(self._plan, sites, rate, view)

    def _response(self, event: int, platform: Platform, sheet: Sheet, constants: dict[bytes, bytes]) -> Response:
        chance = self._plan.fixture(event).chance(_RESPONSE_CHANCE[platform.name])
        always_new = platform is BETPAWA and self._plan.case.workload.probability_renewal == "every_response"
        return Response(sheet, platform, chance, constants, always_new=always_new)

    def _home_owner(self, scrape: Scrape[Response]) -> bytes:
        return b"%d\t%d" % (scrape.event + 1, HOME_BOOKMAKER)

    def _competitor_owner(self, scrape: Scrape[Response]) -> bytes:
        return b"%d" % self._small.competitor_ids[scrape.event, scrape.platform.name]


_SIDES = ((BETPAWA,), COMPETITORS)
