"""Loaded datasets, made once per test run; the small ones in about two seconds each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from data_gen import CopyIn, Dataset, load_case
from lab.database import Database
from lab.servers import Server

MB = 1 << 20


@contextmanager
def loaded(server: Server, dataset: Dataset, name: str) -> Iterator[Database]:
    """The dataset in a database of its own, vacuumed."""
    server.create(name)
    with server.connect(name) as database:
        for stage in dataset.stages():
            if isinstance(stage, CopyIn):
                server.copy_in(database, stage.table, stage.columns, stage.chunks)
            else:
                database.execute(stage.sql)
        database.execute("VACUUM ANALYZE")
        yield database
    server.drop(name)


@pytest.fixture(scope="session")
def small() -> Dataset:
    return Dataset.plan(load_case("2026-02-17"), size_bytes=32 * MB, seed=7)


@pytest.fixture(scope="session")
def small_database(native: Server, small: Dataset) -> Iterator[Database]:
    with loaded(native, small, "small_dataset") as database:
        yield database
