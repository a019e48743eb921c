"""A target is imposed by the case or by whoever asks, and by nobody else."""

from __future__ import annotations

import json
from pathlib import Path

from data_gen import published
from lab import profiling
from lab.values.full_size import case_facts
from tests.support import CASES

GB = 1 << 30


def test_a_published_case_has_its_own_target_unless_another_is_asked_for() -> None:
    file = CASES / "2026-02-17.json"
    assert published.load(file).forecast.target_bytes == 10 * GB
    assert published.load(file, target_bytes=GB).forecast.target_bytes == GB


def test_without_a_target_none_is_imposed(tmp_path: Path) -> None:
    case = json.loads((CASES / "2026-02-17.json").read_text(encoding="utf-8"))
    del case["published"]["totals"]["target_gb"]
    file = tmp_path / "case.json"
    file.write_text(json.dumps(case), encoding="utf-8")
    profile = published.load(file)
    assert profile.forecast.target_bytes is None
    assert profile.forecast.words == "No target is set. The growth is 3.60 GB a day."
    assert case_facts(profile).target_bytes is None


def test_a_profile_is_judged_by_another_target_as_if_it_was_taken_with_it() -> None:
    file = CASES / "2026-02-17.json"
    other = profiling.with_target(published.load(file), 100 * GB)
    assert other == published.load(file, target_bytes=100 * GB)
