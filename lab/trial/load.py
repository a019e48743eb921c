"""Loads the workload into an empty database and describes the result."""

from __future__ import annotations

from lab.errors import InputError
from lab.postgres import footprint
from lab.postgres.database import Database
from lab.servers import Server
from lab.trial.settle import settle
from lab.values import LoadedTemplate
from lab.workload import CopyIn, Dataset

SETTINGS = ("default_toast_compression", "wal_level", "full_page_writes", "fsync", "shared_buffers", "autovacuum")
"""Settings that affect bytes or WAL; recorded with every number."""


def load(server: Server, database: Database, dataset: Dataset) -> LoadedTemplate:
    """Run every stage of the dataset, settle, and measure the result.

    Errors: `InputError` where its tables are not to be in the schema `public`; nothing has been loaded then.
    """
    if dataset.schema != "public":
        raise InputError(
            f"The workload keeps its tables in the schema '{dataset.schema}'.",
            hint="Let it make them in the schema public: strategies and reports name a table without its schema.",
        )
    run_stages(server, database, dataset)
    settle(database)
    weight = footprint.measure(database)
    return LoadedTemplate(
        server=server.kind,
        origin=server.origin,
        capabilities=server.capabilities,
        settings={name: str(value) for name, value in database.fetch(_SETTINGS_SQL, (list(SETTINGS),))},
        rows=dict(dataset.rows),
        digest=dataset.digest,
        footprint=weight,
    )


def run_stages(server: Server, database: Database, dataset: Dataset) -> None:
    """Fill an empty database; generating and loading overlap."""
    for stage in dataset.stages():
        if isinstance(stage, CopyIn):
            server.copy_in(database, stage.table, stage.columns, stage.chunks)
        else:
            database.execute(stage.sql)


_SETTINGS_SQL = "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY(%s) ORDER BY name"
