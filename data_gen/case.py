"""A case: what was published about one production database, and the parameters that make the generator imitate it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    field_validator,
    model_validator,
)

from lab.errors import InputError

CYCLE = timedelta(minutes=10)
"""From the start of one cycle to the next while the machine is up."""
CYCLE_BUSY = timedelta(minutes=9)
"""From the start of a cycle to the capture of its last batch."""


WINDOW_HOURS = (1.0, 4000.0)
"""The shortest and the longest window that the generator can make."""
DOCUMENT_MARKETS = (0.05, 12.0)
"""The same for the multiple of markets in documents."""
NAME_LENGTH = (0.1, 40.0)
"""The same for the multiple of the length of names."""
MOST_CHANGES = 1000.0
"""The multiple of the curve of price changes above which every price changes in every cycle."""
MOST_CYCLES = 1_000_000
"""Cycles that a case may have: 19 years of them without a pause."""

Share = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0, le=1e9)]
"""Where the generator cannot make as many, it makes as many as it can."""
Positive = Annotated[float, Field(gt=0, le=1e9)]
Markets = Annotated[float, Field(ge=DOCUMENT_MARKETS[0], le=DOCUMENT_MARKETS[1])]
Length = Annotated[float, Field(ge=NAME_LENGTH[0], le=NAME_LENGTH[1])]
Moment = Annotated[AwareDatetime, Field(ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))]


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class PublishedFigure(_Facts):
    """One published number that a generated database must show."""

    name: str
    """The name of the measured figure in `data_gen.widths`."""
    value: float
    unit: str
    tolerance: Amount
    """A share of the value where `relative`, else in the figure's own unit."""
    relative: bool
    note: str = ""
    """The reason for the tolerance or the value, where it is not obvious."""


class Session(_Facts):
    """An unbroken run of cycles, 10 minutes apart."""

    start: Moment
    cycles: Annotated[int, Field(ge=1, le=MOST_CYCLES)]
    competitor_inserts: Amount
    """Competitor snapshots stored per event and cycle."""


class Band(_Facts):
    """How often something changes so long before kick-off."""

    from_hours: Annotated[float, Field(ge=0, le=WINDOW_HOURS[1])]
    """Where the band ends as kick-off approaches; it begins where the next one ends."""
    share: Share
    """What changes in ten minutes, as a share."""
    source: str
    """Where the share comes from."""


Bands = Annotated[tuple[Band, ...], Field(min_length=1)]
"""From kick-off backwards: the first one ends with kick-off, the last one has no beginning."""


