"""From a profiled database to a projection, and back: the same strategy, carried out on that very database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from data_gen import Dataset, load_case
from data_gen.imitation import resolve
from lab import files, profiling, runs
from lab.analysis.results import analyse
from lab.postgres.database import Database
from lab.runner import pipeline
from lab.servers import Options, Server
from lab.trial.load import run_stages
from lab.trial.settle import settle
from lab.values import Experiment
from tests.thin import thinned

_MB = 1 << 20
_STRANGERS = (
    "CREATE TABLE audit_log AS SELECT id, repeat('x', 100) AS entry FROM generate_series(1, 100000) AS id",
    "CREATE SCHEMA shop",
    "CREATE TABLE shop.orders AS SELECT id, now() AS created_at FROM generate_series(1, 100000) AS id",
)
_STRATEGY = "drop_raw_response"
_BY_HAND = (
    "ALTER TABLE odds_snapshots DROP COLUMN raw_response",
    "ALTER TABLE competitor_odds_snapshots DROP COLUMN raw_response",
    "VACUUM FULL odds_snapshots",
    "VACUUM FULL competitor_odds_snapshots",
)


@dataclass(frozen=True)
class Carried:
    """The run that imitates the database, and what the database weighs before and after the strategy."""

    experiment: Experiment
    before: int
    after: int


@pytest.fixture(scope="module")
def carried(native: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Carried]:
    dataset, folder = (
        Dataset.plan(thinned(load_case("2026-02-17"), 8), size_bytes=48 * _MB, seed=3),
        tmp_path_factory.mktemp("whole"),
    )
    native.create("whole")
    with native.connect("whole") as database:
        run_stages(native, database, dataset)
        before = _size(database, _STRANGERS)
        profile = profiling.profile(database.conninfo, now=dataset.now, target_bytes=30 * _MB, progress=lambda _: None)
        files.write(folder / "profile.json", profiling.text(profile))
        after = _size(database, _BY_HAND)
    yield Carried(runs.load(_run(folder)), before, after)
    native.drop("whole")


def _size(database: Database, statements: tuple[str, ...]) -> int:
    for statement in statements:
        database.execute(statement)
    settle(database)
    return int(database.value("SELECT pg_database_size(current_database())"))


def _run(folder: Path) -> Path:
    folders: list[Path] = []
    request = pipeline.RunRequest(
        scenarios=(_STRATEGY,),
        workload=resolve(None, folder / "profile.json"),
        size_bytes=32 * _MB,
        seed=1,
        server="native",
        results=folder,
        jobs=None,
        read_seconds=0,
        write_seconds=0,
        options=Options(),
    )
    pipeline.run(request, lambda _: None, folders.append)
    return folders[0]


@pytest.mark.slow
def test_a_strategy_carried_out_weighs_what_was_projected_although_other_tables_lie_beside(carried: Carried) -> None:
    projections = {row.outcome.scenario: row.projection for row in analyse(carried.experiment).measured}
    for scenario, real in (("baseline", carried.before), (_STRATEGY, carried.after)):
        projection = projections[scenario]
        assert projection is not None
        assert projection.size.bytes == pytest.approx(real, rel=0.03), scenario
        assert projection.size.low is not None
        assert projection.size.high is not None
        assert projection.size.low <= real <= projection.size.high, scenario


@pytest.mark.slow
def test_no_strategy_is_under_a_target_that_other_tables_alone_would_pass(carried: Carried) -> None:
    assert carried.after > (carried.experiment.case.target_bytes or 0)
    assert analyse(carried.experiment).advice.scenario is None
