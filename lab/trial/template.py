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
class _Control:
    """The clone that reads are compared with, and who uses it."""

    name: str = ""
    turn: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A worker's side of a template: the running server that holds it, and the expected states so far."""

    server: Server
    template: Template
    outside: Path
    """Each trial has a folder of its own in it, for files outside of its database."""
    _expected: Expectations = field(default_factory=Expectations)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _control: _Control = field(default_factory=_Control)

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
        """The untouched clone that every trial's reads are compared with, its name and a new connection; one user at a time.

        It stays until the server is closed: to make it anew for every trial would take as long as the reads.
        """
        with self._control.turn:
            name = self._made_control()
            with self.server.connect(name) as database:
                yield name, database

    def make_control(self) -> None:
        """Have that clone ready, so that who measures does not wait for it."""
        with self._control.turn:
            self._made_control()

    def _made_control(self) -> str:
        """Its name; only in turn."""
        if not self._control.name or not self.server.holds(self._control.name):
            name = self.new_name()
            self.server.clone(self.template.name, name)
            with self.server.connect(name) as database:
                settle(database)
            self._control.name = name
        return self._control.name
