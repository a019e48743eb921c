"""How the tables of a workload belong together, grow and are called; saved with every experiment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A parameter of a workload whose true value may not be known, so that strategies are measured at several."""

    name: str
    """Such as 'change rate'."""
    meaning: str
    """What it says, such as 'how often prices change'."""
    note: str
    """What is known of its true value, as reports print it."""


@dataclass(frozen=True, kw_only=True)
class WorkloadFacts:
    """Everything that analysis and reports must know about a workload without importing it."""

    name: str
    """Such as 'odds'."""
    scale: str
    """What `DatasetSpec.scale` counts, such as 'event'."""
    reference: str
    """A table with no row count of its own grows like this one."""
    parents: Mapping[str, str]
    """Table of details to the table whose rows own them and give them their time: market rows to their snapshots."""
    toast_follows: Mapping[str, str]
    """Table to the table with whose rows its TOAST grows; any other table's TOAST grows with its own rows."""
    constant: tuple[str, ...]
    """Tables as large in the sample as at full size, such as one row per league or sport."""
    unit: str
    """The row that people count this database in, such as 'market row'."""
    unit_tables: tuple[str, ...]
    """The tables whose rows are that unit."""
    snapshot: str
    """What a row of a parent is called, such as 'snapshot'."""
    detail: str
    """What rows of details are about, such as 'market'."""
    reads: str
    """What the application's reads are called, such as 'Q1-Q5'."""
    parameters: tuple[Parameter, ...]
    """Those that a dataset can be generated with at other values."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """Each read and write of the application in a few words, such as 'Q1' to 'event list'; empty in older runs."""
