"""What is looked at, and what is passed over: never silently."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from lab.errors import InputError
from lab.usage.search import look
from lab.usage.values import Usage
from tests.usage.conftest import MODELS, Read

READS = "print(snapshot.raw_response)\n"


def at(*roots: Path) -> Usage:
    (usage,) = look(roots, ["raw_response"])
    return usage


def reasons(usage: Usage) -> dict[str, str]:
    return {file.path: file.reason for file in usage.skipped}


def test_a_source_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"There is no .*nowhere") as error:
        at(tmp_path / "nowhere")
    assert error.value.hint


def test_no_source_is_an_error() -> None:
    with pytest.raises(InputError, match="No source"):
        at()


@pytest.mark.parametrize("name", ["a.b", "raw response", "", "x;--"])
def test_what_cannot_be_a_column_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="not the name of a column"):
        look([tmp_path], [name])


def test_an_empty_folder_answers_nothing(tmp_path: Path) -> None:
    assert at(tmp_path).reading == "not mentioned"
    assert "right ones" in at(tmp_path).verdict


def test_a_single_file_is_a_source(tmp_path: Path) -> None:
    path = tmp_path / "one.py"
    path.write_text(READS)
    assert [hit.path for hit in at(path).hits] == ["one.py"]


def test_hits_of_several_sources_say_which(tmp_path: Path) -> None:
    for name in ("api", "worker"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "code.py").write_text(READS)
    assert [hit.path for hit in at(tmp_path / "api", tmp_path / "worker").hits] == ["api/code.py", "worker/code.py"]


def test_sources_of_the_same_name_lose_no_file_and_are_told_apart(tmp_path: Path) -> None:
    for name, text in (("api", MODELS), ("worker", "class Old(OddsSnapshot): ...\n"), ("web", READS)):
        (tmp_path / name / "src").mkdir(parents=True)
        (tmp_path / name / "src" / "code.py").write_text(text)
    (tmp_path / "worker" / "src" / "load.py").write_text("select(Old)\n")
    usage = at(tmp_path / "api" / "src", tmp_path / "worker" / "src", tmp_path / "web" / "src" / "code.py")
    assert [hit.path for hit in usage.hits] == ["api/src/code.py", "worker/src/load.py", "code.py"]


def test_sources_that_overlap_count_once(tmp_path: Path) -> None:
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "code.py").write_text(READS)
    assert len(at(tmp_path, tmp_path / "api").hits) == 1


def test_what_is_not_ours_is_passed_over_and_said(tmp_path: Path) -> None:
    for folder in (".git", "web/node_modules", "env", "lib/site-packages"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "code.py").write_text(READS)
    (tmp_path / "env" / "pyvenv.cfg").touch()
    usage = at(tmp_path)
    assert not usage.hits
    assert set(reasons(usage)) == {".git/", "web/node_modules/", "env/", "lib/site-packages/"}


def test_binary_and_huge_files_are_passed_over_and_said(tmp_path: Path) -> None:
    (tmp_path / "image.png").write_bytes(b"\x89PNG\0raw_response")
    (tmp_path / "huge.sql").write_bytes(b"-- raw_response\n" * 300_000)
    os.mkfifo(tmp_path / "pipe")
    assert reasons(at(tmp_path)) == {
        "huge.sql": "cannot be read: it is larger than 4 MiB",
        "image.png": "binary",
        "pipe": "cannot be read: it is a pipe, not a regular file",
    }


def test_links_that_lead_in_circles_or_nowhere_end(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text(READS)
    (tmp_path / "again.py").symlink_to("code.py")
    (tmp_path / "circle").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to("self")
    (tmp_path / "gone").symlink_to("nowhere")
    usage = at(tmp_path)
    assert len(usage.hits) == 1
    assert {"circle/", "self", "gone"} == set(reasons(usage))


def test_a_source_that_cannot_be_listed_is_an_error() -> None:
    with subprocess.Popen(["true"]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        folder = Path(f"/proc/{process.pid}/net")  # of a process that has ended: it is there, and nobody may list it
        with pytest.raises(InputError, match=f"{folder} cannot be listed: .") as error:
            at(folder)
    assert error.value.hint


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_listed_is_said_like_every_other(tmp_path: Path) -> None:
    (tmp_path / "api" / "secret").mkdir(parents=True)
    (tmp_path / "api" / "secret").chmod(0)
    assert "cannot be listed" in reasons(at(tmp_path))["api/secret/"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_text(READS)
    (tmp_path / "secret.py").chmod(0)
    assert "cannot be read" in reasons(at(tmp_path))["secret.py"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"print snapshot.raw_response\n", "not Python 3"),
        (b"def f(:\n    return snapshot.raw_response\n", "not Python 3"),
        ("# Größe\nx = snapshot.raw_response\n".encode("latin-1"), "encoding"),
        (b"# coding: klingon\nx = snapshot.raw_response\n", "encoding"),
        (b"x = snapshot.raw_response\n" + b"(" * 5000 + b")" * 5000, "not Python 3"),
    ],
)
def test_python_that_cannot_be_parsed_is_looked_through_by_words(tmp_path: Path, data: bytes, reason: str) -> None:
    (tmp_path / "old.py").write_bytes(data)
    usage = at(tmp_path)
    assert reason in usage.unparsed[0].reason
    assert [hit.access for hit in usage.hits] == ["unclear"]
    assert usage.reading == "perhaps read"


@pytest.mark.parametrize(
    "data",
    [
        "# -*- coding: latin-1 -*-\n# Größe\nx = snapshot.raw_response\n".encode("latin-1"),
        b"\xef\xbb\xbfx = 1\ny = snapshot.raw_response\n",
        "x = snapshot.raw_response\n".encode("utf-16"),
        b"x = 1\r\ny = snapshot.raw_response\r\n",
        b"x = 1\ry = snapshot.raw_response\r",
    ],
)
def test_every_encoding_and_line_ending_that_python_knows_is_read(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "code.py").write_bytes(data)
    (hit,) = at(tmp_path).hits
    assert hit.access == "read"
    assert "snapshot.raw_response" in hit.text


def test_strings_joined_more_often_than_python_can_follow_are_looked_through_by_words(read: Read) -> None:
    usage = read({"code.py": "query = (" + " +\n".join(["'raw_response '"] * 1500) + ")\n"})
    assert "recursion" in usage.unparsed[0].reason
    assert usage.reading == "perhaps read"


@pytest.mark.parametrize("deep", ["x" + "[0]" * 1500, " if a else ".join("x" * 900), "-" * 900 + "1", "f" + "()" * 900])
def test_deep_expressions_hide_nothing_else(read: Read, deep: str) -> None:
    usage = read({"code.py": f"class A:\n    b = {deep}\na = {deep}\ny = one.raw_response\n"})
    assert [hit.line for hit in usage.hits] == [4]


def test_folders_too_deep_to_be_named_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "code.py").write_text(READS)
    monkeypatch.chdir(tmp_path)
    for _ in range(20):
        Path("d" * 250).mkdir()
        os.chdir("d" * 250)
    usage = at(tmp_path)
    assert [hit.path for hit in usage.hits] == ["code.py"]
    assert [file.reason for file in usage.skipped] == ["cannot be listed: File name too long"]


def test_other_languages_and_notebooks_are_unclear(read: Read) -> None:
    files = {
        "a.ts": "// raw_response\nx.rawResponse\n",
        "b.ipynb": '{"source": ["x.raw_response\\n"]}',
        "c.yml": "k: raw_response",
    }
    assert [(hit.path, hit.line, str(hit.access)) for hit in read(files).hits] == [
        ("a.ts", 2, "unclear"),
        ("b.ipynb", 1, "unclear"),
        ("c.yml", 1, "unclear"),
    ]


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("a.yml", "query: SELECT * FROM odds_snapshots", [1]),
        ("a.js", 'q(`SELECT s.*\n  FROM public."odds_snapshots" s`)', [2]),
        ("a.sh", "psql -c 'COPY odds_snapshots TO STDOUT'", [1]),
        ("a.ipynb", '{"source": ["session.query(OddsSnapshot).all()\\n"]}', [1]),
        ("a.py", "print 'x'\nrows = session.query(OddsSnapshot).all()", [2]),
        ("a.py", "def f(:\n  run('SELECT * FROM odds_snapshots')", [2]),
        ("a.yml", "query: SELECT count(*) FROM odds_snapshots", []),
        ("a.sh", "psql -c 'COPY odds_snapshots FROM STDIN'", []),
        ("a.yml", "a: SELECT * FROM events; SELECT id FROM odds_snapshots", []),
        ("a.js", "// SELECT * FROM odds_snapshots", []),
        ("a.md", "SELECT * FROM odds_snapshots", []),
    ],
)
def test_whole_rows_are_seen_in_text_that_is_not_parsed(read: Read, name: str, text: str, lines: list[int]) -> None:
    usage = read({"models.py": MODELS, name: text})
    assert [hit.line for hit in usage.hits if hit.path == name and hit.whole and hit.access == "unclear"] == lines


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("app/code.py", "code"),
        ("app/contest.py", "code"),
        ("tests/code.py", "test"),
        ("app/test_code.py", "test"),
        ("app/conftest.py", "test"),
        ("web/code.spec.ts", "test"),
        ("alembic/versions/1.py", "migration"),
        ("app/migrations/1.sql", "migration"),
        ("docs/notes.md", "document"),
    ],
)
def test_the_place_of_a_file_is_known_by_its_path(read: Read, name: str, place: str) -> None:
    (hit,) = read(
        {name: "SELECT raw_response FROM odds_snapshots" if name.endswith("sql") else "x = s.raw_response"}
    ).hits
    assert hit.place == place


def test_a_migration_is_known_by_its_revision_too(read: Read) -> None:
    (hit,) = read({"db/0001.py": "down_revision = None\nop.drop_column('odds_snapshots', 'raw_response')"}).hits
    assert hit.place == "migration"
