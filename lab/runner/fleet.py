"""The servers of one run: each started when it is first asked for, each loaded once."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count

from lab.errors import LabError, UnavailableError
from lab.servers import Options, Server, Workspace, open_server
from lab.trial import verify
from lab.trial.load import load
from lab.trial.trial import Lane
from lab.values import Capabilities, DatasetSpec
from lab.workload import Dataset


@dataclass
class Fleet:
    """Made by `open_fleet`; a server that this machine cannot have is asked for once and its reason kept."""

    workspace: Workspace
    options: Options
    progress: Callable[[str], None]
    _stack: ExitStack
    _started: dict[str, Server | UnavailableError] = field(default_factory=dict)
    _lanes: dict[tuple[str, DatasetSpec], Lane | LabError] = field(default_factory=dict)
    _loading: dict[tuple[str, DatasetSpec], threading.Lock] = field(default_factory=lambda: defaultdict(threading.Lock))
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def server(self, kind: str) -> Server:
        """The server of that kind, running.

        Errors: `UnavailableError` where this machine cannot have it, `ServerError` where it does not start.
        """
        if kind not in self._started:
            self._started[kind] = self._start(kind)
        server = self._started[kind]
        if isinstance(server, UnavailableError):
            raise server
        return server

    def capabilities(self, kind: str) -> Capabilities:
        """What the server of that kind offers; errors as `server`, said once, because the run goes on with others."""
        first = kind not in self._started
        try:
            return self.server(kind).capabilities
        except UnavailableError as error:
            if first:
                self.progress(f"going on without {kind}: {error}")
            raise

    def lane(self, kind: str, dataset: Dataset) -> Lane:
        """The server of that kind with that dataset in a sealed template, loaded when it is first asked for.

        It is loaded again where the server has fallen and lost it.
        Errors: `LabError` where it could not be loaded, then and at every later call.
        """
        spec = dataset.spec
        with self._loading[kind, spec]:
            known = self._lanes.get((kind, spec))
            if known is None or (isinstance(known, Lane) and not known.server.holds(known.template)):
                try:
                    self._lanes[kind, spec] = self._load(self.server(kind), dataset)
                except LabError as error:
                    self._lanes[kind, spec] = error
        lane = self._lanes[kind, spec]
        if isinstance(lane, LabError):
            raise lane
        return lane

    def close(self) -> None:
        """Stop every server; statements that still run on one fail."""
        self._stack.close()

    def _start(self, kind: str) -> Server | UnavailableError:
        self.progress(f"{kind}: starting the server")
        opened = open_server(kind, workspace=self.workspace, options=self.options, progress=self.progress)
        try:
            return self._stack.enter_context(opened)
        except UnavailableError as error:
            return error

    def _load(self, server: Server, dataset: Dataset) -> Lane:
        self.progress(f"{server.kind}: generating and loading {_named(dataset.spec)}")
        template = f"lab_{next(self._numbers)}"
        server.create(template)
        with server.connect(template) as database:
            loaded = load(server, database, dataset)
            asked = verify.questions(database, dataset)
        server.seal(template)
        return Lane(server=server, template=template, loaded=loaded, now=dataset.now, asked=asked)


def _named(spec: DatasetSpec) -> str:
    return f"{spec.events} events" + ("" if spec.change_rate == 1 else f", change rate {spec.change_rate:g}")


@contextmanager
def open_fleet(workspace: Workspace, options: Options, progress: Callable[[str], None]) -> Iterator[Fleet]:
    """The servers of a run for as long as the context lasts."""
    with ExitStack() as stack:
        yield Fleet(workspace=workspace, options=options, progress=progress, _stack=stack)
