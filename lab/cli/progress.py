"""Events as they happen, for whoever looks: a live display, plain lines, JSON lines, or nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from lab.cli import console
from lab.cli.console import print_json_line, print_line
from lab.units import about_text, bytes_text, counted, joined
from lab.values.events import (
    Event,
    Message,
    RunAnnounced,
    RunPlanned,
    StepBegan,
    TrialBegan,
    TrialEnded,
    TrialName,
    ignore,
)

if TYPE_CHECKING:
    from lab.cli.event_line import RunEnded

_REDRAWN_PER_SECOND = 2
_EARLY = 0.05
"""Share of the work below which the time left is the plan's, and not yet learned."""

Clock = Callable[[], float]


class Listener(Protocol):
    """Listens to the events of a run and to its end; several threads may call it."""

    def __call__(self, event: Event | RunEnded, /) -> None:
        """Take note of an event."""


@contextmanager
def reported(*, quiet: bool = False, as_json: bool = False, clock: Clock = monotonic) -> Iterator[Listener]:
    """Who listens while the context lasts: JSON on standard output, or people on standard error."""
    if as_json:
        yield JsonLines(clock)
    elif quiet:
        yield ignore
    elif console.err.is_terminal and not console.err.is_dumb_terminal:
        display = Display(clock)
        with Live(
            get_renderable=display.render,
            console=console.err,
            refresh_per_second=_REDRAWN_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        ):
            yield display
    else:
        yield PlainLines(clock)


class JsonLines:
    """One `EventLine` a line on standard output."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._started = clock, clock()

    def __call__(self, event: Event | RunEnded, /) -> None:
        """Print an event."""
        from lab.cli.event_line import EventLine

        print_json_line(EventLine(seconds=round(self._clock() - self._started, 3), event=event))


class PlainLines:
    """One line for each event that tells something new, with the seconds since the start."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._started = clock, clock()

    def __call__(self, event: Event | RunEnded, /) -> None:
        """Print what is said of an event."""
        for text in words(event):
            self.say(text)

    def say(self, text: str) -> None:
        """Print a line."""
        head = f"{self._clock() - self._started:6.1f} s"
        print_line(f"  {text}", head=head, style="dim", console=console.err)


@dataclass
class Display:
    """A line for each server with what it is doing, and a bar with the share that is done and the time left."""

    clock: Clock
    _plan: RunPlanned | None = None
    _planned_at: float = 0.0
    _last: TrialEnded | None = None
    _lines: dict[str, str] = field(default_factory=dict)
    """By server, what it does apart from trials."""
    _steps: dict[TrialName, str] = field(default_factory=dict)
    """Of the trials in progress."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._plain = PlainLines(self.clock)

    def __call__(self, event: Event | RunEnded, /) -> None:
        """Take note of an event; what should stay on the screen is printed above the display."""
        with self._lock:
            self._note(event)
        if not (isinstance(event, TrialBegan) or (isinstance(event, Message) and event.server)):
            self._plain(event)

    def _note(self, event: Event | RunEnded) -> None:
        match event:
            case Message(server=str(server)):
                self._lines[server] = event.text
            case RunPlanned():
                self._plan, self._planned_at = event, self.clock()
            case TrialBegan():
                self._lines.pop(event.trial.server, None)
                self._steps[event.trial] = ""
            case StepBegan():
                self._steps[event.trial] = event.step
            case TrialEnded():
                self._steps.pop(event.trial, None)
                self._last = event

    def render(self) -> RenderableType:
        """As it is now."""
        with self._lock:
            servers = dict.fromkeys((*(self._plan.servers if self._plan else ()), *self._lines))
            grid = Table.grid(padding=(0, 2))
            grid.add_column(style="bold", no_wrap=True, min_width=max(map(len, servers), default=0))
            grid.add_column(no_wrap=True, overflow="ellipsis")
            for server in servers:
                grid.add_row(Text(server), Text(self._doing(server)))
            return Group(grid, *self._bar())

    def _doing(self, server: str) -> str:
        trials = [f"{short(name)}{step and ': '}{step}" for name, step in self._steps.items() if name.server == server]
        return " · ".join([*trials, *([self._lines[server]] if server in self._lines else [])]) or "waits"

    def _bar(self) -> Iterator[RenderableType]:
        if self._plan is None:
            return
        share, ended = (self._last.share, self._last.ended) if self._last else (0.0, 0)
        left = time_left(self._plan.expected_seconds, self.clock() - self._planned_at, share)
        line = Table.grid(padding=(0, 1))
        line.add_row(
            ProgressBar(total=1.0, completed=share, width=24),
            Text(
                f"{100 * share:.0f} %  {ended} of {counted(self._plan.trials, 'trial')}  about {about_text(left)} left"
            ),
        )
        yield line


def time_left(expected: float, elapsed: float, share: float) -> float:
    """Seconds: by the plan at first, then by the pace so far."""
    if share < _EARLY:
        return max(0.0, expected - elapsed)
    return elapsed / share * (1 - share)


def words(event: Event | RunEnded) -> Iterator[str]:
    """What is said of an event, a line each; nothing of a step, and of a trial that ended as it should."""
    match event:
        case Message():
            yield f"{event.server}: {event.text}" if event.server else event.text
        case RunAnnounced():
            where = (
                "in databases of its own on the server that you named"
                if event.servers == ("external",)
                else f"in throwaway servers ({joined(event.servers)})"
            )
            what = (
                f"{counted(len(event.scenarios), 'scenario')} on generated data of about {bytes_text(event.size_bytes)}"
            )
            yield f"measures {what}, {where}; no other database is touched"
            yield f"may download, once: {'; '.join(event.downloads)}" if event.downloads else "downloads nothing"
        case RunPlanned():
            where = f" on {joined(event.servers)}" if event.servers else ""
            yield f"{counted(event.trials, 'trial')}{where}: about {about_text(event.expected_seconds)}"
        case TrialBegan():
            yield f"{event.trial.server}: {called(event.trial)}{', as it was measured before' if event.kept else ''}"
        case TrialEnded(outcome="failed" | "differs" as outcome):
            yield f"{event.trial.server}: {called(event.trial)} {outcome}{f': {event.reason}' if event.reason else ''}"


def called(name: TrialName) -> str:
    """The trial in words."""
    return f"{short(name)} on {name.dataset}" if name.dataset else short(name)


def short(name: TrialName) -> str:
    """The trial without its dataset."""
    return f"{name.scenario} (again)" if name.repeat > 1 else name.scenario
