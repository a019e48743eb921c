"""The parts of a discovery; what is unknown is a sentence that says how to find out, never a number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from lab.analysis.drivers import Driver
from lab.analysis.forecast import Amount
from lab.analysis.reads import WorstRead
from lab.analysis.writes import WorstWrite
from lab.discovery.plan.dependants import AffectedDependant
from lab.units import bytes_text
from lab.values import Category

Conclusion = Literal["yes", "no", "perhaps", "partly", "unknown"]
"""The answer to a question in a word; 'partly' where only a part of the question is answered."""


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """A file or folder that numbers come from, and the command that reproduces it."""

    what: str
    path: str
    digest: str | None
    """SHA-256 of the file; None for a folder of source code."""
    date: str | None
    """When it was measured or published, as the file says, ISO 8601."""
    command: str
    """Reproduces it."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The answer to one of the five questions, its evidence, and the gaps in it."""

    question: str
    conclusion: Conclusion
    words: str
    evidence: tuple[str, ...]
    missing: tuple[str, ...]


class Impact(IntEnum):
    """How close a strategy comes to the target, by its saving at full size."""

    DECISIVE = 4
    """Under the target on its own."""
    HIGH = 3
    MEDIUM = 2
    LOW = 1
    NONE = 0
    """Within the noise floor, or larger than before."""


class ApplicationEffort(IntEnum):
    """How much the application must change, by the guarantees that the tables lose."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3


@dataclass(frozen=True, kw_only=True)
class Expected:
    """The database at full size before and after a strategy, with the error."""

    before: int
    after: int
    percent: float
    """Saving as measured on the sample."""
    noise_percent: float | None
    """Difference between the two baselines of that server; None if there was only one."""
    interval: tuple[int, int] | None
    """Of `after`; None if the projection states no error."""
    real: int
    """The profiled size, which `before` should equal."""

    @property
    def saved(self) -> int:
        """Bytes at full size."""
        return self.before - self.after

    @property
    def most(self) -> int:
        """The upper end of the interval, or `after` without one."""
        return self.interval[1] if self.interval else self.after

    @property
    def words(self) -> str:
        """Before, after, and the error."""
        return (
            f"{bytes_text(self.before)} become {bytes_text(self.after)} at full size:"
            f" {bytes_text(self.saved)} less ({self.percent:.1f} % of the sample). {self.error}"
        )

    @property
    def error(self) -> str:
        """The interval of the projection, the noise floor, and how far the projected baseline is off."""
        return f"Error: {'; '.join(self._errors())}."

    def _errors(self) -> Iterator[str]:
        if self.interval is None:
            yield "the projection has no interval"
        else:
            low, high = (bytes_text(end) for end in self.interval)
            yield f"the interval of the projection is {low} to {high}"
        if self.noise_percent is None:
            yield "the noise floor is unknown, because only one baseline was measured"
        else:
            yield f"two baselines differ by {self.noise_percent:.2f} %"
        off = 100 * (self.before / self.real - 1)
        real = f"from the real {bytes_text(self.real)}, which the interval includes"
        yield f"the projected baseline differs by {off:+.1f} % {real}"


@dataclass(frozen=True, kw_only=True)
class CheapWin:
    """Something that the profile shows and that needs no rewrite."""

    what: str
    bytes: int | None
    """What it frees at most; None where that is not known."""
    how: str


@dataclass(frozen=True, kw_only=True)
class Opportunity:
    """One strategy, measured by the run or only named."""

    name: str
    categories: tuple[str, ...]
    what: str
    touches: int | None
    """Bytes of the profile that it could touch: an upper bound of the saving."""
    expected: Expected | None
    standing: str
    """Where the decision leaves it, in words; empty without numbers."""
    worst_read: WorstRead | None
    """None where no read was compared."""
    worst_write: WorstWrite | None
    """None where no write was compared."""
    impact: Impact | None
    effort: ApplicationEffort | None
    gives_up: tuple[str, ...]
    unmeasured: str
    """Why it has no numbers and how to get them; empty if it was measured."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A strategy of the lab, as declared and not yet measured."""

    name: str
    category: Category
    what: str
    """What it does, in the imperative."""
    tables: tuple[str, ...]
    """The tables that it changes."""
    columns: tuple[str, ...]
    """As 'table.column', if it changes only columns of its tables."""
    keeps_days: int | None
    """How many days of rows it keeps; None if it does not delete rows by age."""


@dataclass(frozen=True, kw_only=True)
class PlannedStep:
    """One step of the migration, as measured on the sample."""

    name: str
    files: tuple[str, ...]
    """Names of its files in the plan, in the order of execution."""
    statements: str
    seconds: float | None
    full_size: Amount | None
    """Seconds at full size; None where they are not foretold."""
    wal_bytes: int | None
    peak_bytes: int | None
    bytes_after: int
    share_after: float
    """Of the sample before the first step."""
    locks: tuple[str, ...]
    """What the application waits for."""
    blocks: bool | None
    """Whether its reads or writes wait; None where the locks of a statement are not known."""
    rollback: tuple[str, ...]
    """How to undo each kind of statement, or that this is impossible."""
    irreversible: bool
    """Whether a part of it cannot be undone."""


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """A number to monitor after the migration, with the threshold above which something is wrong."""

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
    rollback: tuple[str, ...]
    dependants: tuple[AffectedDependant, ...] = ()
    """Objects that depend on the tables of the strategy, and what happens to them."""
    steps: tuple[PlannedStep, ...] = ()
    watches: tuple[Alarm, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Risk:
    """What may go wrong, how severe that would be, and the remedy."""

    name: str
    level: Literal["high", "medium", "low"]
    what: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class ChecklistItem:
    """One item of the checklist; it is done exactly if there is evidence."""

    name: str
    evidence: str | None
    otherwise: str
    """What is missing, and the command that provides it."""

    @property
    def done(self) -> bool:
        """Whether there is evidence."""
        return self.evidence is not None


@dataclass(frozen=True, kw_only=True)
class Discovery:
    """Everything that the document says, except the tables of its inputs."""

    warnings: tuple[str, ...]
    drivers: tuple[Driver, ...]
    """The largest, largest first."""
    findings: tuple[Finding, ...]
    cheap_wins: tuple[CheapWin, ...]
    """The largest first."""
    opportunities: tuple[Opportunity, ...]
    """Best first; unmeasured strategies last."""
    rule: str
    """The rule of the ranking and of the recommendation; empty without a run."""
    headline: str
    reasons: tuple[str, ...]
    expected: Expected | None
    """Of the recommended strategy."""
    phases: tuple[Phase, ...]
    risks: tuple[Risk, ...]
    checklist: tuple[ChecklistItem, ...]
    accomplishments: tuple[str, ...]
    decisions: tuple[str, ...]
    issues: tuple[str, ...]
