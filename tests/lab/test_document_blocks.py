"""The blocks for the shell in README and docs: each command is carried out on a small database, as a reader would.

A run that takes minutes is ended with Ctrl-C in its first trial, as one that waits for it is. What is no command of the lab is
tried in test_document_code.py.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from lab.cli.app import app
from lab.trial.template import Bench
from tests.lab.commands import LAB
from tests.lab.test_documents import DOCS, WRITTEN, code
from tests.support import ROOT, SAMPLE
from tests.thin import thin_run

BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
SCENARIO = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
TARGET = re.compile(r"^make ([a-z]+)", re.MULTILINE)
READER = "postgresql://reader@host/odds"
EXAMPLES = {"NAME": "swap_index", "results/RUN": "results/sample", "../odds-app": "app"}
"""What stands in a document for something of the reader's own, and what takes its place here."""
OWN = ("--scenarios", "my-scenarios")
"""Where a scenario of that name lies here: the one that docs/write-a-scenario.md shows."""
QUICK = ("--size", "12MB", "--read-seconds", "0", "--write-seconds", "0")
TRIAL = re.compile(r" native: baseline")
KEPT = re.compile(r" native: .*psql ")
"""What a run says of its first trial, and of a database that it keeps."""
PARTLY = ("fidelity",)
"""The commands that also tell by their exit code that the database is too small to be like another one."""


def lines() -> list[list[str]]:
    """The arguments of each `lab` in a block for the shell, once, up to a pipe."""
    blocks = [block for path in WRITTEN for block in BLOCK.findall(path.read_text(encoding="utf-8"))]
    shell_lines = {line.removeprefix(".venv/bin/") for block in blocks for line in block.splitlines()}
    asked = [
        shlex.split(line.partition(" | ")[0], comments=True) for line in sorted(shell_lines) if line.startswith("lab ")
    ]
    return [[EXAMPLES.get(word, word) for word in words[1:]] for words in asked]


def is_twice(words: list[str]) -> bool:
    """Whether it is the same as another one but for the folder in which one's own scenario lies."""
    return EXAMPLES["NAME"] in words and OWN[0] not in words and "--keep-databases" not in words


def is_ended(words: list[str]) -> bool:
    """Whether the reader waits for minutes, or ends it."""
    return words[0] == "run" and ("-s" not in words or "--keep-databases" in words)


@pytest.mark.parametrize("words", lines(), ids=" ".join)
def test_every_command_in_a_block_is_understood(words: list[str]) -> None:
    name, *arguments = words
    command = get_command(app).commands[name]  # type: ignore[attr-defined]
    with command.make_context(name, arguments) as context:
        assert set(context.params)


def test_blocks_have_commands_of_each_kind() -> None:
    done = {words[0] for words in lines() if not is_twice(words)}
    assert done == {"check", "discover", "doctor", "fidelity", "list", "profile", "report", "run"}


def carried_out(words: list[str], folder: Path, temporary: Path) -> subprocess.CompletedProcess[str]:
    """The command in that folder; `lab run` and `lab fidelity` on the smallest database that there is."""
    if words[0] == "run":
        place = words.index("--size")
        words = [*words[:place], *thin_run(temporary), *words[place + 2 :]]
    if words[0] == "fidelity":
        words = [*words, "--size", "24MB"]
    environment = os.environ | {"COLUMNS": "300", "TMPDIR": str(temporary)}
    command = [*LAB, *words]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=600
    )


@pytest.fixture(scope="module")
def reader(bench: Bench) -> Iterator[str]:
    """The address of a small database of odds."""
    with bench.fresh() as (_, database):
        yield database.conninfo


@pytest.fixture(scope="module")
def desk(reader: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reader's folder, with all that a block takes for granted from the blocks before it."""
    folder = tmp_path_factory.mktemp("desk")
    shutil.copytree(SAMPLE, folder / "results" / "sample")
    shutil.copytree(ROOT / "tests" / "usage" / "trees" / "app", folder / "app")
    (folder / OWN[1]).mkdir()
    (shown, *_) = SCENARIO.findall((DOCS / "write-a-scenario.md").read_text(encoding="utf-8"))
    (folder / OWN[1] / f"{EXAMPLES['NAME']}.py").write_text(shown, encoding="utf-8")
    for words in (
        ["profile", reader, "-o", "profile.json"],
        ["check", reader, "--strategy", "outcome_normalization_snapshot", "-o", "check.json"],
    ):
        done = carried_out(words, folder, folder)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", [words for words in lines() if not is_twice(words) and not is_ended(words)], ids=" ".join
)
def test_every_command_in_a_block_does_its_work(words: list[str], desk: Path, reader: str, temporary: Path) -> None:
    done = carried_out([reader if word == READER else word for word in words], desk, temporary)
    assert done.returncode in ((0, 1) if words[0] in PARTLY else (0,)), done.stdout + done.stderr
    assert done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("words", [words for words in lines() if is_ended(words)], ids=" ".join)
def test_every_long_command_in_a_block_works_until_it_is_ended(words: list[str], desk: Path, temporary: Path) -> None:
    waits = "--keep-databases" in words
    own = OWN if EXAMPLES["NAME"] in words else ()
    server = () if "--server" in words else ("--server", "native")
    with subprocess.Popen(
        [*LAB, *words, *own, *QUICK, *server],
        cwd=desk,
        env=os.environ | {"COLUMNS": "300", "TMPDIR": str(temporary), "XDG_CACHE_HOME": str(temporary)},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stderr
        begun = next((line for line in process.stderr if (KEPT if waits else TRIAL).search(line)), None)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)
    assert begun
    assert process.returncode == (0 if waits else 128 + signal.SIGINT)


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_every_target_of_make_in_a_document_exists(path: Path) -> None:
    for target in set(TARGET.findall(code(path))):
        tried = subprocess.run(
            ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
        )
        assert tried.returncode == 0, tried.stderr


def test_a_target_that_make_does_not_have_is_found() -> None:
    tried = subprocess.run(["make", "--dry-run", "flee"], cwd=ROOT, capture_output=True, check=False, timeout=60)
    assert tried.returncode == 2
