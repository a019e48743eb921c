"""A workload that knows nothing of odds runs through everything: load, trial, verification, projection, report."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lab import registry, runs
from lab.analysis.results import Results, analyse
from lab.report.renderers import RENDERERS
from lab.runner import pipeline
from lab.servers import Options
from lab.values import SIZE, Completed, Verdict
from tests.lab.commands import lab, lab_here
from tests.workloads import strategies
from tests.workloads.sensors import FACTS, FULL_SENSORS, READINGS, SITES, Sensors


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A run of the sensors with strategies of their own, on a native server."""
    entries = registry.registered() | strategies.registered()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(registry, "registered", lambda: entries)
        request = pipeline.RunRequest(
            scenarios=tuple(strategies.STRATEGIES),
            workload=Sensors(),
            size_bytes=3 << 20,
            seed=1,
            server="native",
            read_seconds=0.01,
            write_seconds=0.01,
            results=tmp_path_factory.mktemp("sensors"),
            options=Options(),
        )
        folders: list[Path] = []
        pipeline.run(request, lambda _: None, folders.append)
    return analyse(runs.load(folders[0]))


def completed(results: Results, scenario: str) -> Completed:
    (row,) = results.by_scenario[scenario]
    assert row.trial
    return row.trial


def test_the_template_holds_what_the_workload_planned(results: Results) -> None:
    (template,) = results.experiment.templates
    dataset = Sensors().dataset(results.experiment.plan.dataset)
    assert template.digest == dataset.digest
    assert completed(results, "baseline").rows == dataset.rows


def test_every_read_and_table_is_verified(results: Results) -> None:
    assert completed(results, "baseline").verification.verdict is Verdict.EXACT
    assert completed(results, "baseline").verification.checks == 6
    assert completed(results, "pack_units").verification.verdict is Verdict.EXACT
    assert completed(results, "drop_payload").verification.verdict is Verdict.AS_DECLARED


def test_every_write_is_measured_and_reads_back(results: Results) -> None:
    for scenario in ("baseline", "pack_units", "drop_payload"):
        measured = completed(results, scenario).writes
        assert measured
        assert [(cost.query, cost.refused) for cost in measured.costs] == [("I1", ""), ("U1", ""), ("E1", "")]
        assert measured.rows == measured.transactions * results.experiment.plan.dataset.scale
    assert completed(results, "tamper").writes is None


def test_a_changed_reading_differs(results: Results) -> None:
    verification = completed(results, "tamper").verification
    assert verification.verdict is Verdict.DIFFERS
    assert "table readings" in {mismatch.name for mismatch in verification.mismatches}


def test_every_strategy_is_projected_to_the_full_size_from_two_sizes(results: Results) -> None:
    sizes = {side.dataset.scale for side in results.experiment.auxiliary_trials if side.purpose == SIZE}
    assert sizes == {results.experiment.plan.dataset.scale // 4}
    for row in results.measured:
        if row.trial and row.trial.verification.verdict is Verdict.DIFFERS:
            assert row.projection is None
            continue
        assert row.projection is not None
        assert row.projection.size.low is not None
        assert row.projection.tables["sites"] == row.trial.footprint.of("sites").total  # type: ignore[union-attr]


def test_the_projection_follows_the_rows_of_the_full_database(results: Results) -> None:
    (baseline,) = (row for row in results.measured if row.outcome.scenario == "baseline")
    assert baseline.trial
    assert baseline.projection
    larger = FULL_SENSORS * READINGS / baseline.trial.rows["readings"]
    readings = baseline.trial.footprint.of("readings")
    assert readings
    assert baseline.projection.tables["readings"] == pytest.approx(readings.total * larger, rel=0.1)
    assert baseline.projection.bytes_per_unit == pytest.approx(
        baseline.projection.size.bytes / (FULL_SENSORS * READINGS)
    )


def test_the_reports_speak_of_sensors_and_never_of_odds(results: Results) -> None:
    for name, render in RENDERERS.items():
        text = re.sub("<(script|style).*?</\\1>", "", render(results).lower(), flags=re.DOTALL)
        text = text.replace("pointer-events", "")  # of a picture
        assert not [word for word in ("odds", "market", "snapshot", "event", "bookmaker", "q1") if word in text], name
    assert f"{results.experiment.plan.dataset.scale} sensors" in RENDERERS["report.md"](results)
    assert "drop_payload" in results.advice.headline


def test_what_a_workload_calls_constant_stays_as_it_is(results: Results) -> None:
    assert completed(results, "baseline").rows["sites"] == SITES


@pytest.mark.slow
def test_the_command_line_runs_a_workload_that_the_lab_does_not_know(tmp_path: Path) -> None:
    command = ("run", "--workload", "tests.workloads.sensors", "-s", "baseline", "--size", "1MB", "--server", "native")
    done = lab(*command, "--read-seconds", "0", "--write-seconds", "0", "--out", tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    (folder,) = runs.folders(tmp_path)
    assert runs.load(folder).workload == FACTS


@pytest.mark.parametrize("module", ["no.such.module", "tests.workloads.strategies", "", "broken", "ends"])
def test_what_is_no_workload_is_refused_by_name(module: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def resolve(case, profile:\n", encoding="utf-8")
    (tmp_path / "ends.py").write_text("raise SystemExit(0)\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    done = lab_here("run", "--workload", module)
    assert done.returncode == 2
    assert f"'{module}' is no workload" in " ".join(done.stderr.split())
