"""README and docs show what the code makes of the committed run, and name only what there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from lab.analysis.results import Results, analyse
from lab.cli.app import app
from lab.cli.results import with_scenarios
from lab.report import markdown
from lab.report.page import pictures
from lab.values import Experiment
from tests.support import ROOT

README, DOCS = ROOT / "README.md", ROOT / "docs"
WRITTEN = [README, ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]
"""The documents that people write; DISCOVERY.md is made, and its links are held with it."""
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"^```sh\n(.*?)^```|`([^`\n]+(?:\n[^`\n]+)?)`", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^(?:\.venv/bin/)?lab +([a-z]+)\b([^#\n]*)", re.MULTILINE)
OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")


@pytest.fixture(scope="module")
def results(sample: Experiment) -> Results:
    return analyse(sample)


def test_the_readme_is_short_and_shows_the_pick_of_the_committed_run(results: Results) -> None:
    text = README.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    assert markdown.pick(results) in text


def test_a_page_shows_the_tables_of_the_committed_run(results: Results) -> None:
    assert markdown.section(results) in (DOCS / "sample.md").read_text(encoding="utf-8")


def test_the_pictures_are_those_of_the_committed_run(results: Results) -> None:
    """`make shown` makes them."""
    drawn = pictures(results)
    assert {path.name for path in (DOCS / "pictures").iterdir()} == set(drawn)
    for name, picture in drawn.items():
        assert (DOCS / "pictures" / name).read_text(encoding="utf-8") == picture, name
        assert f"pictures/{name})" in (DOCS / "report.md").read_text(encoding="utf-8")


def test_the_page_of_scenarios_says_what_their_files_declare() -> None:
    """`lab list --attach docs/scenarios.md` makes it."""
    text = (DOCS / "scenarios.md").read_text(encoding="utf-8")
    assert with_scenarios(text) == text


def test_the_site_has_every_page() -> None:
    site = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert [path.name for path in DOCS.glob("*.md") if f": docs/{path.name}\n" not in site] == []


def anchors(path: Path) -> set[str]:
    """Of its headings, as they are linked to."""
    heads = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_every_link_leads_to_a_file_and_its_heading(path: Path) -> None:
    for link in LINK.findall(path.read_text(encoding="utf-8")):
        if "://" not in link:
            file, _, anchor = link.partition("#")
            there = (path.parent / file).resolve() if file else path
            assert there.exists(), f"{path.name}: {link}"
            assert not anchor or anchor in anchors(there), f"{path.name}: {link}"


def options() -> dict[str, set[str]]:
    """Each command with its options."""
    group = get_command(app)
    commands = group.commands  # type: ignore[attr-defined]
    return {
        name: {word for parameter in command.params for word in parameter.opts} for name, command in commands.items()
    }


def code(path: Path) -> str:
    """What a document has in blocks for the shell and between backticks, a line each."""
    return "\n".join(block or " ".join(span.split()) for block, span in CODE.findall(path.read_text(encoding="utf-8")))


def named(path: Path) -> Iterator[tuple[str, str]]:
    """Each command with each of the options that a document gives it, '' for none."""
    for command, rest in COMMAND.findall(code(path)):
        yield from ((command, option) for option in ("", *OPTION.findall(rest)))


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_every_command_in_a_document_exists_with_its_options(path: Path) -> None:
    have = options()
    wrong = {
        (command, option)
        for command, option in named(path)
        if command not in have or (option and option not in have[command])
    }
    assert not wrong


def test_a_wrong_option_in_a_document_is_found(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.md"
    wrong.write_text("lab says: `lab run --no-such-thing`\n```sh\nlab flee -x  # --y\n```\n", encoding="utf-8")
    assert set(named(wrong)) == {("run", ""), ("run", "--no-such-thing"), ("flee", ""), ("flee", "-x")}
