"""DISCOVERY.md belongs to a person; the lab writes between its markers, the same again from the same inputs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from data_gen import published
from lab import profiling
from lab.analysis.results import analyse
from lab.cli import app
from lab.discovery import DiscoveryInputs, provenance
from lab.errors import InputError
from lab.report import discovery, markdown, markers
from lab.report.page import document
from lab.values import Experiment
from tests.support import ROOT, SAMPLE

EXAMPLE = ROOT / "docs" / "example"
CASE = "data_gen/cases/2026-02-17.json"
SECTIONS = ["Profiling Results", "Storage Drivers", "Questions", "Optimization Opportunities", "Recommended Strategy"]


@pytest.fixture(scope="module")
def inputs(sample: Experiment) -> DiscoveryInputs:
    return DiscoveryInputs(profile=published.load(ROOT / CASE), results=analyse(sample))


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths in a document are as they were given: relative to the project, for the example."""
    monkeypatch.chdir(ROOT)


def lab(*arguments: str | Path) -> None:
    """A command in this process; a mistake is raised."""
    CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False)


def discover(out: Path, *more: str | Path) -> None:
    lab("discover", "--profile", "2026-02-17", *more, "-o", out)


def written(folder: Path) -> dict[str, bytes]:
    """Every file below the folder, with its path there."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_the_example_is_made_again_from_its_inputs_to_the_byte(tmp_path: Path) -> None:
    discover(tmp_path / "DISCOVERY.md", "--run", "results/sample")
    assert written(tmp_path) == written(EXAMPLE)


def test_the_example_has_every_section_and_names_its_sources() -> None:
    text = (EXAMPLE / "DISCOVERY.md").read_text(encoding="utf-8")
    heads = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert heads == [*SECTIONS, "Risk Assessment", "Verification Checklist", "Sources"]
    assert CASE in text
    assert "results/sample/experiment.json" in text
    assert "`lab run --case 2026-02-17 --size" in text


def test_the_summary_has_the_form_of_the_plan() -> None:
    text = (EXAMPLE / discovery.SUMMARY).read_text(encoding="utf-8")
    heads = re.findall(r"^## (.*)$", text, re.MULTILINE)
    parts = ["Accomplishments", "Key Findings", "Recommended Strategy", "Decisions", "Issues", "Readiness"]
    assert heads == parts


def test_what_a_person_writes_survives_any_number_of_runs(inputs: DiscoveryInputs, sample: Experiment) -> None:
    text, analysed = discovery.document("", inputs, ()), analyse(sample)
    for number, end in enumerate(re.findall(r"^<!-- lab:end .* -->$", text, re.MULTILINE)):
        text = text.replace(end + "\n", f"{end}\nBy hand, {number}: lab:begin is a word.\n", 1)
    text = "Above all.\n" + text.replace("# Storage discovery", "# Our database") + "Below, without newline"
    again = text
    for _ in range(3):
        again = discovery.document(markdown.attach(again, analysed), inputs, ())
    assert markdown.section(analysed) in again
    assert again.replace("\n\n" + markdown.section(analysed), "") == text


def test_numbers_that_were_edited_are_written_anew(inputs: DiscoveryInputs) -> None:
    text = discovery.document("", inputs, ())
    assert discovery.document(text.replace("23.0 GB", "1.00 GB"), inputs, ()) == text


@pytest.mark.parametrize("section", ["overview", "storage-drivers", "sources"])
def test_a_section_that_was_deleted_comes_back_in_its_place(inputs: DiscoveryInputs, section: str) -> None:
    text = discovery.document("", inputs, ())
    first, rest = text.split(markers.begin(section))
    without = first + rest.split(markers.end(section) + "\n", 1)[1]
    again = discovery.document(without, inputs, ())
    assert re.findall(r"lab:begin (.*) -->", again) == re.findall(r"lab:begin (.*) -->", text)


def test_one_windows_newline_makes_no_windows_document(inputs: DiscoveryInputs) -> None:
    document = discovery.document("# mine\r\nand\nmine\n", inputs, ())
    assert document.count("\r\n") == 1


def test_a_run_of_a_profile_names_the_case_that_it_left_and_where_it_ran(sample: Experiment) -> None:
    own = replace(sample, plan=replace(sample.plan, dataset=replace(sample.plan.dataset, case="profile-mine")))
    command = provenance.of_run(own, "results/a/experiment.json", "", case_file="results/a/case.json").command
    assert command.startswith(f"lab run --profile results/a/case.json --size {sample.plan.size_bytes >> 20}MB")
    alone = replace(
        own, plan=replace(own.plan, trials=tuple(trial for trial in own.plan.trials if trial.server == "native"))
    )
    assert " --server native --size" in provenance.of_run(alone, "", "", case_file=None).command


def test_a_profile_with_another_target_says_it_in_its_command(inputs: DiscoveryInputs) -> None:
    forecast = replace(inputs.profile.forecast, target_bytes=50 << 20)
    command = provenance.of_profile(replace(inputs.profile, forecast=forecast), "p.json", "").command
    assert command.endswith(" --target 50MB")
    untold = replace(inputs.profile, forecast=replace(forecast, target_bytes=None))
    assert "--target" not in provenance.of_profile(untold, "p.json", "").command


def test_windows_newlines_stay(inputs: DiscoveryInputs) -> None:
    text = discovery.document("# Ours\r\n\r\nText\r\n", inputs, ())
    assert "\n" not in text.replace("\r\n", "")
    assert discovery.document(text, inputs, ()) == text


def test_a_comment_in_what_is_reported_cannot_end_a_section() -> None:
    once = markers.put("", {"a": "text\n<!-- lab:end a -->\nmore"})
    assert markers.put(once, {"a": "new"}) == markers.section("new", "a")


BEGIN, END = markers.begin("storage-drivers"), markers.end("storage-drivers")


@pytest.mark.parametrize(
    ("document", "line", "says"),
    [
        (f"one\n{BEGIN}\ntext\n", 2, "has no end"),
        (f"one\n\n{END}\n", 3, "has no begin marker before it"),
        (f"{END}\n{BEGIN}\n", 1, "has no begin marker before it"),
        (f"{BEGIN}\n{END}\n{BEGIN}\n{END}\n", 3, "occurs a second time"),
        (f"{BEGIN}\n{markers.begin('answers')}\n{markers.end('answers')}\n{END}\n", 2, "is inside the section"),
        (f"{BEGIN}\n{markers.end('answers')}\n", 2, "is inside the section"),
        (f"{BEGIN}\n<!-- lab:end storage-drivers\n", 2, "is not a valid one"),
        (f"{BEGIN}\n<!--lab:end storage-drivers-->\n", 2, "is not a valid one"),
        (f"> {BEGIN}\n{END}\n", 1, "is not a valid one"),
        ("<!-- LAB:BEGIN storage-drivers -->\n" + END, 1, "is not a valid one"),
    ],
)
def test_damaged_markers_are_named_by_their_line_and_nothing_is_written(
    document: str, line: int, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "DISCOVERY.md"
    path.write_text(document, encoding="utf-8")
    with pytest.raises(InputError, match=f"DISCOVERY.md: Line {line}: .*{says}"):
        discover(path)
    assert written(tmp_path) == {"DISCOVERY.md": document.encode()}


def test_a_damaged_summary_keeps_the_document_from_being_written_too(tmp_path: Path) -> None:
    (tmp_path / discovery.SUMMARY).write_text(markers.begin("issues"), encoding="utf-8")
    with pytest.raises(InputError, match=f"{discovery.SUMMARY}: Line 1: "):
        discover(tmp_path / "DISCOVERY.md")
    assert list(written(tmp_path)) == [discovery.SUMMARY]


def test_damage_is_found_in_the_tables_of_a_run_too(sample: Experiment) -> None:
    with pytest.raises(InputError, match="Line 2"):
        markdown.attach(f"{markers.begin()}\n{markers.begin()}\n{markers.end()}\n", analyse(sample))


def test_a_document_without_run_and_sources_names_the_commands(tmp_path: Path) -> None:
    discover(tmp_path / "DISCOVERY.md")
    text = (tmp_path / "DISCOVERY.md").read_text(encoding="utf-8")
    assert "`lab run -s drop_raw_response`" in text
    assert "`lab usage SRC" in text
    assert "saves of the sample" not in text


def test_a_profile_that_was_written_is_discovered_like_its_case(tmp_path: Path) -> None:
    file = tmp_path / "profile.json"
    lab("profile", "--case", "2026-02-17", "-o", file)
    lab("discover", "--profile", file, "-o", tmp_path / "DISCOVERY.md")
    discover(tmp_path / "CASE.md")
    texts = [(tmp_path / name).read_text(encoding="utf-8") for name in ("DISCOVERY.md", "CASE.md")]
    before = [text.split("## Sources")[0] for text in texts]
    assert before[0] == before[1]
    assert file.as_posix() in texts[0]


def test_profile_and_usage_print_json_for_a_program() -> None:
    printed = CliRunner().invoke(app, ["profile", "--case", "2026-02-17", "--target", "1GB", "--json"]).stdout
    assert printed == profiling.text(published.load(ROOT / CASE, target_bytes=1 << 30))
    (usage,) = json.loads(CliRunner().invoke(app, ["usage", "tests/usage/trees/app", "--json"]).stdout)["usages"]
    assert usage["column"] == "raw_response"
    assert usage["reading"] == "read"


@pytest.mark.slow
def test_sources_are_looked_through_for_the_payload_and_the_outcomes(tmp_path: Path) -> None:
    tree = "tests/usage/trees/app"
    discover(tmp_path / "DISCOVERY.md", "--usage", tree, "--run", SAMPLE)
    text = (tmp_path / "DISCOVERY.md").read_text(encoding="utf-8")
    assert f"`lab usage {tree} --column raw_response " in text
    assert f"`lab usage {tree} --column outcomes " in text
    assert "`storage/writer.py:7` writes `raw_response`" in text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("discover", "--profile", "nowhere"), "neither a file nor a case nowhere"),
        (("discover", "--profile", "README.md"), "not JSON"),
        (("discover", "--profile", "2026-02-17", "--run", "nowhere"), "no experiment at nowhere"),
        (("discover", "--profile", "2026-02-17", "--usage", "nowhere"), "nowhere"),
        (("discover", "--profile", "2026-02-17", "-o", "nowhere/DISCOVERY.md"), "cannot be written.*Make its folder"),
        (("discover", "--profile", "2026-02-17", "-o", "100-01-SUMMARY.md"), "name of the summary"),
        (("discover", "--profile", "2026-02-17", "-o", "D.html"), "name of the page"),
        (("profile", "postgresql://nobody@/x", "--case", "2026-02-17"), "Name one of them"),
        (("profile", "--case", "2026-02-18"), "There is no case '2026-02-18'"),
        (("profile", "--case", "2026-02-17", "--target", "big"), "is not a size"),
        (("usage", "nowhere"), "nowhere"),
        (("usage", "tests/usage/trees/app", "--column", "a b"), "not the name of a column"),
    ],
)
def test_a_mistake_is_one_sentence_and_leaves_nothing(arguments: tuple[str, ...], says: str) -> None:
    with pytest.raises(InputError, match=says):
        lab(*arguments)
    assert not (ROOT / discovery.SUMMARY).exists()


@pytest.mark.parametrize(("profile", "code"), [("2026-02-17", 0), pytest.param("nowhere", 2, marks=pytest.mark.slow)])
def test_the_exit_code_says_whether_it_was_written(profile: str, code: int, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lab.cli", "discover", "--profile", profile, "-o", str(tmp_path / "D.md")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == code, done.stderr
    assert (tmp_path / "D.md").exists() == (code == 0)
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_document_is_replaced_as_a_whole_and_a_link_stays_a_link(tmp_path: Path) -> None:
    shutil.copy(EXAMPLE / "DISCOVERY.md", tmp_path / "real.md")
    (tmp_path / "DISCOVERY.md").symlink_to("real.md")
    discover(tmp_path / "DISCOVERY.md", "--run", "results/sample")
    assert (tmp_path / "DISCOVERY.md").is_symlink()
    assert (tmp_path / "real.md").read_bytes() == (EXAMPLE / "DISCOVERY.md").read_bytes()
    assert not list(tmp_path.glob(".*"))


def test_each_table_and_each_block_of_code_of_a_page_scrolls_in_a_region_of_its_own() -> None:
    table, code = "| a |\n| --- |\n| 1 |\n", "```\nSELECT 1\n```\n"
    page = document(f"{table}\n{table}\n{code}\n{table}", {})
    assert re.findall(r'<div class="scroll"|</div>|</table>|</pre>', page[page.index('<div class="scroll"') :])[
        :12
    ] == [
        *('<div class="scroll"', "</table>", "</div>") * 2,
        *('<div class="scroll"', "</pre>", "</div>"),
        *('<div class="scroll"', "</table>", "</div>"),
    ]


@pytest.mark.slow
def test_two_documents_in_a_folder_keep_their_own_summaries(tmp_path: Path) -> None:
    discover(tmp_path / "DISCOVERY.md")
    first = written(tmp_path)
    discover(tmp_path / "D5.md", "--run", SAMPLE)
    assert {name: text for name, text in written(tmp_path).items() if name in first} == first
    assert f"D5-{discovery.SUMMARY}" in written(tmp_path)
