"""A loaded, sealed database, and the workbench where trials are made of its clones."""

from __future__ import annotations

import shutil
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path

from lab.postgres.conninfo import address, parts_of
from lab.postgres.database import Database
from lab.servers import Server
from lab.trial.judge import Expectation, expectation
from lab.trial.questions import Loss, Questions
from lab.trial.settle import settle
from lab.values import DatasetSpec, LoadedTemplate
from lab.workload import Write

_PLACE = ("host", "port", "user", "dbname")
"""The parts of a connection string that a person needs."""


@dataclass(frozen=True, kw_only=True)
class Template:
    """A loaded, sealed database, and the questions for every trial on a clone of it; values only."""

    name: str
    dataset: DatasetSpec
    loaded: LoadedTemplate
    now: datetime
    """The present of the data."""
    questions: Questions
    writes: Callable[[], tuple[Write, ...]]
    """The application's writes after the loaded rows; made when they are first asked for."""


class Expectations:
    """The expected state of a trial by its declared loss; the first thread that needs it asks for it."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Expectation] = {}
        self._asking: dict[tuple[object, ...], threading.Lock] = defaultdict(threading.Lock)

    def get(self, loss: Loss, ask: Callable[[], Expectation]) -> Expectation:
        """The expected state under that loss; calls `ask` where it is not known yet."""
        with self._asking[loss.key]:
            if loss.key not in self._known:
                self._known[loss.key] = ask()
        return self._known[loss.key]


@dataclass
class _Controls:
    """The clones that reads are compared with: one, and another one where two trials are timed at once."""

    free: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A worker's side of a template: the running server that holds it, and the expected states so far."""

    server: Server
    template: Template
    outside: Path
    """Each trial has a folder of its own in it, for files outside of its database."""
    _expected: Expectations = field(default_factory=Expectations)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _controls: _Controls = field(default_factory=_Controls)

    def new_name(self) -> str:
        """A name for a clone."""
        return f"{self.template.name}_trial_{next(self._numbers)}"

    @contextmanager
    def folder(self, name: str, *, stays: bool = False) -> Iterator[Path]:
        """A new folder for the files outside of a clone of that name; it goes when the context ends, unless it stays."""
        folder = self.outside / name
        folder.mkdir()
        try:
            yield folder
        finally:
            if not stays:
                shutil.rmtree(folder, ignore_errors=True)

    def leave(self, name: str, keep: Callable[[str], None] | None) -> None:
        """Drop a clone; or keep it, and tell `keep` how another client connects to it."""
        if keep is None:
            self.server.drop(name)
            return
        with self.server.connect(name) as database:
            parts = parts_of(database.conninfo)
        keep(address(**{name: parts[name] for name in _PLACE if name in parts}))

    def expected(self, loss: Loss) -> Expectation:
        """Answers and guarantees of the template under that loss, read from a temporary clone."""
        return self._expected.get(loss, lambda: self._ask(loss))

    def _ask(self, loss: Loss) -> Expectation:
        with self.untouched() as database:
            return expectation(database, self.template.questions, loss)

    @contextmanager
    def untouched(self) -> Iterator[Database]:
        """A new clone to read from, for as long as the context lasts."""
        with self.fresh() as (_, database):
            yield database

    @contextmanager
    def fresh(self) -> Iterator[tuple[str, Database]]:
        """A new clone, its name and a connection, for as long as the context lasts."""
        name = self.new_name()
        self.server.clone(self.template.name, name)
        try:
            with self.server.connect(name) as database:
                yield name, database
        finally:
            self.server.drop(name)

    @contextmanager
    def control(self) -> Iterator[tuple[str, Database]]:
        """An untouched clone that a trial's reads are compared with, its name and a new connection; nobody else uses it.

        It stays for the next trial until the server is closed: to make it anew for each would take as long as the reads.
        """
        name = self._taken_control()
        try:
            with self.server.connect(name) as database:
                yield name, database
        finally:
            self._give_back(name)

    def make_control(self) -> None:
        """Have such a clone ready, so that who measures does not wait for it."""
        self._give_back(self._taken_control())

    def _give_back(self, control: str) -> None:
        with self._controls.lock:
            self._controls.free.append(control)

    def _taken_control(self) -> str:
        """One that nobody uses, made where there is none."""
        with self._controls.lock:
            while self._controls.free:
                name = self._controls.free.pop()
                if self.server.holds(name):  # a server that fell has lost it
                    return name
        name = self.new_name()
        self.server.clone(self.template.name, name)
        with self.server.connect(name) as database:
            settle(database)
        return name
