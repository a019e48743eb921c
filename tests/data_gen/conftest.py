"""Loaded datasets, made once per test run; the small ones in about two seconds each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from data_gen import CopyIn, Dataset, load_case
from lab import profiling
from lab.analysis.fidelity import Figure
from lab.postgres.database import Database
from lab.servers import Server
from lab.values import Profile

MB = 1 << 20
TOTAL = "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND oid > 16383"
"""Bytes of all tables with their indexes and TOAST."""


@contextmanager
def loaded(server: Server, dataset: Dataset, name: str, triggers: Sequence[str] = ()) -> Iterator[Database]:
    """The dataset in a database of its own, vacuumed; `triggers` are created before the first row comes in."""
    server.create(name)
    waiting = list(triggers)
    with server.connect(name) as database:
        for stage in dataset.stages():
            while isinstance(stage, CopyIn) and waiting:
                database.execute(waiting.pop(0))
            if isinstance(stage, CopyIn):
                server.copy_in(database, stage.table, stage.columns, stage.chunks)
            else:
                database.execute(stage.sql)
        database.execute("VACUUM ANALYZE")
        yield database
    server.drop(name)


def profiled(server: Server, dataset: Dataset, name: str, triggers: Sequence[str] = ()) -> Profile:
    """The profile of the dataset, taken where it is loaded."""
    with loaded(server, dataset, name, triggers) as database:
        return profiling.profile(database.conninfo, now=dataset.now, progress=lambda _: None)


def outside(compared: Sequence[Figure]) -> list[Figure]:
    """The figures that are not met, and those that were not measured."""
    return [figure for figure in compared if figure.holds is not True]


@pytest.fixture(scope="session")
def small() -> Dataset:
    return Dataset.plan(load_case("2026-02-17"), size_bytes=32 * MB, seed=7)


@pytest.fixture(scope="session")
def small_database(native: Server, small: Dataset) -> Iterator[Database]:
    with loaded(native, small, "small_dataset") as database:
        yield database
