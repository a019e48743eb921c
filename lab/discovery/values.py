"""The parts of a discovery; what is not known is a sentence that says how to find out, never a number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from lab.analysis.drivers import Driver
from lab.discovery.plan.dependants import AffectedDependant
from lab.units import bytes_text
from lab.values import Category

Says = Literal["yes", "no", "perhaps", "partly", "unknown"]
"""What an answer comes to; 'partly' where a part of the question has an answer."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file or folder that the numbers come from."""

    what: str
    path: str
    digest: str | None
    """SHA-256 of the file; None of a folder of sources."""
    date: str | None
    """When it was taken, as the file says, ISO 8601."""
    command: str
    """Makes it again."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One of the five questions, with what supports the answer and what it does not know."""

    question: str
    verdict: Says
    words: str
    evidence: tuple[str, ...]
    missing: tuple[str, ...]


class Impact(IntEnum):
    """How much of the way to the target a strategy goes, by its saving at full size."""

    DECISIVE = 4
    """Under the target on its own."""
    HIGH = 3
    MEDIUM = 2
    LOW = 1
    NONE = 0
    """Within the noise floor, or larger than before."""


class Effort(IntEnum):
    """What an application must do for it, by what the tables no longer guarantee."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3


@dataclass(frozen=True, kw_only=True)
class Expected:
    """The database at full size before and after a strategy, and how sure that is."""

    before: int
    after: int
    percent: float
    """Saving as measured on the sample."""
    noise_percent: float | None
    """Gap between the two baselines of that server, None where there was one only."""
    interval: tuple[int, int] | None
    """Of `after`, None where the projection states no error."""
    real: int
    """The size that `before` should be."""

    @property
    def saved(self) -> int:
        """Bytes at full size."""
        return self.before - self.after

    @property
    def most(self) -> int:
        """`after`, or the upper end of its interval: what is under a target even then is under it."""
        return self.interval[1] if self.interval else self.after

    @property
    def words(self) -> str:
        """Before, after, and how sure that is."""
        return (
            f"{bytes_text(self.before)} become {bytes_text(self.after)} at full size,"
            f" {bytes_text(self.saved)} less ({self.percent:.1f} % of the sample). {self.error}"
        )

    @property
    def error(self) -> str:
        """What is known of the error: the projection's own, the noise, and how near the baseline comes."""
        return f"Error: {'; '.join(self._errors())}."

    def _errors(self) -> Iterator[str]:
        if self.interval is None:
            yield "the projection states none"
        else:
            low, high = (bytes_text(end) for end in self.interval)
            yield f"the projection says between {low} and {high}"
        if self.noise_percent is None:
            yield "the noise is not known, because there is only one baseline"
        else:
            yield f"two baselines differ by {self.noise_percent:.2f} %"
        off = 100 * (self.before / self.real - 1)
        yield f"the baseline projects {off:+.1f} % off the real {bytes_text(self.real)}"


@dataclass(frozen=True, kw_only=True)
class Opportunity:
    """One way to save, measured by the run or only named."""

    name: str
    categories: tuple[str, ...]
    what: str
    touches: int | None
    """Bytes of the profile that it could touch: an upper bound, no saving."""
    expected: Expected | None
    impact: Impact | None
    effort: Effort | None
    gives_up: tuple[str, ...]
    unmeasured: str
    """Why it has no numbers and how to get them; empty where it was measured."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A strategy that the lab has, before anything was measured."""

    name: str
    category: Category
    what: str
    """What it does, as an order."""
    tables: tuple[str, ...]
    """The tables that it changes."""
    columns: tuple[str, ...]
    """As 'table.column', where it changes no more of its tables."""
    keeps_days: int | None
    """How many days of rows it keeps; None where rows do not go by their age."""


@dataclass(frozen=True, kw_only=True)
class Move:
    """One step of the migration, as measured on the sample."""

    name: str
    file: str
    """Of the plan; empty where the step has none."""
    statements: str
    seconds: float | None
    wal_bytes: int | None
    peak_bytes: int | None
    bytes_after: int
    share_after: float
    """Of the sample before the first step."""
    locks: tuple[str, ...]
    back: tuple[str, ...]
    """How each of its kinds of statement is undone, or that it cannot be."""
    irreversible: bool
    """Whether a part of it cannot be undone."""


@dataclass(frozen=True, kw_only=True)
class Watch:
    """A number to look at afterwards, with the value that means that something is wrong."""

    what: str
    threshold: str
    how: str


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One phase of the plan."""

    number: int
    title: str
    changes: tuple[str, ...]
    saving: str
    risks: tuple[str, ...]
    back: tuple[str, ...]
    dependants: tuple[AffectedDependant, ...] = ()
    """What depends on the tables of the strategy, and what becomes of it."""
    moves: tuple[Move, ...] = ()
    watches: tuple[Watch, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Risk:
    """What may go wrong, how bad that would be, and what to do about it."""

    name: str
    level: Literal["high", "medium", "low"]
    what: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class Check:
    """One item of the checklist; it is done exactly where there is evidence."""

    name: str
    evidence: str | None
    otherwise: str
    """What is missing and which command brings it."""

    @property
    def done(self) -> bool:
        """Whether the data behind it exists."""
        return self.evidence is not None


@dataclass(frozen=True, kw_only=True)
class Discovery:
    """Everything that the document says besides the tables of its sources."""

    warnings: tuple[str, ...]
    drivers: tuple[Driver, ...]
    """The largest, largest first."""
    answers: tuple[Answer, ...]
    opportunities: tuple[Opportunity, ...]
    """Best first; those that were not measured last."""
    headline: str
    reasons: tuple[str, ...]
    expected: Expected | None
    """Of the recommended strategy."""
    phases: tuple[Phase, ...]
    risks: tuple[Risk, ...]
    checks: tuple[Check, ...]
    accomplishments: tuple[str, ...]
    decisions: tuple[str, ...]
    issues: tuple[str, ...]
