"""The command line as a user meets it: exit codes, one clear sentence per mistake, JSON for programs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import cast

import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from data_gen import case_names
from lab import runs
from lab.cli import app
from lab.report.renderers import PAGE, RENDERERS
from lab.values import Completed, Failed
from tests.lab.commands import LAB, completed, lab, lab_here, wait_for_outcomes
from tests.lab.schemas import checked, saved
from tests.support import FORMAT_1, ROOT, SAMPLE
from tests.thin import thin_run

COMMANDS = sorted(cast("TyperGroup", get_command(app)).commands)
"""As the application has them, so that a new command is tested by itself."""


def small_run(scenario: str, *more: str, out: Path, temporary: Path) -> subprocess.CompletedProcess[str]:
    small = (*thin_run(temporary), "--server", "native")
    return lab("run", "-s", scenario, *small, "--out", out, *more, temporary=temporary)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("run", "-s", "retention_7"), "There is no scenario 'retention_7'. Did you mean retention_7d"),
        (("run", "--target", "small"), "'small' is not a size."),
        (("run", "--horizon", "soon"), "'soon' is no number of days. Write whole days"),
        (("run", "--max-read", "fast"), "'fast' is no ratio."),
        (("run", "--max-lock", "0"), "'0' is no duration."),
        (
            ("run", "--keep", "raw_respons:7d"),
            "No strategy gives up a column 'raw_respons', so nothing has to keep it. Did",
        ),
        (("run", "--keep", "raw_response:7h"), "'7h' is no number of days."),
        (("run", "--case", "2026-02-18"), "There is no case '2026-02-18'. Did you mean"),
        (("run", "--server", "hunter2Secret"), "--server names no kind of server. Did you mean"),
        (("run", "--server", "nativ"), "--server names no kind of server. Did you mean native"),
        (("run", "--size", "big"), "'big' is not a size. Write a number and a unit, such as 256MB"),
        (
            ("run", "--thorough", "--size", "1MB", "--server", "native"),
            "cannot hold one event of case 2026-02-17. One event needs about",
        ),
        (("run", "--size", "100TB", "--server", "native"), "This needs about"),
        (("fidelity", "--size", "100TB"), "This needs about"),
        (("run", "--jobs", "0"), "A run cannot make 0 trials at once. Give --jobs 1"),
        (("run", "--postgres-bin", "/nowhere", "--server", "native"), "/nowhere"),
        (("run", "--out", "/dev/null/results", "--server", "native"), "/dev/null/results"),
        (("report", "nowhere"), "There is no experiment at nowhere"),
        (("compare", "--out", "nowhere"), "There is no run in nowhere"),
        (("compare", SAMPLE, SAMPLE, "--fail-on", "much"), "'much' is not a percentage"),
        (("compare", SAMPLE, SAMPLE, "--fail-on", "2%"), "--fail-on needs two different runs"),
        (("history", "--out", "nowhere"), "There is no run in nowhere"),
        (("attach", "nowhere", "DISCOVERY.md"), "There is no experiment at nowhere"),
        (("open", "nowhere"), "There is no experiment at nowhere"),
        (("open", "--out", "nowhere"), "There is no run in nowhere"),
    ],
)
def test_a_mistake_is_one_sentence_with_what_to_do(arguments: tuple[str, ...], says: str, temporary: Path) -> None:
    done = lab_here(*arguments, temporary=temporary)
    assert done.returncode == 2, done.stderr
    assert says in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    done = CliRunner().invoke(app, [command, "--help"], terminal_width=200)
    assert done.exit_code == 0
    assert f"lab {command}" in done.stdout.split("Example", 1)[1]


def test_the_version_is_that_of_the_project() -> None:
    done = CliRunner().invoke(app, ["--version"])
    assert done.exit_code == 0
    assert tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"] in done.stdout


def test_help_and_completion_wait_for_no_library_that_only_commands_need() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import sys, lab.cli; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert {"typer", "rich"} <= loaded
    assert not loaded & {"pandas", "numpy", "faker", "sqlglot", "psycopg", "pydantic", "jinja2", "docker"}


def test_every_command_and_every_case_is_documented() -> None:
    documented = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    for command in COMMANDS:
        assert f"`lab {command}" in documented
    assert case_names()[-1] in documented


def test_list_prints_json_for_a_program() -> None:
    listed = json.loads(lab_here("list", "--json").stdout)["scenarios"]
    assert {"scenario", "category", "title", "needs", "gives_up", "parameters"} == set(listed[0])
    assert "drop_raw_response+retention_7d" in {entry["scenario"] for entry in listed}


def test_a_report_is_made_again_from_the_experiment_alone(tmp_path: Path) -> None:
    measured = (runs.FILE, "outcomes", "auxiliary")
    for name in measured:
        copy = shutil.copy if (SAMPLE / name).is_file() else shutil.copytree
        copy(SAMPLE / name, tmp_path / name)
    done = lab_here("report", tmp_path, "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["recommendation"]["scenario"]
    assert (tmp_path / "report.md").read_text(encoding="utf-8") == (SAMPLE / "report.md").read_text(encoding="utf-8")


def test_a_report_under_other_limits_decides_anew_and_measures_nothing(tmp_path: Path) -> None:
    shutil.copytree(FORMAT_1, tmp_path / "run")
    decision = json.loads(lab_here("report", tmp_path / "run", "--json", "--keep-history").stdout)["decision"]
    excluded = {name: {breach["limit"] for breach in broken} for name, broken in decision["excluded"].items()}
    assert "keep history" in excluded["retention_7d"]
    assert decision["constraints"]["target_bytes"] == runs.load(FORMAT_1).constraints.target_bytes
    assert (tmp_path / "run" / runs.FILE).read_bytes() == (FORMAT_1 / runs.FILE).read_bytes()


@pytest.mark.slow
def test_open_shows_the_page_of_the_newest_run_and_says_where_it_lies(tmp_path: Path) -> None:
    for name in ("20260101-000000-old", "20260201-000000-new"):
        shutil.copytree(FORMAT_1, tmp_path / name)
    page = tmp_path / "20260201-000000-new" / PAGE
    shown = opened(tmp_path, BROWSER="echo opened %s")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.split() == [str(page), "opened", page.as_uri()]
    assert page.is_file()


@pytest.mark.slow
def test_open_says_where_the_page_lies_when_there_is_no_browser(tmp_path: Path) -> None:
    shutil.copytree(FORMAT_1, tmp_path / "run")
    shown = opened(tmp_path, BROWSER="nothing", PATH="")
    assert shown.returncode == 2
    page = tmp_path / "run" / PAGE
    assert f"No browser can be opened here. Open {page} in one" in " ".join(shown.stderr.split())
    assert shown.stdout.strip() == str(page)


def opened(results: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [*LAB, "open", "--out", str(results)]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=600
    )


def test_attach_makes_the_document_where_there_is_none(tmp_path: Path) -> None:
    document = tmp_path / "DISCOVERY.md"
    for _ in range(2):
        assert lab_here("attach", SAMPLE, document).returncode == 0
    assert document.read_text(encoding="utf-8").count("lab:begin") == 1


def test_a_run_writes_its_results_and_leaves_nothing_else(tmp_path: Path, temporary: Path) -> None:
    done = small_run("drop_raw_response", "--json=lines", out=tmp_path, temporary=temporary)
    assert done.returncode == 0, done.stderr
    (folder,) = runs.folders(tmp_path)
    assert {path.name for path in folder.iterdir()} == {
        *("case.json", "experiment.json", "outcomes"),
        *RENDERERS,
    }
    experiment = runs.load(folder)
    assert [outcome.scenario for outcome in experiment.outcomes] == ["baseline", "drop_raw_response", "baseline"]
    assert all(isinstance(outcome, Completed) for outcome in experiment.outcomes)
    events = [checked("event", line)["event"] for line in done.stdout.splitlines()]
    ended = [event for event in events if event["kind"] == "trial ended"]
    assert sorted(event["trial"]["scenario"] for event in ended) == ["baseline", "baseline", "drop_raw_response"]
    assert {"settle", "verify"} <= {event["step"] for event in events if event["kind"] == "step began"}
    assert events[0]["kind"] == "announced"
    assert events[-1]["kind"] == "run ended"
    assert checked("run", json.dumps(events[-1]["results"]))["run"] == experiment.run
    assert ended[-1]["share"] == pytest.approx(1)
    for kind, file in saved(folder):
        checked(kind, file.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_what_no_server_can_run_is_skipped_and_is_no_failure(tmp_path: Path, temporary: Path) -> None:
    done = small_run("hypertable_compression", "--json", "--quiet", out=tmp_path, temporary=temporary)
    assert done.returncode == 0, done.stderr
    assert "native has no TimescaleDB" in done.stdout
    assert json.loads(done.stdout)["run"]
    assert not done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_keeps_what_was_measured_and_removes_its_servers(
    number: signal.Signals, code: int, tmp_path: Path, temporary: Path
) -> None:
    """With more trials at once than the machine has cores, so that some wait for the one that works alone."""
    four = ("--server", "native", "--jobs", "4")
    command = [*LAB, "run", "-s", "all", *thin_run(temporary), *four, "--out", str(tmp_path)]
    environment = os.environ | {"TMPDIR": str(temporary)}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as process:
        wait_for_outcomes(tmp_path, 2)
        process.send_signal(number)
        process.communicate(timeout=120)
    assert process.returncode == code
    (folder,) = runs.folders(tmp_path)
    experiment = runs.load(folder)
    assert experiment.finished is None
    assert completed(experiment) >= 2
    assert not [outcome for outcome in experiment.outcomes if isinstance(outcome, Failed)]
    assert "was interrupted" in (folder / "report.md").read_text(encoding="utf-8")
