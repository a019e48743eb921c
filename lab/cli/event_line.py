"""What `--json=lines` prints: the events of a run, and at its end the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lab.report.summary import RunSummary
from lab.values.events import Event


@dataclass(frozen=True, kw_only=True)
class RunEnded:
    """The run came to its end, and its reports are written."""

    folder: str
    results: RunSummary
    """As `lab report --json` prints them."""
    kind: Literal["run ended"] = "run ended"


@dataclass(frozen=True, kw_only=True)
class EventLine:
    """An event of a run, as a line of JSON."""

    format: Literal[1] = 1
    seconds: float
    """Since the start."""
    event: Event | RunEnded
