"""A published case is a profile too, a document is read as it was written, and reports are made of both."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from data_gen import load_case, published
from lab import profiling
from lab.analysis.drivers import data_per_index, drivers
from lab.errors import InputError
from lab.report import profile as report
from lab.values import Profile
from tests.profiling.conftest import Aged
from tests.support import CASES

GB = 1 << 30


@pytest.fixture(params=["2026-02-06", "2026-02-17"])
def case(request: pytest.FixtureRequest) -> Profile:
    return published.load(CASES / f"{request.param}.json")


def test_a_published_case_is_a_profile_with_its_gaps_named() -> None:
    profile = published.load(CASES / "2026-02-17.json")
    assert (profile.source, profile.name, profile.database_bytes) == ("published", "2026-02-17", int(63.25 * GB))
    markets, snapshots = profile.of("market_odds"), profile.of("odds_snapshots")
    assert markets is not None
    assert snapshots is not None
    assert (markets.rows, markets.data_bytes, markets.index_bytes) == (85408740, 18 * GB, round(4.6 * GB))
    assert (markets.heap_bytes, markets.dead_rows, markets.indexes) == (None, None, ())
    assert (snapshots.retention[0].rows_kept, snapshots.retention[0].rows_older) == (239051, 499269 - 239051)
    assert [day.rows for day in snapshots.by_day] == [69806, 46651, 76057, 46537]
    assert snapshots.columns[0].mean_bytes == 49600
    assert profile.bytes_per_day == pytest.approx(3.6 * GB)
    assert profile.forecast.passes is None
    assert "exceeds the target" in profile.forecast.words
    assert any("not published" in line for line in profile.missing)


def test_the_early_case_says_that_growth_is_not_published() -> None:
    profile = published.load(CASES / "2026-02-06.json")
    assert profile.bytes_per_day is None
    assert profile.series[0].snapshots_per_event == 51.8
    assert "Growth: not published." in profile.missing


def test_a_case_file_without_the_generators_part_is_read_too(tmp_path: Path) -> None:
    case = load_case("2026-02-17")
    flat = json.loads(case.model_dump_json(include={"case", "about", "last_captured", "profiled_at"})) | case.published
    file = tmp_path / "case.json"
    file.write_text(json.dumps(flat), encoding="utf-8")
    assert published.load(file) == published.load(CASES / "2026-02-17.json")


def test_every_profile_is_read_as_it_was_written(aged: Aged, case: Profile, tmp_path: Path) -> None:
    for profile in (aged.profile, case):
        file = tmp_path / "profile.json"
        file.write_text(profiling.text(profile), encoding="utf-8")
        assert profiling.load(file) == profile


@pytest.mark.parametrize(
    ("key", "table"),
    [
        ("public.details.points", "details"),
        ('public."Details".points', "Details"),
        ('audit."old.logs".points', 'audit."old.logs"'),
    ],
)
def test_a_profile_of_format_1_names_the_table_of_a_foreign_key(
    case: Profile, tmp_path: Path, key: str, table: str
) -> None:
    old = json.loads(profiling.text(case))
    dependants = [{"kind": "foreign key", "name": key, "table": "prices"}, {"kind": "owner", "name": "a", "table": "b"}]
    file = tmp_path / "profile.json"
    file.write_text(json.dumps(old | {"format": 1, "dependants": dependants}), encoding="utf-8")
    loaded = profiling.load(file)
    assert loaded.dependants
    assert [dependant.referring_table for dependant in loaded.dependants] == [table, ""]
    assert loaded.format == case.format


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 9}', '{"format": 1, "name": 1}', '{"case": "x", "published": {"odd": 1}}']
)
def test_a_damaged_document_is_refused_in_words(tmp_path: Path, text: str) -> None:
    file = tmp_path / "profile.json"
    file.write_text(text, encoding="utf-8")
    for read in (profiling.load, published.load):
        with pytest.raises(InputError, match=r"profile\.json"):
            read(file)
    with pytest.raises(InputError):
        profiling.load(tmp_path / "absent.json")


def test_what_is_not_known_is_a_dash_in_the_report(aged: Aged, case: Profile) -> None:
    published, measured = ([table.markdown() for table in report.tables(profile)] for profile in (case, aged.profile))
    assert any("–" in text for text in published)  # noqa: RUF001 - the sign for a missing value
    assert not any("None" in text for text in (*published, *measured))
    assert len(measured) == 7


def test_growth_that_does_not_fit_the_published_rows_is_said() -> None:
    profile = published.load(CASES / "2026-02-17.json")
    (warning,) = (line for line in profile.missing if line.startswith("Growth: published as 3.60 GB a day."))
    assert "take 5.58 GB a day" in warning


def test_drivers_of_a_case_sum_to_the_published_size_but_for_its_rounding(case: Profile) -> None:
    largest = drivers(case)
    assert sum(driver.bytes for driver in largest) == pytest.approx(case.database_bytes, rel=0.002)
    assert all(driver.bytes > 0 for driver in largest)
    assert not any("headers, alignment" in driver.name for driver in largest)  # other columns are in what is left


def test_data_per_index_is_unknown_where_indexes_were_not_published() -> None:
    assert data_per_index(published.load(CASES / "2026-02-06.json")) is None
    assert data_per_index(published.load(CASES / "2026-02-17.json")) == pytest.approx(58 / 5.4, rel=0.02)
