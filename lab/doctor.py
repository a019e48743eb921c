"""Shows the servers that this machine offers, where each scenario would run, and the commands that add the rest."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass

import psutil

from lab import registry
from lab.errors import LabError
from lab.runner import plan
from lab.runner.server_pool import ServerPool, open_pool
from lab.servers import Options, open_workspace
from lab.servers.inventory import Prerequisite, inventory
from lab.units import bytes_text
from lab.values import Capabilities, PlannedTrial
from lab.values.events import Progress


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """All findings; `trials` shows which scenario runs on which server, or why it runs on none."""

    findings: tuple[Prerequisite, ...]
    trials: tuple[PlannedTrial, ...]


def diagnose(options: Options, progress: Progress) -> Diagnosis:
    """Start every kind of server once to read its capabilities; does not pull images that take long."""
    with open_workspace() as workspace, open_pool(workspace, options, progress) as pool:
        things = inventory(workspace, options.image)
        servers = tuple(_server(kind, pool) for kind in plan.AUTO)
        trials = plan.trials(registry.resolve(["all"]), plan.AUTO, pool.capabilities)
    return Diagnosis(findings=(*things, *servers, _disk(), _memory()), trials=trials)


def _server(kind: str, pool: ServerPool) -> Prerequisite:
    try:
        server = pool.server(kind)
    except LabError as error:
        return Prerequisite(name=f"server {kind}", fine=False, found=error.message, remedy=error.hint)
    return Prerequisite(name=f"server {kind}", fine=True, found=f"{describe(server.capabilities)}; {server.origin}")


def describe(offered: Capabilities) -> str:
    """Capabilities in one line."""
    lz4 = "lz4" if offered.lz4 else "no lz4"
    edition = f" ({offered.timescaledb_edition})" if offered.timescaledb_edition else ""
    return f"PostgreSQL {offered.postgres}, {lz4}, TimescaleDB {offered.timescaledb or 'none'}{edition}"


def _disk() -> Prerequisite:
    folder = tempfile.gettempdir()
    free = psutil.disk_usage(folder).free
    return Prerequisite(
        name="disk",
        fine=free > 4 << 30,
        found=f"{bytes_text(free)} free in {folder}",
        remedy="Set TMPDIR to a folder on a larger disk, or choose a smaller --size.",
    )


def _memory() -> Prerequisite:
    available = psutil.virtual_memory().available
    return Prerequisite(
        name="memory",
        fine=available > 2 << 30,
        found=f"{bytes_text(available)} available",
        remedy="Close other programs. A server and the lab take about 1.5 GB.",
    )
