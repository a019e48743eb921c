"""The small tables that a scraper writes beside its snapshots."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from data_gen.copying import naive, row, zoned
from data_gen.cycles import MICROSECOND
from data_gen.events import DatasetPlan
from data_gen.fixtures import Fixture, League
from data_gen.payloads import BETPAWA, COMPETITORS, bet9ja, betpawa

_BOOKMAKERS = (
    ("BetPawa", "betpawa", "https://www.betpawa.ng"),
    ("SportyBet", "sportybet", "https://www.sportybet.com"),
    ("Bet9ja", "bet9ja", "https://sports.bet9ja.com"),
)
_REQUESTED = [slug for _, slug, _ in _BOOKMAKERS]
HOME_BOOKMAKER = 1
_COLUMNS = {
    "sports": "id name slug",
    "bookmakers": "id name slug is_active base_url logo_url created_at updated_at",
    "tournaments": "id sport_id name country sportradar_id",
    "events": "id tournament_id name home_team away_team kickoff sportradar_id created_at",
    "event_bookmakers": "id event_id bookmaker_id external_event_id event_url created_at",
    "competitor_tournaments": "id source sport_id name country_raw country_iso external_id sportradar_id created_at",
    "competitor_events": "id source tournament_id betpawa_event_id name home_team away_team kickoff external_id"
    " sportradar_id created_at updated_at",
    "scrape_runs": "id status started_at completed_at events_scraped events_failed trigger current_phase"
    " platform_status platform_timings",
    "event_scrape_status": "id scrape_run_id sportradar_id status platforms_requested platforms_scraped"
    " platforms_failed timing_ms error_details created_at",
}
_DISCOVERY_US = 90 * MICROSECOND  # from the discovery of an event to its first snapshot


@dataclass(frozen=True)
class SmallTables:
    """Rows of the small tables as COPY text, from the plan."""

    plan: DatasetPlan

    @cached_property
    def scraped_events(self) -> list[int]:
        """Events that were scraped at least once."""
        events: list[int] = np.nonzero(self.plan.scraped.any(axis=1))[0].tolist()
        return events

    @cached_property
    def competitor_ids(self) -> dict[tuple[int, str], int]:
        """(event, platform) to the id in competitor_events."""
        pairs = [
            (event, site.name)
            for event in self.scraped_events
            for site in COMPETITORS
            if self.plan.offered[site.name][event].any()
        ]
        return {pair: number for number, pair in enumerate(pairs, 1)}

    def all(self) -> dict[str, tuple[tuple[str, ...], Callable[[], Iterator[bytes]]]]:
        """By table, columns and rows."""
        rows = {
            "sports": self._sports,
            "bookmakers": self._bookmakers,
            "tournaments": self._tournaments,
            "events": self._events,
            "event_bookmakers": self._event_bookmakers,
            "competitor_tournaments": self._competitor_tournaments,
            "competitor_events": self._competitor_events,
            "scrape_runs": self._runs,
            "event_scrape_status": self._statuses,
        }
        return {table: (tuple(_COLUMNS[table].split()), produce) for table, produce in rows.items()}

    def _sports(self) -> Iterator[bytes]:
        yield row(1, "Football", "football")

    def _bookmakers(self) -> Iterator[bytes]:
        created = zoned(int(self.plan.cycles.starts[0]))
        for number, (name, slug, url) in enumerate(_BOOKMAKERS, 1):
            yield row(number, name, slug, True, url, None, created, created)

    @cached_property
    def _leagues(self) -> list[League]:
        """Leagues by their first match, which is the order of their ids."""
        return list(dict.fromkeys(self.plan.fixture(event).league for event in self.scraped_events))

    def _tournaments(self) -> Iterator[bytes]:
        for number, league in enumerate(self._leagues, 1):
            yield row(number, 1, league.name, league.country, f"sr:tournament:{600 + league.number}")

    def _events(self) -> Iterator[bytes]:
        for event in self.scraped_events:
            match = self.plan.fixture(event)
            league = self._leagues.index(match.league) + 1
            yield row(
                match.event_id,
                league,
                match.name,
                *match.teams,
                zoned(match.kickoff_us),
                match.sportradar_id,
                zoned(self._discovered_us(event)),
            )

    def _event_bookmakers(self) -> Iterator[bytes]:
        home = [event for event in self.scraped_events if self.plan.offered[BETPAWA.name][event].any()]
        for number, event in enumerate(home, 1):
            match = self.plan.fixture(event)
            external = betpawa.external_id(match)
            yield row(
                number,
                match.event_id,
                HOME_BOOKMAKER,
                external,
                f"{_BOOKMAKERS[0][2]}/event/{external}",
                zoned(self._discovered_us(event)),
            )

    def _competitor_tournaments(self) -> Iterator[bytes]:
        created = naive(int(self.plan.cycles.starts[0]))
        pairs = [(site.name, league) for league in self._leagues for site in COMPETITORS]
        for number, (source, league) in enumerate(pairs, 1):
            yield row(
                number,
                source,
                1,
                league.name,
                league.country,
                league.country_code,
                f"{600 + league.number}",
                None,
                created,
            )

    def _competitor_events(self) -> Iterator[bytes]:
        sites = [site.name for site in COMPETITORS]
        for (event, source), number in self.competitor_ids.items():
            match = self.plan.fixture(event)
            tournament = self._leagues.index(match.league) * len(sites) + sites.index(source) + 1
            home = None if self.plan.never_home[event] else match.event_id
            ids = (_external_id(match, source), match.sportradar_id)
            kickoff, created = naive(match.kickoff_us), naive(self._discovered_us(event))
            yield row(number, source, tournament, home, match.name, *match.teams, kickoff, *ids, created, created)

    def _runs(self) -> Iterator[bytes]:
        scraped = self.plan.scraped.sum(axis=0).tolist()
        for cycle, count in enumerate(scraped):
            started, done = int(self.plan.cycles.starts[cycle]), self.plan.cycles.captured(cycle, 0, 1)
            status = dict.fromkeys(_REQUESTED, "completed")
            timings = {slug: {"duration_ms": 90_000 + cycle * 37 % 9_000, "events_count": count} for slug in _REQUESTED}
            yield row(
                cycle + 1, "completed", zoned(started), zoned(done), count, 0, "scheduled", "completed", status, timings
            )

    def _statuses(self) -> Iterator[bytes]:
        number = 0
        offered = [(slug, self.plan.offered[slug]) for slug in _REQUESTED]
        for cycle in range(len(self.plan.cycles)):
            created = naive(self.plan.cycles.captured(cycle, 0, 1))
            for event in np.nonzero(self.plan.scraped[:, cycle])[0].tolist():
                number += 1
                sites = [slug for slug, field in offered if field[event, cycle]]
                yield row(
                    number,
                    cycle + 1,
                    self.plan.fixture(event).sportradar_id,
                    "completed",
                    sites,
                    sites,
                    [],
                    0,
                    None,
                    created,
                )

    def _discovered_us(self, event: int) -> int:
        first, _ = self.plan.lives
        return int(self.plan.cycles.starts[first[event]]) - _DISCOVERY_US


def _external_id(match: Fixture, source: str) -> str:
    return f"sr:match:{match.sportradar_id}" if source == "sportybet" else str(bet9ja.external_id(match))
