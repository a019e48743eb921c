"""What a dataset promises whatever its size: the same bytes everywhere, proportions that do not depend on the size."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache

import pytest

from data_gen import CopyIn, Dataset, case_names, load_case, spec_of
from lab.errors import InputError
from tests.support import sampled

MB = 1 << 20
_DAY_US = 86_400_000_000
_SPEC = spec_of("2026-02-17", 2, seed=3)
_DIGEST = "6031fd133adf72e7c34fc7736c6014922e3c5b8a0ed00b182d1a5e49ca40a138"
_EARLY_DIGEST = "3f6b75415b428815ec7b084dd371de696ec7b91e3a9570cc5e445c28f012bb63"
_LARGE = ("odds_snapshots", "market_odds", "competitor_odds_snapshots", "competitor_market_odds", "event_scrape_status")
_PRINT_DIGEST = f"from data_gen import Dataset; from lab.values import DatasetSpec; print(Dataset({_SPEC!r}).digest)"


def _copies(dataset: Dataset) -> Iterator[CopyIn]:
    return (stage for stage in dataset.stages() if isinstance(stage, CopyIn))


def _planned(case: str, size: int, seed: int = 1) -> Dataset:
    return Dataset.plan(load_case(case), size_bytes=size, seed=seed)


@cache
def _of_4_gb(case: str) -> Dataset:
    """To plan it takes seconds."""
    return _planned(case, 4096 * MB)


@pytest.mark.parametrize(("case", "digest"), [("2026-02-17", _DIGEST), ("2026-02-06", _EARLY_DIGEST)])
def test_the_digest_of_a_small_dataset_is_the_same_on_every_machine(case: str, digest: str) -> None:
    assert Dataset(replace(_SPEC, case=case)).digest == digest


@pytest.mark.parametrize("hash_seed", sampled(["1", "2"], every=2))
def test_another_process_makes_the_same_bytes(hash_seed: str) -> None:
    command = [sys.executable, "-c", _PRINT_DIGEST]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": hash_seed})
    assert done.stdout.strip() == _DIGEST


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 4},
        {"scale": 3},
        {"parameters": {"change rate": 0.5}},
        {"parameters": {"list churn": 0.0}},
        {"case": "2026-02-06"},
    ],
)
def test_anything_else_in_the_spec_makes_other_bytes(change: dict[str, object]) -> None:
    assert Dataset(replace(_SPEC, **change)).digest != _DIGEST  # type: ignore[arg-type]


def test_a_spec_alone_makes_the_planned_dataset_again() -> None:
    planned = _planned("2026-02-17", 40 * MB)
    assert Dataset(planned.spec).rows == planned.rows


def test_less_than_one_event_is_refused_with_what_one_needs() -> None:
    with pytest.raises(InputError, match="One event needs about 11 MB"):
        _planned("2026-02-17", 1 * MB)


def test_a_case_that_stores_hardly_anything_is_refused() -> None:
    case = load_case("2026-02-17")
    shares = dict.fromkeys(("home_share", "sportybet_share", "bet9ja_share"), 0.0)
    empty = case.model_copy(update={"workload": case.workload.model_copy(update=shares)})
    with pytest.raises(InputError, match="stores fewer snapshots than events"):
        Dataset.plan(empty, size_bytes=64 * MB, seed=1)


@pytest.mark.parametrize("case", case_names())
@pytest.mark.parametrize("seed", sampled([1, 2, 99], every=3))
def test_twice_the_size_has_about_twice_the_rows_of_every_large_table(case: str, seed: int) -> None:
    once, twice = (_planned(case, size * MB, seed).rows for size in (256, 512))
    assert {table: twice[table] / once[table] for table in _LARGE} == pytest.approx(dict.fromkeys(_LARGE, 2), rel=0.08)


@pytest.mark.parametrize("case", case_names())
@pytest.mark.parametrize("size", [64, 128, pytest.param(1024, marks=pytest.mark.slow)])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_rows_per_snapshot_are_as_published_at_any_size(case: str, size: int, seed: int) -> None:
    _assert_published_rows_per_snapshot(case, _planned(case, size * MB, seed).rows)


@pytest.mark.slow
@pytest.mark.trial("4 GB")
@pytest.mark.parametrize("case", case_names())
def test_rows_per_snapshot_are_as_published_at_4_gb(case: str) -> None:
    _assert_published_rows_per_snapshot(case, _of_4_gb(case).rows)


def _assert_published_rows_per_snapshot(case: str, rows: Mapping[str, int]) -> None:
    load = load_case(case).workload
    assert rows["market_odds"] / rows["odds_snapshots"] == pytest.approx(load.home_rows, rel=0.025)
    competitors = rows["competitor_market_odds"] / rows["competitor_odds_snapshots"]
    assert competitors == pytest.approx(load.competitor_rows, rel=0.025)


@pytest.mark.parametrize("case", case_names())
@pytest.mark.parametrize("size", [32, 64, 128])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_newest_day_has_home_snapshots_at_any_size(case: str, size: int, seed: int) -> None:
    plan = _planned(case, size * MB, seed)._plan
    newest = plan.cycles.starts // _DAY_US == plan.cycles.starts[-1] // _DAY_US
    assert plan.stored["betpawa"][:, newest].any()


@pytest.mark.slow
@pytest.mark.trial("4 GB")
def test_every_large_table_has_its_share_of_the_full_database() -> None:
    case = load_case("2026-02-17")
    dataset = _of_4_gb("2026-02-17")
    full = {table: figures["rows"] for table, figures in case.published["tables"].items()}  # type: ignore[union-attr, index, call-overload]
    scaled = {table: dataset.rows[table] * case.full_events / dataset.spec.scale for table in _LARGE}
    assert scaled == pytest.approx(full, rel=0.02)


def test_the_expected_bytes_are_a_little_more_than_the_size_asked_for() -> None:
    assert 1024 * MB * 1.01 <= _planned("2026-02-17", 1024 * MB).expected_bytes < 1024 * MB * 1.04


def test_planned_rows_are_what_the_streams_hold(small: Dataset) -> None:
    counted = dict.fromkeys(small.rows, 0)
    for copy in _copies(small):
        lines = sum(chunk.count(b"\n") for chunk in copy.chunks)
        if copy.table in counted:
            counted[copy.table] += lines
    assert counted == small.rows


def test_chunks_are_small(small: Dataset) -> None:
    sizes = [len(chunk) for copy in _copies(small) for chunk in copy.chunks]
    assert max(sizes) < MB


@pytest.mark.slow
def test_memory_is_flat() -> None:
    dataset = _planned("2026-02-17", 48 * MB)
    for copy in _copies(_planned("2026-02-17", 16 * MB)):  # catalogues and names are loaded once
        list(copy.chunks)
    tracemalloc.start()
    for copy in _copies(dataset):
        for _ in copy.chunks:
            pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 * MB


def test_the_present_is_the_last_capture() -> None:
    assert Dataset(_SPEC).now == load_case("2026-02-17").last_captured
