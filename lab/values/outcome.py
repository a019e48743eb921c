"""The outcome of one trial."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from lab.values.footprint import Footprint
from lab.values.locks import TableLock, TableTraffic
from lab.values.refusal import Refusal
from lab.values.timing import Timing
from lab.values.writes import Writes


class StatementKind(StrEnum):
    """Why a statement was executed."""

    CHANGE = "change"
    REQUIREMENT = "requirement"
    """A query that counts rows which the strategy cannot keep: anything but 0 stops it before it changes anything."""
    PROOF = "proof"
    """A query that counts differences between old and new: anything but 0 stops it before it drops or replaces."""
    CLIENT = "client"
    """The query that a client read to convert its rows in Python: `name` says what it made of them."""


@dataclass(frozen=True, kw_only=True)
class ExecutedStatement:
    """One statement as executed, and how many times in a row."""

    sql: str
    """Without placeholders, names of chunks or dates of the day: it runs on another database of the same schema."""
    times: int
    kind: StatementKind = StatementKind.CHANGE
    name: str = ""
    """What must hold, or what a client did, in words; empty of a change."""
    key: str = ""
    """Of what a client did: which of its steps it was, as the strategy declares it; empty where that was not recorded."""
    locks: tuple[TableLock, ...] | None = None
    """What it locked that its transaction had not locked before; None where that is not known: its transaction ended before
    anybody could look, or an older lab measured it."""
    unseen_seconds: float | None = None
    """How long it took where somebody looked every 5 ms and its transaction ended in between: none of its locks lasted longer.
    None of all others, and where other trials ran at the same time."""


@dataclass(frozen=True, kw_only=True)
class StepRecord:
    """One named part of applying a scenario: its statements and its cost."""

    name: str
    statements: tuple[ExecutedStatement, ...]
    timing: Timing | None
    """One value: a step changes the data, so it is measured once. None if other trials ran at the same time."""
    cpu_seconds: float | None
    """User and system time of the server process that did it; None where that process cannot be observed."""
    wal_bytes: int | None
    """None, like time and CPU, if other trials ran at the same time."""
    peak_bytes: int | None
    """Largest observed size of the database's folder during the step, without WAL; None where it cannot be observed."""
    footprint: Footprint
    """After the step."""
    auxiliary: bool = False
    """Whether it only measures, and does not belong to the strategy's own cost."""
    final: bool = False
    """Whether it drops what a rollback needs: a plan executes it only after the checks of phase 104."""
    traffic: tuple[TableTraffic, ...] | None = None
    """What requests to the declared tables felt; None where none came: other trials ran at the same time, or the server takes
    one connection only."""

    @property
    def seconds(self) -> float | None:
        """How long it took; None where it was not timed."""
        return self.timing.seconds if self.timing else None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer of a query (or a whole table): the number of rows, and a digest of them in order."""

    name: str
    rows: int | None
    """None where the query failed; `digest` then holds the server's message."""
    digest: str


class Verdict(StrEnum):
    """The result of a verification."""

    EXACT = "exact"
    WITH_FILES = "exact with files"
    """The same answers for a client that also reads the files outside; the database alone no longer gives them."""
    AS_DECLARED = "as declared"
    DIFFERS = "differs"


@dataclass(frozen=True, kw_only=True)
class Mismatch:
    """One answer that is not what it should be."""

    name: str
    expected: str
    found: str


@dataclass(frozen=True, kw_only=True)
class DifferingValue:
    """A column of a row that differs, on both sides, as text; a long one is cut around the first difference."""

    column: str
    expected: str | None
    """None is NULL, or there is no row."""
    found: str | None
    differs: bool
    """Whether both sides have the row, and not the same value in it."""


@dataclass(frozen=True, kw_only=True)
class DifferingRow:
    """One row of an answer that is not as it should be."""

    answer: str
    """The name of the answer."""
    expected_times: int
    """How often the answer should have the row."""
    found_times: int
    values: tuple[DifferingValue, ...]
    """Its key and what differs first, then others."""
    more_columns: int
    """That are not among the values."""
    more_differ: int
    """How many of these differ."""


@dataclass(frozen=True, kw_only=True)
class Verification:
    """Whether a trial gives the same answers as its template, except for the declared losses."""

    verdict: Verdict
    checks: int
    """Number of compared answers; answers without a row do not count."""
    given_up: tuple[str, ...]
    mismatches: tuple[Mismatch, ...]
    row: DifferingRow | None = None
    """One row of the first answer that differs; None where none differs or can be read, and in older runs."""


