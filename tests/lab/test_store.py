"""A run is kept raw and whole; what cannot be read or written is said in one sentence."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lab import files, runs
from lab.analysis.results import analyse
from lab.errors import InputError
from lab.report import markdown
from lab.runner.environment import environment
from lab.runner.journal import Journal
from lab.values import Completed, Experiment, Timing
from tests.support import FORMAT_1, SAMPLE, sampled

Damage = Callable[[str], str]
AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_an_experiment_comes_back_as_it_was_saved(sample: Experiment, tmp_path: Path) -> None:
    runs.save(tmp_path, sample)
    assert runs.load(tmp_path) == sample


def test_saving_leaves_the_old_or_the_new_file_and_nothing_else(sample: Experiment, tmp_path: Path) -> None:
    runs.save_circumstances(tmp_path, sample)
    runs.save_circumstances(tmp_path, replace(sample, finished=None))
    assert [path.name for path in tmp_path.iterdir()] == ["experiment.json"]
    assert runs.load(tmp_path).finished is None


def begun(experiment: Experiment, folder: Path) -> Journal:
    """The journal of a run of which no trial has ended yet."""
    planned = replace(experiment, finished=None, outcomes=(), auxiliary_trials=())
    runs.save(folder, planned)
    return Journal(folder=folder, experiment=planned)


def files_of(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Number on disk and content of every file of a run."""
    names = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): (path.stat().st_ino, path.read_bytes()) for path in names}


def test_each_trial_is_written_once_and_nothing_is_written_again(sample: Experiment, tmp_path: Path) -> None:
    journal = begun(sample, tmp_path)
    for outcome in sample.outcomes:
        before = files_of(tmp_path)
        journal.add(outcome)
        after = files_of(tmp_path)
        assert len(after) == len(before) + 1
        assert after | before == after


@pytest.mark.slow
def test_trials_that_end_in_any_order_and_at_once_are_all_kept_and_read_as_planned(
    sample: Experiment, tmp_path: Path
) -> None:
    journal = begun(sample, tmp_path)
    with ThreadPoolExecutor(8) as threads:
        for outcome in reversed(sample.outcomes):
            threads.submit(journal.add, outcome)
        for trial in reversed(sample.auxiliary_trials):
            threads.submit(journal.add_auxiliary, trial)
    assert len(list((tmp_path / runs.OUTCOMES).iterdir())) == len(sample.outcomes)
    assert runs.load(tmp_path) == replace(sample, finished=None)
    journal.finish()
    assert runs.load(tmp_path).finished


def test_a_run_can_be_read_while_a_trial_on_a_new_server_ends(
    sample: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = begun(replace(sample, templates=()), tmp_path)
    read = files.load

    def read_while_a_trial_ends(*arguments: Any, **options: Any) -> Any:
        circumstances = read(*arguments, **options)
        journal.loaded(next(loaded for loaded in sample.templates if loaded.server == sample.outcomes[0].server))
        journal.add(sample.outcomes[0])
        return circumstances

    monkeypatch.setattr(files, "load", read_while_a_trial_ends)
    assert runs.load(tmp_path).outcomes == ()
    monkeypatch.undo()
    assert runs.load(tmp_path).outcomes == sample.outcomes[:1]


def test_a_trial_that_was_added_to_the_plan_later_comes_last(sample: Experiment, tmp_path: Path) -> None:
    journal = begun(replace(sample, plan=replace(sample.plan, trials=sample.plan.trials[1:])), tmp_path)
    for outcome in sample.outcomes:
        journal.add(outcome)
    assert runs.load(tmp_path).outcomes == (*sample.outcomes[1:], sample.outcomes[0])


def test_a_run_without_the_files_of_some_trials_opens_and_its_report_says_so(
    sample: Experiment, tmp_path: Path
) -> None:
    runs.save(tmp_path, sample)
    lost = sorted((tmp_path / runs.OUTCOMES).iterdir())[3]
    lost.unlink()
    opened = runs.load(tmp_path)
    assert opened.outcomes == (*sample.outcomes[:3], *sample.outcomes[4:])
    assert f"{len(opened.outcomes)} of {len(sample.plan.trials)} trials" in markdown.report(analyse(opened))


def without_scenario(text: str) -> str:
    return json.dumps({key: value for key, value in json.loads(text).items() if key != "scenario"})


def of_another_server(text: str) -> str:
    return json.dumps(json.loads(text) | {"server": "elsewhere"})


@pytest.mark.parametrize("damage", sampled([lambda text: text[:40], without_scenario, of_another_server], every=3))
def test_a_damaged_trial_is_refused_by_the_name_of_its_file(sample: Experiment, tmp_path: Path, damage: Damage) -> None:
    runs.save(tmp_path, sample)
    file = sorted((tmp_path / runs.OUTCOMES).iterdir())[1]
    file.write_text(damage(file.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(InputError, match=f"{file.name} is damaged.*[Rr]estore it") as caught:
        runs.load(tmp_path)
    assert caught.value.hint
    file.unlink()
    assert len(runs.load(tmp_path).outcomes) == len(sample.outcomes) - 1


def test_the_digest_of_a_run_is_of_all_its_files(sample: Experiment, tmp_path: Path) -> None:
    runs.save(tmp_path, sample)
    whole = "cat experiment.json outcomes/*.json auxiliary/*.json | sha256sum"
    printed = subprocess.run(whole, shell=True, cwd=tmp_path, capture_output=True, text=True, check=True)  # noqa: S602
    assert runs.digest(tmp_path) == printed.stdout.split()[0]


def test_what_an_older_format_did_not_record_is_not_known(format_1: Experiment) -> None:
    assert runs.digest(FORMAT_1) == hashlib.sha256((FORMAT_1 / runs.FILE).read_bytes()).hexdigest()
    assert (format_1.environment.cpu, format_1.environment.commit, format_1.environment.load_average) == (None,) * 3
    assert format_1.workload.name == "odds"


def test_a_time_is_a_list_of_samples_and_reports_show_their_median(sample: Experiment, tmp_path: Path) -> None:
    trial = next(outcome for outcome in sample.outcomes if isinstance(outcome, Completed) and outcome.steps)
    (once,) = trial.steps[0].timing.values if trial.steps[0].timing else ()
    assert trial.steps[0].seconds == once
    timing = Timing(warmups=(9.0,), values=(3.0, 1.0, 2.0))
    several = replace(trial, steps=(replace(trial.steps[0], timing=timing),))
    runs.save(tmp_path, replace(sample, outcomes=(several,)))
    read = runs.load(tmp_path)
    assert read.outcomes == (several,)
    assert analyse(read).steps[0].cost.seconds == 2.0
    runs.save(
        tmp_path,
        replace(
            sample, outcomes=(replace(trial, steps=(replace(trial.steps[0], timing=Timing(warmups=(), values=())),)),)
        ),
    )
    with pytest.raises(InputError, match="it has no sample"):
        runs.load(tmp_path)


def test_the_environment_names_the_machine_and_not_its_owner() -> None:
    facts = asdict(environment())
    assert facts["cores"] > 0
    assert not [name for name, value in facts.items() if platform.node() in str(value).split()]


def test_runs_of_one_second_get_folders_of_their_own(tmp_path: Path) -> None:
    first, second = (runs.new_run(tmp_path, "case", "1MB", AT) for _ in range(2))
    assert first.name == "20261122-120000-case-1MB"
    assert second.name == "20261122-120000-case-1MB-2"


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
