"""Whole screens of the terminal at 80 and 120 columns; `pytest tests/lab/test_screens.py --snapshot-update` makes them again.

They show a run of the first format, which never changes, and not the sample, which is measured again and again.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from syrupy.assertion import SnapshotAssertion
from typer.testing import CliRunner

from data_gen import case_file, published
from lab import profiling
from lab.analysis.fidelity import Figure, trust
from lab.analysis.results import analyse
from lab.cli import app, console, reporting, searching
from lab.search.best import Best
from lab.search.observation import Axis, Observation
from lab.search.result import SearchResult
from lab.values import (
    Completed,
    DifferingRow,
    DifferingValue,
    Experiment,
    Failed,
    Mismatch,
    Outcome,
    Refusal,
    Skipped,
    Verdict,
)

Screen = Callable[[int], io.StringIO]


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """A terminal of that width without colours; what is printed there."""

    def opened(width: int) -> io.StringIO:
        printed = io.StringIO()
        terminal = Console(file=printed, width=width, force_terminal=True, color_system=None)
        monkeypatch.setattr(console, "out", terminal)
        return printed

    return opened


def eventful(experiment: Experiment) -> Experiment:
    """The run with a trial that failed, one that gives other answers, and one that no server can run."""
    combination = "drop_raw_response+outcome_normalization_snapshot"

    def spoiled(outcome: Outcome) -> Outcome:
        if isinstance(outcome, Completed) and outcome.scenario == "rewrite_only":
            wrong = (Mismatch(name="table odds", expected="2 rows", found="1 row"),)
            row = DifferingRow(
                answer="table odds",
                expected_times=1,
                found_times=1,
                values=(
                    DifferingValue(column="id", expected="7", found="7", differs=False),
                    DifferingValue(column="price", expected="1.075", found="1.08", differs=True),
                ),
                more_columns=2,
                more_differ=0,
            )
            spoilt = replace(outcome.verification, verdict=Verdict.DIFFERS, mismatches=wrong, row=row)
            return replace(outcome, verification=spoilt)
        if outcome.scenario == "hypertable_compression":
            return Failed(
                scenario=outcome.scenario,
                server="pglite",
                step="compress the chunks",
                error="The server refused SELECT compress_chunk(s.chunkk): column s.chunkk does not exist (SQLSTATE 42703)",
                steps=(),
                refusal=Refusal(
                    sql="SELECT compress_chunk(s.chunkk)\nFROM show_chunks() s (chunk)",
                    message="column s.chunkk does not exist",
                    sqlstate="42703",
                    position=23,
                    hint='Perhaps you meant to reference the column "s.chunk".',
                ),
            )
        return outcome

    facts = experiment.scenarios["rewrite_only"]
    nowhere = Skipped(scenario=combination, server=None, reason="native has no TimescaleDB")
    return replace(
        experiment,
        scenarios={**experiment.scenarios, combination: facts},
        outcomes=(*map(spoiled, experiment.outcomes), nowhere),
    )


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("happens", ["nothing", "everything"])
def test_a_run_fits_the_terminal(
    width: int, happens: str, format_1: Experiment, screen: Screen, snapshot: SnapshotAssertion
) -> None:
    printed = screen(width)
    reporting.print_report(analyse(eventful(format_1) if happens == "everything" else format_1), full=False)
    assert max(map(len, printed.getvalue().splitlines())) <= width
    assert printed.getvalue() == snapshot


def test_the_sample_fits_80_columns(sample: Experiment, screen: Screen) -> None:
    printed = screen(80)
    reporting.print_report(analyse(sample), full=False)
    lines = printed.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    table = lines[: next(number for number, line in enumerate(lines) if "· read:" in line)]
    assert " write " not in " ".join(table)
    parts = {part for outcome in sample.outcomes for part in outcome.scenario.split("+") if len(part) <= 24}
    assert parts <= set(" ".join(table).replace("+", " ").split())


def test_a_wide_terminal_shows_the_worst_write_of_the_sample(sample: Experiment, screen: Screen) -> None:
    printed = screen(120)
    reporting.print_report(analyse(sample), full=False)
    assert max(map(len, printed.getvalue().splitlines())) <= 120
    assert "read     write migration" in printed.getvalue()
    assert "write: rows per second of the write that suffers most" in printed.getvalue()


def met(name: str, loss: int, read: float | None, seconds: float | None) -> Observation:
    """What a search measured of that combination."""
    return Observation(
        combination=tuple(name.split("+")),
        pieces={("odds", "heap"): len(name) * 2e8},
        rows={},
        growth=len(name) * 1e7,
        reads={} if read is None else {"Q6": read},
        write=0.3,
        seconds=seconds,
        lock=0.01,
        loss=loss,
        took=1.0,
        read_interval=None if read is None else (0.9 * read, 1.1 * read),
    )


FRONT = (
    met("drop_raw_response+outcome_normalization_snapshot+retention_7d", 2, 10.4, 1.234),
    met("pack_raw_response(level=19)+hypertable_compression_default", 0, None, None),
    met("trim_indexes", 0, 1.0, 0.012),
)


@pytest.mark.parametrize("full", [False, True])
def test_what_a_search_found_fits_the_terminal_and_the_rest_comes_on_demand(
    screen: Screen, snapshot: SnapshotAssertion, *, full: bool
) -> None:
    result = SearchResult(
        observed=FRONT,
        compared=(),
        front=FRONT,
        within_limits=True,
        axes=tuple(Axis),
        left_out=(),
        candidates=4832,
    )
    printed = screen(180 if full else 80)
    searching.show(Best(result=result, sizes=(16 << 20,), finalists=("a", "b")), full=full)
    assert max(map(len, printed.getvalue().splitlines())) <= (180 if full else 80)
    assert printed.getvalue() == snapshot


def test_a_wrong_answer_is_never_a_saving(format_1: Experiment, screen: Screen) -> None:
    printed = screen(120)
    reporting.print_report(analyse(eventful(format_1)), full=True)
    (row,) = [line for line in printed.getvalue().splitlines() if line.split()[:1] == ["rewrite_only"]]
    assert "%" not in row
    assert "GB" not in row


@pytest.fixture
def profiles(tmp_path: Path) -> list[str]:
    """Two saved profiles, the older first."""
    files = [tmp_path / f"{case}.json" for case in ("2026-02-06", "2026-02-17")]
    for file in files:
        file.write_text(profiling.text(published.load(case_file(file.stem))), encoding="utf-8")
    return list(map(str, files))


@pytest.mark.parametrize("width", [80, 120])
def test_a_saved_profile_opens_on_one_screen(
    width: int, profiles: list[str], screen: Screen, snapshot: SnapshotAssertion
) -> None:
    printed = screen(width)
    assert CliRunner().invoke(app, ["profile", profiles[1]]).exit_code == 0
    lines = printed.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert len(lines) <= 40
    assert printed.getvalue() == snapshot


def test_the_rest_of_a_profile_comes_on_demand(profiles: list[str], screen: Screen) -> None:
    printed = screen(180)
    assert CliRunner().invoke(app, ["profile", profiles[1], "--full"]).exit_code == 0
    assert "Retention" in printed.getvalue()
    assert "Not seen:" in printed.getvalue()


def test_two_profiles_are_compared(profiles: list[str], screen: Screen, snapshot: SnapshotAssertion) -> None:
    printed = screen(120)
    assert CliRunner().invoke(app, ["profile", *profiles]).exit_code == 0
    assert printed.getvalue() == snapshot


def figure(name: str, generated: float | None) -> Figure:
    return Figure(name=name, published=100.0, generated=generated, unit="bytes", allowed=5.0)


def test_fidelity_says_in_one_sentence_whether_a_run_may_be_trusted() -> None:
    fits, far, near, unknown = figure("a", 104), figure("b", 150), figure("c", 106), figure("d", None)
    assert trust([fits]) == "You may trust a run on this workload: 1 of 1 figure within tolerance."
    assert "and d could not be measured here" in trust([fits, unknown])
    assert trust([fits, near, far]) == (
        "Do not trust a run on this workload where these count: b is 150 instead of 100 bytes ± 5 and c is 106 instead of"
        " 100 bytes ± 5."
    )