class GuaranteeKind(StrEnum):
    """What a database guarantees about a table."""

    PRIMARY_KEY = "primary key"
    FOREIGN_KEY = "foreign key"
    UNIQUE = "unique"
    CHECK = "check"
    EXCLUSION = "exclusion"
    INDEX = "index"
    COLUMN = "column"
    """Its type, NOT NULL and default."""
    DURABLE = "survives a crash"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Guarantee:
    """One thing that the database itself guarantees about a table."""

    table: str
    kind: GuaranteeKind
    column: str | None = None
    """Of `COLUMN`; None of all others."""
    definition: str = ""
    """As the server writes it; empty of `DURABLE`."""

    @property
    def words(self) -> str:
        """In one line, as reports print it."""
        if self.kind is GuaranteeKind.DURABLE:
            return f"{self.table}: survives a crash"
        if self.kind is GuaranteeKind.COLUMN:
            return f"{self.table}.{self.column}: {self.definition}"
        return f"{self.table}: {'index ' if self.kind is GuaranteeKind.INDEX else ''}{self.definition}"


@dataclass(frozen=True, kw_only=True)
class ReadSide:
    """What one read of the application took in one database."""

    timing: Timing
    """Seconds until the whole answer was here; of a query of several statements their sum."""
    cpu_seconds: float | None
    """User and system time of the server process per read; None where it cannot be observed, or is too short to be seen."""
    blocks: int | None
    """Blocks of 8 kB touched, in shared buffers or read into them; None where the server does not count them."""


@dataclass(frozen=True, kw_only=True)
class ReadPlan:
    """How the server executed one statement of a read."""

    name: str
    plan: str | None
    """EXPLAIN (ANALYZE, BUFFERS) as JSON, without what is 0 or false; None where it is too long to be kept."""


@dataclass(frozen=True, kw_only=True)
class ReadCost:
    """One query of the application after a strategy and, measured in turn with it, on an untouched clone.

    Both sides read the same columns.
    """

    query: str
    """Such as 'Q1'."""
    without: tuple[str, ...]
    """Columns that neither side reads, as 'table.column': given up, or heavy and left out; empty of the whole read."""
    after: ReadSide
    before: ReadSide
    plans: tuple[ReadPlan, ...]
    """Of the whole read's statements about one subject, after the strategy; none where heavy columns were left out."""


@dataclass(frozen=True, kw_only=True)
class Completed:
    """A scenario that was applied, measured and verified; its verdict may still be that answers differ."""

    scenario: str
    server: str
    repeat: int
    """1, or 2 for the second trial of the baseline."""
    steps: tuple[StepRecord, ...]
    footprint: Footprint
    """After settling."""
    database_bytes: int
    """`pg_database_size`: the footprint and the system catalogs."""
    rows: Mapping[str, int]
    """Rows of each table as its readers see it, after the scenario."""
    verification: Verification
    lost: tuple[Guarantee, ...]
    """Keys, constraints, indexes, defaults and types of the template's tables that are missing afterwards."""
    notes: tuple[str, ...]
    valued: Mapping[str, int] = field(default_factory=dict)
    """Of each column that is emptied or archived in some rows, as 'table.column', the rows in which it is not."""
    outside: Mapping[str, int] | None = None
    """Of each file outside of the database that the strategy needs, its bytes; the name begins with the table whose rows it
    grows with. None where an older lab did not look."""
    reads: tuple[ReadCost, ...] | None = None
    """In the order of the workload; None where they were not timed: answers differ, or other trials ran at the same time."""
    writes: Writes | None = None
    """None where they were not measured: as the reads, or the workload writes nothing."""
    undeclared: tuple[str, ...] = ()
    """New tables for which the scenario does not declare how they grow; empty in older runs, which did not look."""
    kind: Literal["completed"] = "completed"


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A scenario that could not run here, or had nothing to do; it has no numbers."""

    scenario: str
    server: str | None
    reason: str
    kind: Literal["skipped"] = "skipped"


@dataclass(frozen=True, kw_only=True)
class Failed:
    """A scenario that failed: the step, the error, and the steps measured until then."""

    scenario: str
    server: str
    step: str
    error: str
    steps: tuple[StepRecord, ...]
    refusal: Refusal | None = None
    """The statement that the server refused; None where it failed otherwise, and in older runs."""
    kind: Literal["failed"] = "failed"


Outcome = Completed | Skipped | Failed
