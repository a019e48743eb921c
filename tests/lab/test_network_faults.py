"""A network that drops between the lab and a server that exists already: noticed, said, survived, and cleaned up."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from lab.postgres.conninfo import parts_of
from lab.postgres.database import Database as Connection
from lab.scenario import Database
from lab.servers import Options, Workspace, clean, external, open_server
from lab.values import Completed
from tests.conftest import PLAIN, require_images
from tests.engine import docker, held_by
from tests.lab.breaking import Breaking
from tests.network import between

pytestmark = pytest.mark.slow

SUBNET, ADDRESS = "10.213.77.0/24", "10.213.77.7"


@dataclass(frozen=True, kw_only=True)
class Served:
    """A server in a container, with the role `plain` that may create databases."""

    container: str
    port: int
    admin: Connection

    def dsn(self, *, host: str = "127.0.0.1", port: int | None = None) -> str:
        return f"postgresql://plain:w0rd@{host}:{port or self.port}/postgres"

    def databases(self) -> list[str]:
        return [
            name for (name,) in self.admin.fetch("SELECT datname FROM pg_database WHERE datname LIKE 'storage_lab%'")
        ]


@pytest.fixture(scope="module")
def served(workspace: Workspace) -> Iterator[Served]:
    require_images()
    before = held_by(os.getpid())
    with open_server("container", workspace=workspace, options=Options(image=PLAIN), progress=lambda _: None) as server:
        ((_, name),) = ((kind, name) for kind, name in held_by(os.getpid()) - before if kind == "container")
        server.create("admin")
        with server.connect("admin") as admin:
            admin.execute("CREATE ROLE plain LOGIN CREATEDB PASSWORD 'w0rd'")
            yield Served(container=name, port=int(parts_of(admin.conninfo)["port"]), admin=admin)


def test_a_connection_that_drops_fails_one_trial(served: Served, breaking: Breaking) -> None:
    with between(("127.0.0.1", served.port)) as proxy:

        def drop(database: Database) -> None:
            proxy.cut()
            proxy.mend()
            database.execute("SELECT 1")

        ran = breaking.run(drop, Options(dsn=served.dsn(port=proxy.port)), server=served.dsn(port=proxy.port))
    ran.require_one_failure("went away.*server closed the connection unexpectedly")
    assert served.databases() == []


@pytest.mark.usefixtures("exclusive")
def test_a_network_that_stays_away_is_said_with_what_remains_and_how_to_remove_it(
    served: Served, breaking: Breaking
) -> None:
    with between(("127.0.0.1", served.port)) as proxy:
        ran = breaking.run(
            lambda _: proxy.cut(), Options(dsn=served.dsn(port=proxy.port)), server=served.dsn(port=proxy.port)
        )
    assert [outcome.scenario for outcome in ran.outcomes if isinstance(outcome, Completed)] == ["baseline"]
    assert all("went away" in failure.error or "Connection refused" in failure.error for failure in ran.failed), (
        ran.failed
    )
    prefix = served.databases()[0][: len("storage_lab_12345678_")]
    assert f"databases {prefix}… may remain; `lab clean --server …` removes them" in ran.said
    assert set(clean([served.dsn()])) >= {f"database {name}" for name in [f"{prefix}lab_1"]}
    assert served.databases() == []


def test_packets_that_vanish_are_noticed_within_a_minute(
    served: Served, breaking: Breaking, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _noticed_after(external._LOST_AFTER) <= 60
    shorter = {"keepalives_idle": "2", "keepalives_interval": "1", "tcp_user_timeout": "5000"}
    monkeypatch.setattr(external, "_LOST_AFTER", external._LOST_AFTER | shorter)
    network = f"storage-lab-test-{os.getpid()}"
    docker("network", "create", "--subnet", SUBNET, network)
    try:
        join = ("network", "connect", "--ip", ADDRESS, network, served.container)
        docker(*join)

        def vanish(database: Database) -> None:
            docker("network", "disconnect", network, served.container)
            try:
                database.execute("SELECT pg_sleep(3600)")
            finally:
                docker(*join)

        dsn = served.dsn(host=ADDRESS, port=5432)
        ran = breaking.run(vanish, Options(dsn=dsn), server=dsn)
        ran.require_one_failure("went away")
        assert served.databases() == []
    finally:
        docker("network", "disconnect", "--force", network, served.container)
        docker("network", "rm", network)


def _noticed_after(settings: dict[str, str]) -> float:
    """Seconds until a silent connection counts as lost, with and without bytes under way."""
    idle, interval, count = (int(settings[f"keepalives_{name}"]) for name in ("idle", "interval", "count"))
    return max(idle + interval * count, int(settings["tcp_user_timeout"]) / 1000)
