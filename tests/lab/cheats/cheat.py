"""What a cheat is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lab.scenario import Database
from tests.lab.trials import run_sql


@dataclass(frozen=True, kw_only=True)
class Cheat:
    """A strategy that gains something that it does not declare."""

    apply: Callable[[Database], None]
    differs: str | None = None
    """The name of a mismatch that it must be caught by."""
    fails: str | None = None
    """Instead: words of the error that it must fail with."""
    counted: str | None = None
    """Instead: the table under which its bytes must be counted."""
    declares: Mapping[str, object] = field(default_factory=dict)


def differs(name: str, *statements: str, **declares: object) -> Cheat:
    """Statements that a mismatch of that name must catch."""
    return Cheat(apply=run_sql(*statements), differs=name, declares=declares)


def fails(words: str, *statements: str) -> Cheat:
    """Statements that must fail with those words."""
    return Cheat(apply=run_sql(*statements), fails=words)


def counted(table: str, *statements: str, **declares: object) -> Cheat:
    """Statements whose bytes must be counted under that table."""
    return Cheat(apply=run_sql(*statements), counted=table, declares=declares)
