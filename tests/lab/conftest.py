"""A small odds database on a real server, loaded once; each test makes its trials on clones of it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from data_gen import Dataset
from lab import registry, runs
from lab.needs import missing
from lab.runner.server_pool import ServerPool, open_pool
from lab.servers import Options, Workspace
from lab.trial import trial
from lab.trial.template import Bench
from lab.values import Experiment, Outcome
from tests.conftest import APACHE, locked, require_images, shared_folder
from tests.lab.breaking import Breaking
from tests.lab.commands import lab_here
from tests.lab.nasty import NastyDataset
from tests.lab.trials import BRIEF, NastyOutcome, on_pglite, request_for
from tests.support import FORMAT_1, SAMPLE
from tests.thin import some_rates, thin_dataset, thin_run


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    return thin_dataset()


@pytest.fixture(scope="session")
def sample() -> Experiment:
    """The committed run."""
    return runs.load(SAMPLE)


@pytest.fixture(scope="session")
def format_1() -> Experiment:
    """A run of the first format."""
    return runs.load(FORMAT_1)


@pytest.fixture(scope="session")
def pool(workspace: Workspace, role: str) -> Iterator[ServerPool]:
    with open_pool(workspace, Options(image=APACHE, dsn=role), lambda _: None) as pool:
        yield pool


@pytest.fixture(scope="session")
def bench(pool: ServerPool, dataset: Dataset) -> Bench:
    return pool.bench("native", dataset)


@pytest.fixture(scope="session")
def pglite_bench(pool: ServerPool, dataset: Dataset, pglite: object) -> Bench:
    del pglite  # asked for so that the test is skipped by name where it cannot be had
    return pool.bench("pglite", dataset)


@pytest.fixture(scope="session")
def container_bench(pool: ServerPool, dataset: Dataset) -> Bench:
    require_images()
    return pool.bench("container", dataset)


@pytest.fixture(scope="session")
def external_bench(pool: ServerPool, dataset: Dataset) -> Bench:
    return pool.bench("external", dataset)


@pytest.fixture(scope="session")
def nasty(pool: ServerPool) -> Bench:
    return pool.bench("native", NastyDataset())


@pytest.fixture(scope="session")
def nasty_outcome(pool: ServerPool, request: pytest.FixtureRequest) -> NastyOutcome:
    """The outcome of a scenario on the nasty dataset, tried once, and where."""

    @cache
    def outcome(name: str) -> tuple[Outcome, Bench]:
        (entry,) = registry.resolve([name])
        kind = "pglite" if on_pglite(name) else "native"
        request.getfixturevalue(kind)  # skips by name where it cannot be had
        bench = pool.bench(kind, NastyDataset())
        if lacking := missing(bench.server.capabilities, entry.scenario.needs):
            pytest.skip(f"{name}: {kind} has {' and '.join(lacking)}")
        return trial.run(request_for(bench, name), entry.scenario, bench), bench

    return outcome


@pytest.fixture(scope="session")
def run_of_all(tmp_path_factory: pytest.TempPathFactory, pglite: object) -> Experiment:
    """`lab run --thorough` without a word about scenarios or servers, made once, whichever process of the test run is the first.

    Whoever else asks meanwhile waits, so its tests follow one another: they carry the mark `trial("all")`. It times no reads,
    which test_reads.py does, and writes as briefly as can be; of the datasets that change at other rates, `some_rates` leaves
    the highest.
    """
    del pglite  # asked for so that the tests are skipped by name where it cannot be had
    results = shared_folder(tmp_path_factory) / "run_of_all"
    with locked(results.with_suffix(".lock")), some_rates():
        if not results.exists():
            small = thin_run(tmp_path_factory.mktemp("thin"), write_seconds=BRIEF)
            done = lab_here("run", "--thorough", *small, "--jobs", "4", "--out", results)
            assert done.returncode == 0, done.stdout + done.stderr
    (folder,) = runs.folders(results)
    return runs.load(folder)


@pytest.fixture
def breaking(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Breaking:
    """Runs whose scenario `breaks` does what the test says."""
    entries = registry.registered()
    monkeypatch.setattr(registry, "registered", lambda: entries)
    return Breaking(results=tmp_path, entries=entries)


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder for the servers of one command: short, because sockets lie in it, and empty again at its end."""
    folder = Path(tempfile.mkdtemp(prefix="lt"))
    folder.chmod(0o755)
    yield folder
    left = [path for path in folder.rglob("*") if path.name.startswith("run-")]
    shutil.rmtree(folder, ignore_errors=True)
    assert not left