class GeneratorParameters(_Facts):
    """The generator's parameters. Shares refer to event-scrapes; an event-scrape is one event scraped in one cycle."""

    events_per_cycle: Positive
    """Events scraped per cycle in production: with the window, it says how many events the full size has."""
    events_per_batch: Annotated[int, Field(ge=1, le=1_000_000)]
    """Events that share one transaction and one `captured_at`."""
    window_hours: Annotated[float, Field(ge=WINDOW_HOURS[0], le=WINDOW_HOURS[1])]
    """How long before kick-off an event is followed, on average."""
    home_share: Share
    """Share of the event-scrapes in which the home bookmaker offers the event; the others are competitor-only."""
    home_inserts: Amount
    """Home snapshots stored per event-scrape."""
    sportybet_share: Share
    bet9ja_share: Share
    home_rows: Positive
    """Rows of market_odds per home snapshot, on average."""
    competitor_rows: Positive
    """Rows of competitor_market_odds per competitor snapshot, on average."""
    competitor_only_rows: Positive
    """The same for events that the home bookmaker does not offer."""
    home_document_markets: Markets = 1.0
    """Markets of a home document, as a multiple of its market rows: above 1 the document has more markets than rows,
    below 1 fewer."""
    competitor_document_markets: Markets = 1.0
    """The same for competitors; it also scales the translations in Bet9ja's documents."""
    home_name_length: Length = 1.0
    """Length of the outcome names in market_odds, as a multiple of the catalogue's."""
    competitor_name_length: Length = 1.0
    """The same in competitor_market_odds."""
    price_changes: Bands
    """Share of a feed's prices that change per cycle, by the hours to kick-off."""
    change_rate: Annotated[float, Field(ge=0, le=MOST_CHANGES)] = 1.0
    """Prices change so many times as often as `price_changes` says."""
    home_list_changes: Bands
    """Share of the cycles in which a ladder of an event moves or one of its markets goes, on the home bookmaker's site."""
    competitor_list_changes: Bands
    """The same on a competitor's site."""
    event_dropouts: Share
    """Share of the events that the home bookmaker withdraws once, for an hour."""
    list_churn: Annotated[float, Field(ge=0, le=MOST_CHANGES)] = 1.0
    """Lists change so many times as often as their curves say; at 0 no market, line or event ever comes or goes."""
    probability_renewal: Literal["price", "every_response"]
    """When BetPawa's obfuscated `probability` gets a new key: with its price, or in every response."""
    backfill_at: Moment
    """When last_confirmed_at was added and filled by an UPDATE of every row."""
    index_at: Moment | None
    """When the index on (snapshot_id, betpawa_market_id) was created, None where it did not exist."""
    without_indexes: tuple[str, ...] = ()
    """Statements of `data_gen.schema` for indexes that the database does not have."""
    more_indexes: tuple[str, ...] = ()
    """Statements for additional indexes of the database; they exist before the rows are loaded."""
    sessions: Annotated[tuple[Session, ...], Field(min_length=1)]

    @field_validator("price_changes", "home_list_changes", "competitor_list_changes")
    @classmethod
    def _check_bands(cls, bands: tuple[Band, ...]) -> tuple[Band, ...]:
        hours = [band.from_hours for band in bands]
        if hours[0] != 0 or hours != sorted(set(hours)):
            raise ValueError("from_hours must begin with 0 and rise")
        return bands

    @model_validator(mode="after")
    def _check_cycles(self) -> Self:
        if (cycles := sum(session.cycles for session in self.sessions)) > MOST_CYCLES:
            raise ValueError(f"its sessions have {cycles:,} cycles, more than {MOST_CYCLES:,}")
        return self


class Case(_Facts):
    """One published database profile with the workload that reproduces it."""

    case: str
    about: str
    first_captured: Moment
    last_captured: Moment
    profiled_at: Moment
    published: dict[str, JsonValue]
    """The profile as published; GB and MB are powers of 1024."""
    figures: tuple[PublishedFigure, ...]
    workload: GeneratorParameters

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.first_captured > self.last_captured:
            raise ValueError("first_captured is after last_captured")
        return self

    def updated(self, parameters: Mapping[str, Any]) -> Self:
        """The case with other parameters of its workload, which are not checked."""
        return self.model_copy(update={"workload": self.workload.model_copy(update=parameters)})

    @property
    def window(self) -> timedelta:
        """How long before kick-off an event is followed, on average."""
        return timedelta(hours=self.workload.window_hours)

    @property
    def text(self) -> str:
        """The case as the text of a file; `read_case` parses it back."""
        return self.model_dump_json(indent=1) + "\n"

    @property
    def full_events(self) -> float:
        """Estimated number of events in the production database."""
        followed = self.last_captured - self.first_captured + self.window
        return self.workload.events_per_cycle * (followed / self.window)


@cache
def case_names() -> tuple[str, ...]:
    """Names of all cases, oldest first."""
    files = resources.files("data_gen.cases").iterdir()
    return tuple(sorted(file.name.removesuffix(".json") for file in files if file.name.endswith(".json")))


def case_file(name: str) -> Path:
    """The file of the case of that name.

    Errors: `InputError` naming the nearest names where there is none.
    """
    if name not in case_names():
        near = get_close_matches(name, case_names(), cutoff=0.3) or case_names()
        raise InputError(f"There is no case '{name}'.", hint=f"Did you mean {' or '.join(near)}?")
    return Path(str(resources.files("data_gen.cases") / f"{name}.json"))


@cache
def load_case(name: str) -> Case:
    """The case of that name; errors as `case_file`."""
    return read_case(case_file(name).read_text("utf-8"), name)


def read_case(text: str, name: str) -> Case:
    """The case in the text of a file; `name` is the file's name, for error messages.

    Errors: `InputError` naming the first invalid field.
    """
    try:
        return Case.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        where = f" at {place}" if place else ""
        raise InputError(
            f"{name} is not a valid case{where}: {first['msg']}.", hint="Compare it with data_gen/cases."
        ) from error
