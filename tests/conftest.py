"""Real servers, started once per test run; what a test makes there goes away with the test."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import pytest

from lab.errors import InputError, UnavailableError
from lab.servers import Server, Workspace, open_server, open_workspace

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def workspace() -> Iterator[Workspace]:
    with open_workspace() as workspace:
        yield workspace


@pytest.fixture(scope="session")
def native(workspace: Workspace) -> Iterator[Server]:
    with open_server("native", workspace=workspace, progress=lambda _: None) as server:
        yield server


@pytest.fixture(scope="session")
def pglite(workspace: Workspace) -> Iterator[Server]:
    with ExitStack() as stack:
        try:
            server = stack.enter_context(open_server("pglite", workspace=workspace, progress=lambda _: None))
        except UnavailableError as error:
            pytest.skip(f"pglite: {error}")
        yield server


@pytest.fixture(params=["native", "pglite"])
def server(request: pytest.FixtureRequest) -> Server:
    server: Server = request.getfixturevalue(request.param)
    return server


@pytest.fixture(params=["native", "pglite"])
def kind(request: pytest.FixtureRequest) -> str:
    """A kind of server that this machine can have; a test that moves TMPDIR asks for it first."""
    kind: str = request.param
    request.getfixturevalue(kind)
    return kind


@pytest.fixture
def new_name(request: pytest.FixtureRequest) -> Iterator[Callable[[], str]]:
    """Names for databases that no other test uses; they are dropped on all running servers of the test."""
    names: list[str] = []

    def new() -> str:
        names.append(f"db_{next(_numbers)}")
        return names[-1]

    yield new
    kinds = [name for name in ("native", "pglite", "server") if name in request.fixturenames]
    for server in [request.getfixturevalue(kind) for kind in kinds]:
        for name in names:
            with suppress(InputError):
                server.drop(name)
