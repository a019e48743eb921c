"""The history of the production database, as the stages that fill an empty database in that order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from data_gen import facts, markets, schema, snapshots
from data_gen.copying import chunked, naive, zoned
from data_gen.document import Constants
from data_gen.events import DatasetPlan
from data_gen.markets import MarketLines
from data_gen.offer import Offer, Platform
from data_gen.payloads import BETPAWA, COMPETITORS
from data_gen.replay import Replay, Scrape
from data_gen.snapshots import Response
from data_gen.tables import HOME_BOOKMAKER, SmallTables
from lab.workload import CopyIn, Stage, Statement

_RESPONSES = {"betpawa": 21, "sportybet": 22, "bet9ja": 23}  # each platform's documents have their own random numbers


@dataclass(frozen=True, kw_only=True)
class _Side:
    """The home bookmaker's tables, or the competitors'."""

    platforms: tuple[Platform, ...]
    snapshots: str
    columns: tuple[str, ...]
    owner: Callable[[Scrape[Response]], bytes]
    """The fields between id and captured_at."""
    moment: Callable[[int], str]
    """How captured_at is printed."""
    markets: str


class History:
    """Generates a dataset once: four passes over the same price histories, one for each large table."""

    def __init__(self, plan: DatasetPlan, change_rate: float) -> None:
        """`change_rate` scales the case's own rate."""
        self._plan = plan
        self._changes = plan.price_changes(change_rate)
        self._small = SmallTables(plan)
        self._constants = Constants()
        self._passes = [_Pass(side, self) for side in self._sides()]

    def stages(self) -> Iterator[Stage]:
        """All stages that fill an empty database, in order."""
        load = self._plan.case.workload
        yield from map(Statement, (*schema.TABLES, *self._usual(schema.INDEXES), *load.more_indexes))
        for table, (columns, rows) in self._small.all().items():
            yield CopyIn(table, columns, chunked(rows()))
        yield from self._captured()
        yield from map(Statement, self._usual(schema.PACKED_INDEXES))
        yield from map(Statement, schema.FOREIGN_KEYS)
        yield from (Statement(schema.next_ids(table)) for table in schema.SEQUENCED)

    def following(self, count: int) -> list[dict[str, list[bytes]]]:
        """By cycle and table, the rows that the scraper would store next, as COPY text; all stages must have been consumed.

        The rows of a snapshot table are one element each, those of a market table one element for each snapshot.
        """
        home, competitors = (side.following(count) for side in self._passes)
        return [ours | theirs for ours, theirs in zip(home, competitors, strict=True)]

    def _usual(self, indexes: Sequence[str]) -> Iterator[str]:
        """The usual indexes that the case has."""
        return (statement for statement in indexes if statement not in self._plan.case.workload.without_indexes)

    def replay_lines(self, platforms: tuple[Platform, ...]) -> Replay[MarketLines]:
        """A pass that prints market rows."""
        return Replay(self._plan, platforms, self._changes, self._market_lines)

    def replay_responses(self, platforms: tuple[Platform, ...]) -> Replay[Response]:
        """A pass that prints documents."""
        return Replay(self._plan, platforms, self._changes, self._response)

    def _captured(self) -> Iterator[Stage]:
        load, cycles = self._plan.case.workload, self._plan.cycles
        backfill = cycles.first_after(load.backfill_at)
        index = cycles.first_after(load.index_at) if load.index_at else len(cycles)
        yield from self._tables(range(backfill), confirmed=False)
        yield from map(Statement, schema.BACKFILL)
        yield from self._tables(range(backfill, index), confirmed=True)
        if load.index_at:
            yield Statement(schema.LATE_INDEX)
            yield from self._tables(range(index, len(cycles)), confirmed=True)

    def _tables(self, cycles: range, *, confirmed: bool) -> Iterator[CopyIn]:
        for side in self._passes:
            yield side.snapshots(cycles, confirmed=confirmed)
            yield side.markets(cycles)

    def _market_lines(self, event: int, platform: Platform, offer: Offer) -> MarketLines:
        return MarketLines(offer, self._plan.offered_lists(event, platform))

    def _response(self, event: int, platform: Platform, offer: Offer) -> Response:
        chance = self._plan.fixture(event).chance(_RESPONSES[platform.name])
        always_new = platform is BETPAWA and self._plan.case.workload.probability_renewal == "every_response"
        return Response(offer, platform, chance, self._constants, always_new=always_new)

    def _sides(self) -> tuple[_Side, _Side]:
        home = _Side(
            platforms=(BETPAWA,),
            snapshots=facts.HOME,
            columns=snapshots.HOME_COLUMNS,
            owner=lambda scrape: b"%d\t%d" % (scrape.event + 1, HOME_BOOKMAKER),
            moment=zoned,
            markets=facts.HOME_MARKETS,
        )
        competitors = _Side(
            platforms=COMPETITORS,
            snapshots=facts.COMPETITORS,
            columns=snapshots.COMPETITOR_COLUMNS,
            owner=lambda scrape: b"%d" % self._small.competitor_ids[scrape.event, scrape.platform.name],
            moment=naive,
            markets=facts.COMPETITOR_MARKETS,
        )
        return home, competitors


class _Pass:
    """The two passes of one side; each stage continues where the previous one ended."""

    def __init__(self, side: _Side, history: History) -> None:
        self._side = side
        self._responses = history.replay_responses(side.platforms)
        self._lines = history.replay_lines(side.platforms)
        self._ids, self._owners, self._line_ids = count(1), count(1), count(1)

    def snapshots(self, cycles: range, *, confirmed: bool) -> CopyIn:
        side = self._side
        rows = snapshots.copied(self._responses.run(cycles), self._ids, side.owner, side.moment, confirmed=confirmed)
        return CopyIn(side.snapshots, side.columns, chunked(rows))

    def markets(self, cycles: range) -> CopyIn:
        rows = markets.copied(self._lines.run(cycles), self._line_ids, self._owners)
        return CopyIn(self._side.markets, markets.COLUMNS, chunked(rows))

    def following(self, count: int) -> list[dict[str, list[bytes]]]:
        """By cycle and table, the snapshots and the market rows that come next."""
        side = self._side
        # Both lists are made before the next cycle, because the offers that they print are then moved on.
        return [
            {
                side.snapshots: list(snapshots.copied(responses, self._ids, side.owner, side.moment, confirmed=True)),
                side.markets: list(markets.copied(lines, self._line_ids, self._owners)),
            }
            for responses, lines in zip(self._responses.following(count), self._lines.following(count), strict=True)
        ]
