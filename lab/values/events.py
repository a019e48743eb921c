"""What a command reports while it works: typed events, as they happen, for whoever listens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from lab.values.refusal import Refusal


@dataclass(frozen=True, kw_only=True)
class Message:
    """Something worth a line, in words."""

    text: str
    server: str | None = None
    """The kind of server that it is about."""
    kind: Literal["message"] = "message"


@dataclass(frozen=True, kw_only=True)
class RunAnnounced:
    """What a run is going to do, before it starts anything."""

    scenarios: tuple[str, ...]
    size_bytes: int
    """Of the generated data."""
    servers: tuple[str, ...]
    """The kinds of server that it may use."""
    downloads: tuple[str, ...]
    """What it may have to download, once."""
    kind: Literal["announced"] = "announced"


@dataclass(frozen=True, kw_only=True)
class RunPlanned:
    """What it does, now that each scenario has its server."""

    trials: int
    """All of them, also on other datasets."""
    servers: tuple[str, ...]
    expected_seconds: float
    """Roughly."""
    kind: Literal["planned"] = "planned"


@dataclass(frozen=True, kw_only=True)
class TrialName:
    """A trial in progress."""

    server: str
    scenario: str
    repeat: int
    dataset: str | None
    """In words, where it is not the one that the run is about."""


@dataclass(frozen=True, kw_only=True)
class TrialBegan:
    """A trial begins, or is taken from an earlier run."""

    trial: TrialName
    kept: bool = False
    """Whether it was measured before, and is not made again."""
    kind: Literal["trial began"] = "trial began"


@dataclass(frozen=True, kw_only=True)
class StepBegan:
    """A step of the scenario, or a part of the trial after it."""

    trial: TrialName
    step: str
    kind: Literal["step began"] = "step began"


@dataclass(frozen=True, kw_only=True)
class TrialEnded:
    """A trial ended."""

    trial: TrialName
    outcome: str
    """The verdict of its verification, or 'failed' or 'skipped'."""
    reason: str | None
    """Why it failed or was skipped."""
    ended: int
    """Trials of the run that have ended."""
    refusal: Refusal | None = None
    """The statement that the server refused, where one did."""
    share: float
    """Of the whole run's expected time, the part that is done."""
    kind: Literal["trial ended"] = "trial ended"


Event: TypeAlias = Message | RunAnnounced | RunPlanned | TrialBegan | StepBegan | TrialEnded


class Progress(Protocol):
    """Listens to events; several threads may call it."""

    def __call__(self, event: Event, /) -> None:
        """Take note of an event."""


def ignore(event: object, /) -> None:
    """The listener that nobody reads."""
    del event
