"""The search for the best combination, on a real server with a small workload and strategies of its own."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from lab import registry, runs
from lab.analysis.results import analyse
from lab.cli.progress import words
from lab.errors import InputError
from lab.report import search as report
from lab.report.page import charts
from lab.runner import pipeline
from lab.search import best
from lab.search.cache import TrialCache
from lab.servers import Options
from lab.values import Constraints, SearchEnding, SearchRecord, Verdict
from lab.values.events import Event
from tests.workloads import strategies
from tests.workloads.sensors import Sensors

pytestmark = pytest.mark.trial("search")

NO_LIMITS = Constraints()


@dataclass(frozen=True, kw_only=True)
class Said:
    """One search and what it said on the way."""

    lines: list[str]
    selection: best.Best | None
    """None of a search that was interrupted."""

    @property
    def trials(self) -> list[str]:
        """The scenarios that it measured, without those in the cache."""
        return [line.split()[1] for line in self.lines if " on " in line and "loading" not in line]


def request(results: Path, constraints: Constraints = NO_LIMITS) -> pipeline.RunRequest:
    return pipeline.RunRequest(
        scenarios=("best",),
        workload=Sensors(),
        size_bytes=3 << 20,
        seed=1,
        server="native",
        read_seconds=0.01,
        write_seconds=0.01,
        results=results,
        options=Options(),
        constraints=constraints,
    )


def search(constraints: Constraints = NO_LIMITS, *, seconds: float = 600, stop_at: str = "never") -> Said:
    lines: list[str] = []

    def hear(event: Event) -> None:
        for text in words(event):
            if stop_at in text:
                raise KeyboardInterrupt
            lines.append(text)

    try:
        selection = best.search(request(Path(), constraints), seconds, hear)
    except KeyboardInterrupt:
        return Said(lines=lines, selection=None)
    return Said(lines=lines, selection=selection)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Only the sensors' strategies, and a cache of this module."""
    folder = tmp_path_factory.mktemp("search")
    entries = registry.registered() | strategies.registered()
    wanted = {name: entries[name] for name in ("baseline", *strategies.STRATEGIES)}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(registry, "registered", lambda: wanted)
        patched.setattr(best, "trial_cache", lambda _: TrialCache(code="", folder=folder))
        yield


@pytest.fixture(scope="module")
def killed(own: None) -> None:
    """A search in another process, which is killed when its baseline is measured."""
    del own

    def kill_at_the_second_trial(event: Event) -> None:
        if any("drop_payload on" in text for text in words(event)):
            os.kill(os.getpid(), signal.SIGKILL)

    process = multiprocessing.get_context("fork").Process(
        target=best.search, args=(request(Path()), 600, kill_at_the_second_trial)
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


@pytest.fixture(scope="module")
def interrupted(killed: None) -> Said:
    del killed
    return search(stop_at="pack_units on")


@pytest.fixture(scope="module")
def first(interrupted: Said) -> Said:
    """The first search that comes to its end, after one that did not."""
    del interrupted
    return search()


def test_a_search_that_cannot_keep_its_trials_says_so_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "trials").write_text("", encoding="utf-8")
    monkeypatch.setattr(best, "trial_cache", lambda _: TrialCache(code="", folder=tmp_path / "trials"))
    stopped = search(stop_at="An interrupted search will begin anew.")
    assert (stopped.lines, stopped.selection) == ([], None)


@pytest.mark.slow
def test_a_killed_search_goes_on_where_it_was(interrupted: Said) -> None:
    assert "baseline" not in interrupted.trials


@pytest.mark.slow
def test_an_interrupted_search_goes_on_where_it_was(interrupted: Said, first: Said) -> None:
    assert interrupted.trials[0] == "drop_payload"
    assert "pack_units" not in interrupted.trials
    assert not set(interrupted.trials) & set(first.trials)
    assert "pack_units" in first.trials


@pytest.mark.slow
def test_a_second_search_measures_nothing_and_finds_the_same(first: Said) -> None:
    second = search()
    assert not second.trials
    assert first.selection
    assert second.selection
    assert second.selection.finalists == first.selection.finalists


@pytest.mark.slow
def test_what_answers_differently_is_never_a_finalist(interrupted: Said, first: Said) -> None:
    assert "tamper" in (*interrupted.trials, *first.trials)
    assert first.selection
    assert "tamper" not in {observation.name for observation in first.selection.result.observed}


@pytest.mark.slow
def test_a_search_ends_in_a_verified_run_whose_recommendation_names_a_finalist(first: Said, tmp_path: Path) -> None:
    assert first.selection
    folders: list[Path] = []
    known = tuple(pair.recorded for pair in first.selection.result.compared)
    assert known
    finals = replace(
        request(tmp_path, Constraints(target_bytes=1 << 40)),
        scenarios=first.selection.finalists,
        forecasts=known,
        search=first.selection.recorded,
    )
    pipeline.run(finals, lambda _: None, folders.append)
    measured = runs.load(folders[0])
    assert measured.plan.forecasts == known
    assert measured.plan.search == first.selection.recorded
    (drawn,) = [chart for chart in charts(analyse(measured)) if chart.name == "forecasts"]
    assert {row[0] for row in drawn.table.rows} == {forecast.scenario for forecast in known}
    pick = analyse(measured).decision.pick
    assert pick
    assert pick.name in first.selection.finalists
    assert pick.trial.verification.verdict is not Verdict.DIFFERS
    assert all(finalist in report.document(first.selection) for finalist in first.selection.finalists)


@pytest.mark.slow
def test_a_search_records_how_far_it_came(first: Said) -> None:
    assert first.selection
    assert first.selection.recorded == SearchRecord(
        sample_bytes=3 << 20,
        candidates=first.selection.result.candidates,
        measured=len(first.selection.result.observed),
        ending=SearchEnding.NOTHING_LEFT,
        left_out=0,
    )
    assert "no other combination promised an improvement" in report.document(first.selection)
    short = replace(first.selection, result=replace(first.selection.result, left_out=(("drop_payload", "pack_units"),)))
    assert (short.recorded.ending, short.recorded.left_out) == (SearchEnding.BUDGET, 1)
    assert "The budget ended it: 1 other combination still promised an improvement" in report.document(short)


@pytest.mark.slow
def test_a_kept_column_excludes_what_drops_it_before_any_trial(first: Said) -> None:
    del first  # all its trials are in the cache
    kept = search(Constraints(keep={"readings.payload": None}))
    assert kept.selection
    observed = {observation.name for observation in kept.selection.result.observed}
    assert {"baseline", "pack_units"} <= observed
    assert not [name for name in (*observed, *kept.selection.finalists) if "drop_payload" in name]


@pytest.mark.slow
def test_a_budget_too_short_for_one_trial_is_refused_with_what_it_takes(first: Said) -> None:
    del first
    with pytest.raises(InputError, match=r"too short for one trial.*takes about \d+ s"):
        search(seconds=0.001)


def test_samples_grow_fourfold_up_to_half_of_the_run() -> None:
    mb = 1 << 20
    assert best.samples(256 * mb) == (16 * mb, 64 * mb)
    assert best.samples(48 * mb) == (16 * mb,)
    assert best.samples(16 * mb) == (16 * mb,)


def test_a_finalist_keeps_the_limit_of_locks_on_a_sample_in_proportion_to_its_size() -> None:
    limited = best.on_sample(Constraints(target_bytes=9, max_read=1.5, max_lock_seconds=0.75), 3)
    assert limited == Constraints(target_bytes=9, max_read=1.5, max_lock_seconds=0.25)
    assert best.on_sample(NO_LIMITS, 3) == NO_LIMITS
