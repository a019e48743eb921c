"""How much a run measures where nothing else was asked for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Effort:
    """What narrows intervals or answers more, and costs time."""

    size: str
    read_seconds: float
    read_subjects: int | None
    """About how many subjects a read is measured, such as events; None: about all that the workload names."""
    write_seconds: float
    quiet: bool
    """Whether nothing else works on any server while a trial is timed; else nothing that shares its WAL."""
    varies: bool
    """Whether strategies that depend on a parameter of the workload are tried at other values of it, too."""


USUAL = Effort(size="38MB", read_seconds=1, read_subjects=1, write_seconds=0.75, quiet=False, varies=False)
"""The smallest whose second size holds an event, so that there are intervals."""
THOROUGH = Effort(size="256MB", read_seconds=12, read_subjects=None, write_seconds=1.5, quiet=True, varies=True)
"""Intervals half as wide, and how rankings depend on the workload."""


def effort(*, thorough: bool) -> Effort:
    """What `--thorough` stands for, and what holds without it."""
    return THOROUGH if thorough else USUAL
