"""Watches a part of a trial in which a scenario's code works, and ends it where it takes too much, or the run ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TypeAlias

from lab.errors import LabError, ServerError
from lab.servers import Server
from lab.trial.deadline import Deadline, Limit, run_within
from lab.trial.memory import MemoryLimit

Exclusive: TypeAlias = Callable[[], AbstractContextManager[None]]
"""Opens a context in which nothing else works on this host."""


class _Closing:
    """The end of the server, because the run is interrupted: code that does not ask the server would not notice."""

    tolerance_seconds = 0.3
    """As `Limit.tolerance_seconds`: who pressed Ctrl-C waits for it, and a statement fails by itself meanwhile."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._counts = True

    def restart(self) -> None:
        """Look at the server."""
        self._counts = True

    def pause(self) -> None:
        """Look at nothing until `restart`: who waits for its turn gets it when the others have ended."""
        self._counts = False

    @property
    def passed(self) -> bool:
        """Whether the server was closed."""
        return self._counts and self._server.closed

    def look(self) -> bool:
        """As `passed`."""
        return self.passed

    def overdue(self, step: str) -> LabError:
        """The error for a step that was ended."""
        return ServerError(f"Step '{step}' was ended: the server was closed.")


class Watch:
    """What one part of a trial on a server may take: `seconds` at a time, `memory_bytes` in all (None: a share of what is free)."""

    def __init__(self, server: Server, seconds: float, memory_bytes: int | None = None) -> None:
        self._closing = _Closing(server)
        self.deadline = Deadline(seconds)
        self._memory = MemoryLimit(memory_bytes)
        self._turn = ExitStack()

    @property
    def _limits(self) -> Sequence[Limit]:
        return self.deadline, self._memory, self._closing

    def run(
        self, work: Callable[[], None], ends: Sequence[Callable[[], None]], doing: Callable[[], str]
    ) -> BaseException | None:
        """Do the work in a thread of its own, as `run_within`; its turn ends with it, also where it is left behind.

        Returns what it raised, None where it ended well. Errors: `LabError` where a limit was passed; `doing` names the step.
        """
        with self._memory:
            with self._turn:  # at whose end this trial may wait for others
                error = run_within(self._limits, work, ends)
                overdue = self._overdue(doing())
            if overdue:
                del error  # its frames hold what the work took
                raise overdue
        return error

    def require(self, doing: str) -> None:
        """Errors: `LabError` where a limit was passed."""
        if overdue := self._overdue(doing):
            raise overdue

    def _overdue(self, doing: str) -> LabError | None:
        """The error for the first limit that was passed."""
        return next((limit.overdue(doing) for limit in self._limits if limit.passed), None)

    def take_turn(self, exclusive: Exclusive) -> None:
        """Wait for exclusive use of the host, which lasts until the work ends; waiting takes no time and no memory."""
        with self._waiting():
            self._turn.enter_context(exclusive())

    @contextmanager
    def turn(self, exclusive: Exclusive) -> Iterator[None]:
        """The same for the block alone. After an error `run` ends the turn: a thread that is left behind would not."""
        self.take_turn(exclusive)
        yield
        with self._waiting():  # others may have their turn before this trial goes on
            self._turn.close()

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        """Nothing ends the block, which no statement and no scenario's code holds up."""
        self.deadline.pause()
        self._memory.pause()
        self._closing.pause()
        yield
        self._memory.restart()
        self._closing.restart()
