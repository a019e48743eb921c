"""An empty data directory of pglite: its initdb runs once for each build of the engine; later databases are copies."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from lab.postgres.database import Database
from lab.servers.pglite.instance import Instance
from lab.servers.pglite.packages import ASSETS, cached, digest
from lab.servers.probe import capabilities_of
from lab.servers.workspace import Workspace
from lab.values import Capabilities

_DATA = "data"
_CAPABILITIES = "capabilities.json"


@dataclass(frozen=True)
class ClusterTemplate:
    """What every database of the engine starts from."""

    data: Path
    """A data directory to copy; nothing may be started in it."""
    capabilities: Capabilities
    """As the engine reported them when it made the directory."""


def cluster_template(workspace: Workspace, command: Sequence[str]) -> ClusterTemplate:
    """The template of the engine that `command` starts, from the user's cache; made there at first use.

    Errors: `ServerError` where the engine does not start, `UnavailableError` where the cache cannot keep it.
    """

    def make(folder: Path) -> None:
        instance = Instance(workspace, list(command))
        try:
            capabilities = _prepared(instance)
            shutil.copytree(instance.data, folder / _DATA)
        finally:
            instance.remove()
        (folder / _CAPABILITIES).write_text(json.dumps(asdict(capabilities)), encoding="utf-8")

    kept = cached(f"pglite-cluster-{digest(ASSETS / 'server.mjs', Path(__file__))}", make)
    return ClusterTemplate(kept / _DATA, Capabilities(**json.loads((kept / _CAPABILITIES).read_text(encoding="utf-8"))))


def _prepared(instance: Instance) -> Capabilities:
    with instance.connect() as database:
        capabilities = _capabilities(database)
        # Nobody can connect to these databases here, and every copy would include their 300 files each.
        database.execute("ALTER DATABASE template0 IS_TEMPLATE false")
        database.execute("DROP DATABASE template0")
        database.execute("DROP DATABASE postgres")
    instance.seal()
    return capabilities


def _capabilities(database: Database) -> Capabilities:
    version = database.value("SELECT default_version FROM pg_available_extensions WHERE name = 'timescaledb'")
    # Creating the extension would show the same, but would write into the database that all others are copied from.
    database.execute(f"LOAD 'timescaledb-{version}'")
    return capabilities_of(database)
