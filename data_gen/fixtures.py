"""Who plays whom: invented teams, leagues and players, from the event's number alone."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property

import numpy as np
from faker import Faker

SQUAD = 49
"""Players of both teams that have a price on scoring."""

_COUNTRIES = (
    ("en_GB", "England", "ENG"),
    ("es_ES", "Spain", "ESP"),
    ("pt_PT", "Portugal", "POR"),
    ("pl_PL", "Poland", "POL"),
    ("de_DE", "Germany", "GER"),
    ("fr_FR", "France", "FRA"),
    ("nl_NL", "Netherlands", "NED"),
    ("en_GB", "Nigeria", "NGA"),
    ("pt_BR", "Brazil", "BRA"),
    ("es_MX", "Mexico", "MEX"),
)
_LEAGUES = ("Premier League", "First Division", "Cup", "Second Division")
_CLUBS = ("{city} FC", "{city} United", "{city}", "AC {city}", "{city} City", "Sporting {city}", "{city} Rovers")


@dataclass(frozen=True)
class League:
    """A competition; `number` is its id in the database."""

    number: int
    name: str
    country: str
    country_code: str
    locale: str


@dataclass(frozen=True)
class Fixture:
    """One match, `number` counted from 0 in order of kick-off."""

    number: int
    seed: int
    kickoff_us: int

    @property
    def event_id(self) -> int:
        """Id in the database."""
        return self.number + 1

    @property
    def sportradar_id(self) -> str:
        """The id that the three platforms share."""
        return str(61_300_000 + self.number * 13 + self.seed % 7)

    @property
    def kickoff(self) -> datetime:
        """When it starts, in UTC."""
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=self.kickoff_us)

    @cached_property
    def league(self) -> League:
        """The competition it belongs to."""
        return league(self.number * 7 % (len(_COUNTRIES) * len(_LEAGUES)))

    @cached_property
    def teams(self) -> tuple[str, str]:
        """Home and away."""
        fake = self._faker(0)
        home, away = (club.format(city=fake.unique.city()) for club in self._clubs())
        return home, away

    @cached_property
    def name(self) -> str:
        """As the platforms print it."""
        return " - ".join(self.teams)

    @cached_property
    def squad(self) -> tuple[tuple[str, str], ...]:
        """First and last names of the players, home and away alternating."""
        fake = self._faker(1)
        return tuple((fake.first_name_male(), fake.last_name()) for _ in range(SQUAD))

    def chance(self, purpose: int) -> np.random.Generator:
        """The event's own random numbers; every purpose has its own stream."""
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence((self.seed, self.number, purpose))))

    def _clubs(self) -> tuple[str, str]:
        first = self.number * 5 % len(_CLUBS)
        return _CLUBS[first], _CLUBS[(first + 3) % len(_CLUBS)]

    def _faker(self, purpose: int) -> Faker:
        fake = _fakers.of(self.league.locale)
        fake.unique.clear()
        fake.seed_instance(self.seed * 1_000_003 + self.number * 2 + purpose)
        return fake


@cache
def league(number: int) -> League:
    """League number `number`, counted from 0."""
    locale, country, code = _COUNTRIES[number % len(_COUNTRIES)]
    return League(number + 1, _LEAGUES[number // len(_COUNTRIES)], country, code, locale)


class _Fakers(threading.local):
    """One Faker per thread and locale: it is seeded before each use, so two threads must never share one.

    One per fixture would do as well, but takes 2 ms to create, some fifteen times per event.
    """

    def __init__(self) -> None:
        self._by_locale: dict[str, Faker] = {}

    def of(self, locale: str) -> Faker:
        """This thread's own Faker of that locale."""
        if locale not in self._by_locale:
            self._by_locale[locale] = Faker(locale)
        return self._by_locale[locale]


_fakers = _Fakers()
