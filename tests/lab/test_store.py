"""A run is kept raw and whole; what cannot be read or written is said in one sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lab import files, runs
from lab.errors import InputError
from lab.values import Experiment
from tests.support import SAMPLE

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_an_experiment_comes_back_as_it_was_saved(sample: Experiment, tmp_path: Path) -> None:
    runs.save(tmp_path, sample)
    assert runs.load(tmp_path) == sample


def test_saving_leaves_the_old_or_the_new_file_and_nothing_else(sample: Experiment, tmp_path: Path) -> None:
    runs.save(tmp_path, sample)
    runs.save(tmp_path, replace(sample, finished=None))
    assert [path.name for path in tmp_path.iterdir()] == ["experiment.json"]
    assert runs.load(tmp_path).finished is None


def test_runs_of_one_second_get_folders_of_their_own(tmp_path: Path) -> None:
    first, second = (runs.new_run(tmp_path, "case", "1MB", AT) for _ in range(2))
    assert first.name == "20261122-120000-case-1MB"
    assert second.name == "20261122-120000-case-1MB-2"


Damage = Callable[[str], str]


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda text: text[: len(text) // 2], "is damaged"),
        (lambda _: "", "is damaged"),
        (lambda _: "[]", "is damaged"),
        (lambda text: json.dumps(json.loads(text) | {"format": 0}), r"has format 0; this lab reads 2"),
        (
            lambda text: json.dumps({key: value for key, value in json.loads(text).items() if key != "plan"}),
            "damaged at plan",
        ),
        (lambda text: json.dumps(json.loads(text) | {"outcomes": [{"kind": "completed"}]}), "damaged at outcomes"),
    ],
)
def test_a_damaged_or_older_experiment_is_refused_with_what_to_do(tmp_path: Path, damage: Damage, says: str) -> None:
    (tmp_path / runs.FILE).write_text(damage((SAMPLE / runs.FILE).read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(InputError, match=says) as caught:
        runs.load(tmp_path)
    assert caught.value.hint


def test_a_missing_experiment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no experiment"):
        runs.load(tmp_path / "nowhere")


def test_results_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match=r"cannot be written.*--out"):
        runs.new_run(tmp_path / "file" / "results", "case", "1MB", AT)


def test_a_write_that_fails_leaves_no_part_behind(tmp_path: Path) -> None:
    (tmp_path / "report.md").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        files.write(tmp_path / "report.md", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["report.md"]
