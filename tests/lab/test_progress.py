"""What is seen of a run while it works: the same events as a display, as plain lines, as JSON lines, or not at all."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
from collections.abc import Iterator

import pytest
from rich.console import Console
from syrupy.assertion import SnapshotAssertion

from lab.cli import console
from lab.cli.progress import Display, JsonLines, PlainLines, reported, time_left
from lab.values.events import (
    Event,
    Message,
    RunAnnounced,
    RunPlanned,
    StepBegan,
    TrialBegan,
    TrialEnded,
    TrialName,
    ignore,
)
from tests.lab.commands import LAB
from tests.support import ROOT

LONG = "drop_raw_response+outcome_normalization_snapshot"
FIRST = TrialName(server="native", scenario="toast_lz4", repeat=1, dataset=None)
SECOND = TrialName(server="native", scenario=LONG, repeat=1, dataset="2 events with their full history")
THIRD = TrialName(server="pglite", scenario="baseline", repeat=2, dataset=None)

EVENTS: tuple[Event, ...] = (
    RunAnnounced(
        scenarios=("toast_lz4", LONG),
        size_bytes=48 << 20,
        servers=("container", "native", "pglite"),
        downloads=("pglite with TimescaleDB, 24 MB, from npm's registry",),
    ),
    Message(text="starting PostgreSQL 17.10"),
    RunPlanned(trials=12, servers=("native", "pglite"), expected_seconds=700),
    Message(server="pglite", text="generating and loading 4 events"),
    TrialBegan(trial=FIRST),
    StepBegan(trial=FIRST, step="rewrite"),
    TrialEnded(trial=FIRST, outcome="exact", reason=None, ended=1, share=0.1),
    TrialBegan(trial=SECOND),
    StepBegan(trial=SECOND, step="replace the tables by a view"),
    TrialBegan(trial=THIRD),
    TrialEnded(trial=THIRD, outcome="failed", reason="No space left on device", ended=2, share=0.25),
    TrialBegan(trial=FIRST, kept=True),
)


@pytest.fixture
def err(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is written on standard error, which is no terminal."""
    printed = io.StringIO()
    monkeypatch.setattr(console, "err", Console(file=printed, width=200))
    return printed


def clock() -> Iterator[float]:
    """A second passes from look to look."""
    yield from map(float, range(1000))


@pytest.mark.parametrize("width", [80, 120])
def test_a_terminal_shows_a_line_for_each_server_and_a_bar(
    width: int, err: io.StringIO, snapshot: SnapshotAssertion
) -> None:
    seconds = clock()
    display = Display(lambda: next(seconds))
    screens = []
    for event in EVENTS:
        display(event)
        screen = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
        screen.print(display.render())
        screens.append(screen.file.getvalue())  # type: ignore[attr-defined]
    assert max(len(line) for screen in screens for line in screen.splitlines()) <= width
    assert [screens[2], screens[5], screens[9], screens[-1], err.getvalue()] == snapshot


def test_elsewhere_there_are_plain_lines(err: io.StringIO, snapshot: SnapshotAssertion) -> None:
    seconds = clock()
    lines = PlainLines(lambda: next(seconds))
    for event in EVENTS:
        lines(event)
    assert err.getvalue() == snapshot


def test_each_event_is_a_line_of_json_of_one_shape(capsys: pytest.CaptureFixture[str]) -> None:
    lines = JsonLines(lambda: 0.0)
    for event in EVENTS:
        lines(event)
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"]["kind"] for line in printed] == [event.kind for event in EVENTS]
    assert all(line.keys() == {"format", "seconds", "event"} for line in printed)
    assert printed[4]["event"]["trial"] == {"server": "native", "scenario": "toast_lz4", "repeat": 1, "dataset": None}


def test_quiet_reports_nothing_and_no_terminal_gets_plain_lines(err: io.StringIO) -> None:
    with reported(quiet=True) as listener:
        assert listener is ignore
    with reported() as listener:
        assert isinstance(listener, PlainLines)
    assert not err.getvalue()


def test_the_time_left_is_the_plans_at_first_and_then_learned() -> None:
    assert time_left(600, 0, 0.0) == 600
    assert time_left(600, 60, 0.01) == 540
    assert time_left(600, 900, 0.01) == 0
    assert time_left(600, 60, 0.5) == 60
    assert time_left(600, 60, 1.0) == 0


@pytest.mark.parametrize("no_color", [True, False])
def test_no_color_leaves_the_colours_out(no_color: bool) -> None:
    """On a real terminal, where the word Error is red."""
    ours, theirs = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
    wanted = {"TERM": "xterm-256color"} | ({"NO_COLOR": "1"} if no_color else {})
    with subprocess.Popen(
        [*LAB, "report", "nowhere"], cwd=ROOT, env=environment | wanted, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        written = b""
        try:
            while block := os.read(ours, 4096):
                written += block
        except OSError:  # the terminal is closed
            pass
        process.wait()
    os.close(ours)
    assert b"There is no experiment" in written
    assert bool(re.search(rb"\x1b\[(?:\d+;)*3\d", written)) != no_color
