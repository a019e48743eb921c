"""The verdict never says more than was seen, and says what was not."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from lab.report import usage as report
from lab.usage.search import look
from lab.usage.text import camel, word
from lab.usage.values import Access, Usage
from tests.usage.conftest import MODELS, Read

TREES = Path(__file__).parent / "trees"


def tree(name: str) -> Usage:
    (usage,) = look([TREES / name], ["raw_response"])
    return usage


@pytest.mark.parametrize(
    ("name", "reading"), [("app", "read"), ("loaded", "loaded, not used by name"), ("written", "not read")]
)
def test_each_tree_has_its_answer(name: str, reading: str) -> None:
    assert tree(name).reading == reading


def test_each_file_of_the_application_is_judged() -> None:
    hits = [(hit.path, hit.line, f"{hit.access}{' whole' * hit.whole}", str(hit.place)) for hit in tree("app").hits]
    assert hits == [
        ("README.md", 3, "unclear", "document"),
        ("alembic/versions/0001_first.py", 11, "declare", "migration"),
        ("alembic/versions/0001_first.py", 15, "write", "migration"),
        ("alembic/versions/0001_first.py", 15, "read", "migration"),
        ("alembic/versions/0001_first.py", 16, "declare", "migration"),
        ("api/history.py", 12, "read whole", "code"),
        ("api/history.py", 18, "read whole", "code"),
        ("api/history.py", 23, "declare", "code"),
        ("reports/debug.py", 7, "read whole", "code"),
        ("reports/debug.py", 9, "read", "code"),
        ("reports/debug.py", 18, "read", "code"),
        ("scraping/client.py", 12, "declare", "code"),
        ("scraping/client.py", 18, "unclear", "code"),
        ("scraping/client.py", 22, "unclear", "code"),
        ("sql/export.sql", 2, "read", "code"),
        ("sql/export.sql", 4, "read whole", "code"),
        ("storage/models.py", 23, "declare", "code"),
        ("storage/writer.py", 7, "write", "code"),
        ("storage/writer.py", 11, "write", "code"),
        ("tests/test_writer.py", 2, "unclear", "test"),
        ("web/src/snapshot.ts", 4, "unclear", "code"),
    ]


def test_every_hit_stands_in_a_line_that_has_the_name_or_takes_the_whole_row() -> None:
    names = [word(name) for name in ("raw_response", camel("raw_response"))]
    for hit in [hit for name in ("app", "loaded", "written") for hit in tree(name).hits]:
        assert hit.whole or any(name.search(hit.text) for name in names), hit


def test_where_only_tests_or_migrations_read_it_the_verdict_says_so(read: Read) -> None:
    usage = read({"models.py": MODELS, "tests/test_x.py": "assert snapshot.raw_response"})
    assert usage.reading == "read by tests or migrations only"


def test_what_is_not_seen_to_be_read_is_said_with_what_was_not_seen(read: Read) -> None:
    writes = {"models.py": MODELS}
    assert read(writes).verdict.endswith("no read of it was found.")
    usage = read({**writes, "a.yml": "x: 1", "c.py": "import peewee\n", "node_modules/x.js": ""})
    assert usage.verdict.endswith(
        "no read of it was found, but rows loaded by Peewee were not followed, 1 file was searched by words only,"
        " 1 file or folder was skipped."
    )
    assert any(line.startswith("Peewee is imported") for line in usage.uncertainty)


def test_tables_that_no_source_names_are_said_to_be_taken_for_the_columns(read: Read) -> None:
    assumed = read({"code.py": "x = row['raw_response']"})
    assert "are assumed" in " ".join(assumed.uncertainty)
    assert "the table of the column is not known" in read({"code.py": "row['raw_response'] = 1"}).verdict
    declared = read({"models.py": MODELS})
    assert "taken for" not in " ".join(declared.uncertainty)
    assert report.doubts(declared)[0] == "Searched as a column of odds_snapshots."


def test_documents_are_no_evidence(read: Read) -> None:
    usage = read({"README.md": "raw_response is read everywhere"})
    assert usage.reading == "not mentioned"
    assert "1 line contains the name in documents" in " ".join(usage.uncertainty)


def test_a_verdict_with_unclear_places_says_perhaps(read: Read) -> None:
    usage = read({"models.py": MODELS, "code.py": "x = {'raw_response': 1}\ny = {'raw_response': 2}"})
    assert usage.reading == "perhaps read"
    assert "but 2 unclear places may read it" in usage.verdict


def test_names_that_are_computed_are_counted(read: Read) -> None:
    usage = read(
        {"models.py": MODELS, "code.py": "getattr(x, name)\nsetattr(x, name, 1)\neval(code)\ngetattr(x, 'id')"}
    )
    assert dict(usage.computed) == {
        "getattr with a computed name": 1,
        "setattr with a computed name": 1,
        "eval of computed code": 1,
    }
    assert any("getattr" in line for line in usage.uncertainty)


@pytest.mark.parametrize("name", ["app", "loaded", "written"])
def test_no_verdict_says_that_the_column_is_not_needed(name: str) -> None:
    usage = tree(name)
    assert "not needed" not in " ".join((usage.verdict, *usage.uncertainty))
    assert any("does not cover" in line for line in usage.uncertainty)


def test_several_columns_are_answered_one_by_one() -> None:
    usages = look([TREES / "app"], ["raw_response", "event_id"])
    assert [usage.column for usage in usages] == ["raw_response", "event_id"]


def test_a_column_is_found_as_python_spells_it_and_in_sql_in_any_case(tmp_path: Path) -> None:
    code = "x = event.homeScore\nrun('SELECT \"homeScore\" FROM events')\nrun('SELECT HOMESCORE FROM events')\n"
    (tmp_path / "code.py").write_text("y = event.homescore\n" + code)
    (tmp_path / "a.ts").write_text("event.homeScore\n")
    (tmp_path / "a.sql").write_text('CREATE TABLE events ("homeScore" int);\nSELECT FROM WHERE homescore;')
    (usage,) = look([tmp_path], ["homeScore"])
    assert (usage.column, usage.tables) == ("homeScore", ("events",))
    assert [f"{hit.path}:{hit.line} {hit.access}" for hit in usage.hits] == [
        "a.sql:1 declare",
        "a.sql:2 unclear",
        "a.ts:1 unclear",
        "code.py:2 read",
        "code.py:3 read",
        "code.py:4 read",
    ]


def test_the_answer_is_json() -> None:
    assert json.loads(json.dumps(asdict(tree("app"))))["reading"] == "read"


def test_the_tables_count_and_show_every_hit() -> None:
    usage = tree("app")
    counts = report.counts(usage)
    assert sum(int(cell) for row in counts.texts for cell in row[1:]) == len(usage.hits)
    places = report.places(usage)
    assert len(places.rows) == len(usage.hits) - 1
    assert places.rows[0][:3] == ("read by name", "reports/debug.py:9", "code")


def test_what_was_not_looked_at_is_printed(read: Read) -> None:
    lines = report.doubts(read({"a.sql": "SELECT FROM WHERE raw_response;", "node_modules/x.js": "raw_response"}))
    assert (
        "Searched by words only: a.sql (1 statement with the body of a function, or in SQL that does not parse)."
        in lines
    )
    assert "Not searched: node_modules/ (installed packages)." in lines


@pytest.mark.slow
def test_the_work_grows_with_the_places_of_a_function_and_not_with_their_square(read: Read) -> None:
    def work(count: int) -> float:
        places = "".join(
            f"    x{number} = s{number}.raw_response\n    y{number} = {{'raw_response': 1}}\n"
            for number in range(count)
        )
        started = time.process_time()
        usage = read({"models.py": MODELS, "code.py": f"def f():\n{places}"})
        assert len(usage.hits) == 2 * count + 1
        return time.process_time() - started

    assert work(1600) / work(200) < 32  # 8 where it grows with the places, 64 with their square


@pytest.mark.slow
def test_the_work_grows_with_the_files_and_not_with_their_square(tmp_path: Path) -> None:
    sources = [path.read_text() for path in (TREES / "app").rglob("*.py") if path.stat().st_size]

    def work(count: int) -> float:
        tree = tmp_path / str(count)
        for number in range(count):
            folder = tree / f"package_{number % 40}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"module_{number}.py").write_text(sources[number % len(sources)])
        started = time.process_time()
        (usage,) = look([tree], ["raw_response"])
        assert usage.files == {"Python": count}
        assert any(hit.access is Access.READ for hit in usage.hits)
        return time.process_time() - started

    assert work(480) / work(60) < 32  # 8 where it grows with the files, 64 with their square
