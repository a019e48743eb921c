"""Only regular files are read and replaced; whatever else lies at a path is named and left as it is."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lab import files, paths, runs
from lab.cli import app
from lab.errors import InputError
from tests.lab.commands import LAB
from tests.support import ROOT, SAMPLE, sampled

Lay = Callable[[Path], None]


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    """What waits for ever fails here, and does not hold up all tests."""

    def late(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(300)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def lab(*arguments: str | Path) -> str:
    """A command in this process; a mistake is raised."""
    return CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False).output


def lay_pipe(path: Path) -> None:
    os.mkfifo(path)


def lay_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def lay_device(path: Path) -> None:
    """A node like /dev/zero, so that no test risks the machine's own."""
    if os.geteuid() != 0:
        pytest.skip("only root makes device nodes")
    os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 5))


def lay_folder(path: Path) -> None:
    path.mkdir()


@pytest.fixture(params=[lay_pipe, lay_socket, lay_device, lay_folder], ids=["pipe", "socket", "device", "folder"])
def odd(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Something that is no regular file; its name is short, as that of a socket must be."""
    monkeypatch.chdir(tmp_path)
    path = Path("odd")
    request.param(path)
    return path


OUTPUTS = {
    "profile": ("profile", "--case", "2026-02-17", "-o"),
    "discover": ("discover", "--profile", "2026-02-17", "-o"),
    "attach": ("attach", SAMPLE),
}
INPUTS = {
    "run --profile": ("run", "--profile"),
    "profile --case": ("profile", "--case"),
    "discover --profile": ("discover", "--profile"),
    "discover --run": ("discover", "--profile", "2026-02-17", "--run"),
    "report": ("report",),
    "compare": ("compare",),
    "attach": ("attach",),
    "usage": ("usage",),
}


def arguments_of(command: str, path: Path) -> tuple[str | Path, ...]:
    return (*INPUTS[command], path, *(("DISCOVERY.md",) if command == "attach" else ()))


@pytest.mark.parametrize("command", OUTPUTS)
def test_what_is_no_regular_file_is_never_replaced(command: str, odd: Path) -> None:
    """A pipe that nobody reads is refused, too, and not waited for."""
    before = odd.lstat()
    with pytest.raises(InputError, match=r"odd cannot be written: (it is a|No such device)"):
        lab(*OUTPUTS[command], odd)
    after = odd.lstat()
    assert (before.st_ino, before.st_mode, before.st_rdev) == (after.st_ino, after.st_mode, after.st_rdev)
    assert [path.name for path in Path.cwd().iterdir()] == ["odd"]


@pytest.mark.parametrize("command", INPUTS)
def test_what_is_no_regular_file_is_never_read(command: str, odd: Path) -> None:
    if odd.is_dir() and command == "usage":
        pytest.skip("folders are what it reads")
    with pytest.raises(InputError, match=r"odd"):
        lab(*arguments_of(command, odd))
    assert [path.name for path in Path.cwd().iterdir()] == ["odd"]


@pytest.mark.parametrize("endless", ["/dev/zero", "/dev/random", "/proc/kmsg"])
@pytest.mark.parametrize("command", [name for name in INPUTS if name != "usage"])
def test_what_never_ends_is_never_read(
    command: str, endless: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    if not Path(endless).exists():
        pytest.skip(f"no {endless}")
    with pytest.raises(InputError, match=endless):
        lab(*arguments_of(command, Path(endless)))


def test_a_file_larger_than_any_document_is_not_read(tmp_path: Path) -> None:
    huge = tmp_path / "experiment.json"
    with huge.open("wb") as file:
        file.truncate(paths.LARGEST + 1)
    with pytest.raises(InputError, match="it is larger than 128 MiB"):
        lab("report", tmp_path)


def too_long(_: Path) -> str:
    return "x" * 300


def circular(folder: Path) -> str:
    (folder / "circle").symlink_to("circle")
    return str(folder / "circle")


def below_a_file(folder: Path) -> str:
    (folder / "file").touch()
    return str(folder / "file" / "below")


def empty(_: Path) -> str:
    return ""


@pytest.mark.parametrize("name", [too_long, circular, below_a_file, empty])
@pytest.mark.parametrize("command", [*INPUTS, *OUTPUTS])
def test_a_path_that_leads_nowhere_is_one_sentence(
    command: str, name: Callable[[Path], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    path = name(tmp_path)
    if (command, path) == ("usage", ""):
        pytest.skip("the empty path is this folder")
    with pytest.raises(InputError):
        lab(*(arguments_of(command, Path(path)) if command in INPUTS else (*OUTPUTS[command], path)))


@pytest.mark.parametrize(
    "arguments",
    sampled(
        [
            ("report", "locked/run"),
            ("discover", "--profile", "locked/profile.json"),
            ("discover", "--profile", "2026-02-17", "--run", "locked/run"),
            ("discover", "--profile", "2026-02-17", "-o", "locked/DISCOVERY.md"),
            ("profile", "--case", "locked/case.json"),
            ("usage", "locked/sources"),
        ],
        every=6,
    ),
)
def test_a_folder_that_may_not_be_entered_is_one_sentence(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """Root is given up the right to enter every folder, as any other user has it not."""
    (tmp_path / "locked").mkdir(mode=0)
    drop = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    if drop and not shutil.which("setpriv"):
        pytest.skip("root enters every folder, and there is no setpriv")
    command = [*drop, *LAB, *arguments]
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done.stderr
    assert "Permission denied" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("old", encoding="utf-8")
    for name in ("there.md", "new.md"):
        link = tmp_path / f"link to {name}"
        link.symlink_to(name)
        files.write(link, "text")
        assert link.is_symlink()
        assert (tmp_path / name).read_text(encoding="utf-8") == "text"


@pytest.mark.parametrize("name", ["measured.json", "link to it"])
@pytest.mark.parametrize(
    "command",
    [
        ("attach", SAMPLE),
        ("list", "--attach"),
        ("schema", "--attach"),
        ("discover", "--profile", "2026-02-17", "-o"),
        ("profile", "--case", "2026-02-17", "--html"),
        ("profile", "measured.json", "measured.json", "--html"),
        ("compare", SAMPLE, SAMPLE, "--html"),
    ],
)
def test_no_document_takes_the_place_of_what_was_measured(
    command: tuple[str | Path, ...], name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "measured.json").write_text("{}", encoding="utf-8")
    (tmp_path / "link to it").symlink_to("measured.json")
    with pytest.raises(InputError, match=f"{name} cannot be written: its name is that of a file of measurements"):
        lab(*command, name)
    assert (tmp_path / "measured.json").read_text(encoding="utf-8") == "{}"


def test_a_part_is_never_written_through_a_link_that_somebody_laid(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious", encoding="utf-8")
    (tmp_path / ".report.md.part").symlink_to("precious")
    files.write(tmp_path / "report.md", "text")
    assert (tmp_path / "precious").read_text(encoding="utf-8") == "precious"


def test_a_file_keeps_its_permissions(tmp_path: Path) -> None:
    document = tmp_path / "DISCOVERY.md"
    document.touch(mode=0o600)
    files.write(document, "text")
    assert stat.S_IMODE(document.stat().st_mode) == 0o600


def test_a_profile_is_written_into_a_pipe_that_is_read(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    descriptor = os.open(pipe, os.O_WRONLY)  # when this returns the reader is there
    lab("profile", "--case", "2026-02-17", "-o", pipe)
    os.close(descriptor)
    reader.join()
    assert read[0].startswith('{\n "format"')
    assert pipe.is_fifo()


def test_a_profile_is_written_to_a_terminal() -> None:
    mine, terminal = pty.openpty()
    text = "x" * 100
    files.write_or_stream(Path(os.ttyname(terminal)), text)
    assert os.read(mine, 200).decode() == text
    os.close(mine)
    os.close(terminal)


@pytest.mark.parametrize("into_a_file", sampled([False, True], every=2))
def test_a_profile_on_standard_output_is_all_that_is_printed(into_a_file: bool, tmp_path: Path) -> None:
    command = [*LAB, "profile", "--case", "2026-02-17"]
    with (tmp_path / "out").open("w+") as file:
        target = file if into_a_file else subprocess.PIPE
        done = subprocess.run([*command, "-o", "/dev/stdout"], cwd=ROOT, stdout=target, check=True, text=True)
        printed = (tmp_path / "out").read_text(encoding="utf-8") if into_a_file else done.stdout
    assert printed == lab("profile", "--case", "2026-02-17", "--json")


@pytest.mark.parametrize("command", ["discover", "attach"])
def test_a_document_that_is_read_again_cannot_be_a_stream(command: str) -> None:
    done = subprocess.run(
        [*LAB, *map(str, OUTPUTS[command]), "/dev/stdout"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "/dev/stdout cannot be written: it is the standard output. Name a regular file" in done.stderr


@pytest.mark.parametrize("arguments", sampled(["list", "list --json", "--help", "profile --case 2026-02-17"], every=4))
def test_a_full_disk_behind_the_output_is_one_sentence(arguments: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*LAB, *arguments.split()], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr == (
        "Error: The standard output cannot be written: No space left on device."
        " Files that the command wrote are complete.\n"
    )


def test_a_reader_that_is_gone_ends_the_command_in_silence() -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    done = subprocess.run([*LAB, "list"], cwd=ROOT, stdout=theirs, stderr=subprocess.PIPE, check=False)
    os.close(theirs)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, b"")


def test_messages_that_cannot_be_printed_end_nothing() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*LAB, "report", "nowhere"], cwd=ROOT, stderr=full, check=False)
    assert done.returncode == 2


def test_a_closed_output_is_no_mistake() -> None:
    command = ["sh", "-c", f"'{sys.executable}' -m lab.cli list >&-"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    "environment",
    sampled(
        [
            {"PYTHONIOENCODING": "ascii"},
            {"PYTHONIOENCODING": "latin-1"},
            {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        ],
        every=3,
    ),
)
def test_letters_that_the_terminal_does_not_know_are_replaced(environment: dict[str, str]) -> None:
    command = [*LAB, "profile", "--case", "2026-02-17"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert b"?" in done.stdout


ODD_NAMES = ["[/x] [bold]", "a\x1b[2Jb", b"\xff.md".decode("utf-8", "surrogateescape"), "ends with \\"]


@pytest.mark.parametrize("name", sampled(ODD_NAMES, every=4))
def test_names_are_printed_as_they_are_and_move_no_cursor(name: str, tmp_path: Path) -> None:
    """Of a run in `compare`, and of a document in `attach` and `discover`; bytes that are not UTF-8 do no harm."""
    (tmp_path / name).mkdir(parents=True)
    shutil.copy(SAMPLE / runs.FILE, tmp_path / name)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    for arguments in (("compare", name, "--json"), ("attach", name, f"{name}/doc.md"), ("report", f"{name}/nowhere")):
        command = [*LAB, *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
        assert b"Traceback" not in done.stderr
        assert b"\x1b" not in done.stdout + done.stderr
        if name.isprintable():
            assert name.encode() in done.stdout + done.stderr or arguments[0] == "compare"


def test_the_name_of_a_case_may_be_whatever_a_database_is_called(tmp_path: Path) -> None:
    folder = runs.new_run(tmp_path, "../" + "é" * 300, "16MB", datetime(2026, 11, 22, tzinfo=UTC))
    assert folder.parent == tmp_path
    assert folder.is_dir()


@pytest.mark.parametrize(
    "option",
    [
        *(("--size", "9" * 30), ("--case", "x" * 300), ("--seed", "9" * 30)),
        *(("--change-rate", "nan"), ("--change-rate", "inf"), ("--read-seconds", "nan"), ("--read-seconds", "-1")),
        *(("--write-seconds", "nan"), ("--write-seconds", "-1")),
    ],
)
def test_a_value_out_of_all_bounds_is_one_sentence(option: tuple[str, str], tmp_path: Path) -> None:
    command = ["run", "-s", "rewrite_only", "--server", "native", "--out", str(tmp_path), *option]
    done = CliRunner().invoke(app, command)
    assert isinstance(done.exception, InputError) or done.exit_code == 2
    assert not list(tmp_path.iterdir())
