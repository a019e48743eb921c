"""The servers of one run; each is started at its first use, and each dataset is loaded once."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count

from lab.errors import LabError, UnavailableError
from lab.servers import Options, Server, Workspace, open_server
from lab.trial import verify
from lab.trial.load import load
from lab.trial.template import Bench, Template
from lab.values import Capabilities, DatasetSpec, LoadedTemplate
from lab.values.events import Message, Progress
from lab.workload import Dataset


@dataclass
class ServerPool:
    """Made by `open_pool`. Tries a server that this machine cannot run only once and keeps the reason."""

    workspace: Workspace
    options: Options
    progress: Progress
    _stack: ExitStack
    _started: dict[str, Server | UnavailableError] = field(default_factory=dict)
    _benches: dict[tuple[str, DatasetSpec], Bench | LabError] = field(default_factory=dict)
    _digests: dict[DatasetSpec, tuple[str, str]] = field(default_factory=dict)
    """Of each dataset, as the first server loaded it, and that server's kind."""
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
                self.progress(Message(text=f"going on without {kind}: {error}"))
            raise

    def bench(self, kind: str, dataset: Dataset) -> Bench:
        """The server of that kind with that dataset in a sealed template, loaded when it is first asked for.

        It is loaded again where the server has fallen and lost it.
        Errors: `LabError` where it could not be loaded, then and at every later call.
        """
        spec = dataset.spec
        with self._loading[kind, spec]:
            bench = self._benches.get((kind, spec))
            if bench is None or (isinstance(bench, Bench) and not bench.server.holds(bench.template.name)):
                try:
                    self._benches[kind, spec] = self._load(self.server(kind), dataset)
                except LabError as error:
                    self._benches[kind, spec] = error
        bench = self._benches[kind, spec]
        if isinstance(bench, LabError):
            raise bench
        return bench

    def close(self) -> None:
        """Stop every server; statements that still run on one fail."""
        self._stack.close()

    def _start(self, kind: str) -> Server | UnavailableError:
        self.progress(Message(server=kind, text="starting the server"))
        opened = open_server(kind, workspace=self.workspace, options=self.options, progress=self.progress)
        try:
            return self._stack.enter_context(opened)
        except UnavailableError as error:
            return error

    def _load(self, server: Server, dataset: Dataset) -> Bench:
        self.progress(Message(server=server.kind, text=f"generating and loading {dataset.description}"))
        name = f"lab_{next(self._numbers)}"
        server.create(name)
        with server.connect(name) as database:
            loaded = load(server, database, dataset)
            questions = verify.questions(database, dataset)
        self._require_equal(dataset.spec, loaded)
        server.seal(name)
        template = Template(
            name=name,
            dataset=dataset.spec,
            loaded=loaded,
            now=dataset.now,
            questions=questions,
            writes=dataset.writes,
        )
        return Bench(server=server, template=template, outside=self.workspace.folder("outside"))

    def _require_equal(self, spec: DatasetSpec, loaded: LoadedTemplate) -> None:
        """Refuse to compare two servers that hold different rows under the name of one dataset."""
        digest, server = self._digests.setdefault(spec, (loaded.digest, loaded.server))
        if loaded.digest != digest:
            raise LabError(
                f"The same dataset was generated differently for two servers: {digest[:16]} for {server},"
                f" {loaded.digest[:16]} for {loaded.server}. Trials on them cannot be compared.",
                hint="This is a defect of the workload's generator. Use one server, and report it.",
            )


@contextmanager
def open_pool(workspace: Workspace, options: Options, progress: Progress) -> Iterator[ServerPool]:
    """The servers of a run for as long as the context lasts."""
    with ExitStack() as stack:
        yield ServerPool(workspace=workspace, options=options, progress=progress, _stack=stack)
