"""The page of a profile: its areas are its bytes, names are text, and what a profile does not hold is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from data_gen import case_file, published
from lab import files, profiling
from lab.cli import app
from lab.errors import InputError
from lab.report.page import database, database_change, drawing
from lab.report.page.by_day import by_day
from lab.report.page.database_change import change
from lab.report.page.treemap import treemap
from lab.report.table import Cell
from lab.servers import Server
from lab.units import bytes_text
from lab.values import Day, Profile, TableProfile
from tests.lab.test_page import parsed

SPOILED = (
    'CREATE TABLE "<img src=x onerror=""window.hacked=1""> `x` 🐘🐘🐘🐘🐘🐘🐘" (id int, "<script>window.hacked=1</script>" jsonb)',
    """INSERT INTO "<img src=x onerror=""window.hacked=1""> `x` 🐘🐘🐘🐘🐘🐘🐘"
       SELECT i, jsonb_build_object('a', repeat(md5(i::text), 200)) FROM generate_series(1, 200) i""",
    'CREATE INDEX "\'</svg>🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀" ON "<img src=x onerror=""window.hacked=1""> `x` 🐘🐘🐘🐘🐘🐘🐘" (id)',
    "CREATE TABLE plain AS SELECT i, repeat('x', 500) AS text FROM generate_series(1, 3000) i",
)
"""Names that would run if they were ever taken for HTML, and that no picture can cut anywhere."""


@pytest.fixture(scope="module")
def case() -> Profile:
    return published.load(case_file("2026-02-17"))


def profile_of(server: Server, name: str, *statements: str) -> Profile:
    server.create(name)
    with server.connect(name) as connection:
        for statement in statements:
            connection.execute(statement)
        dsn = connection.conninfo
    profile = profiling.profile(dsn, progress=lambda _: None)
    server.drop(name)
    return profile


@pytest.fixture(scope="module")
def spoiled(native: Server) -> Profile:
    return profile_of(native, "spoiled", *SPOILED)


def areas(profile: Profile) -> Iterator[float]:
    """Of each piece in the picture, in square pixels, in the order of its table."""
    chart = treemap(profile)
    assert chart
    (group,) = re.findall(r'<g class="mark-rect role-mark areas".*?</g>', drawing.svg(chart.spec))
    for wide, high in re.findall(r'd="M[^h]+h([\d.e-]+)v([\d.e-]+)h', group):
        yield float(wide) * float(high)


@pytest.mark.parametrize("name", ["case", "spoiled"])
def test_each_area_is_a_row_of_its_table_and_in_proportion_to_its_bytes(
    name: str, request: pytest.FixtureRequest
) -> None:
    profile: Profile = request.getfixturevalue(name)
    chart, drawn = treemap(profile), list(areas(profile))
    assert chart
    sizes = [cell.value or 0 for row in chart.table.rows for cell in row if isinstance(cell, Cell)][::2]
    assert [area / sum(drawn) for area in drawn] == pytest.approx([size / sum(sizes) for size in sizes], abs=1e-4)
    assert sum(sizes) == pytest.approx(profile.database_bytes, rel=0.01)


def test_small_pieces_are_joined_and_none_is_lost(case: Profile) -> None:
    columns = tuple(
        replace(case.tables[0].columns[0], name=f"c{number}", stored_bytes=1 << 20) for number in range(500)
    )
    table = replace(case.tables[0], columns=columns)
    chart = treemap(replace(case, tables=(table, *case.tables[1:])))
    assert chart
    assert "500 others" in [row[2] for row in chart.table.rows]


def test_a_name_is_never_taken_for_html(spoiled: Profile) -> None:
    written = database(spoiled, ())
    assert written.count("&lt;img src=x") > 3
    assert not {"img", "script"} & set(parsed(written).elements)


def test_a_database_without_tables_has_a_page(native: Server) -> None:
    written = database(profile_of(native, "without_tables"), ())
    assert 'id="disk"' in written
    assert "system catalogs" in written
    assert not {'id="by-day"', 'id="json-columns"', 'id="wins"'} & set(re.findall(r'id="[a-z-]+"', written))


def many(case: Profile, count: int) -> Profile:
    table = case.tables[1]
    tables = tuple(replace(table, table=f"public.table_with_a_long_name_{number}") for number in range(count))
    return replace(case, tables=tables, database_bytes=count * (table.total_bytes or 0))


@pytest.mark.slow
def test_a_page_of_3000_tables_is_smaller_than_1500_kb(case: Profile) -> None:
    written = database(many(case, 3000), ())
    assert len(written.encode()) < 1_500_000
    assert "the first 200, without 2,800 more" in written
    assert "3,000 small tables" in written


def test_a_profile_that_knows_next_to_nothing_has_a_page(case: Profile) -> None:
    """As one of an older format, or of a role that may read nothing."""
    unknown: dict[str, Any] = {name: None for name, hint in TableProfile.__annotations__.items() if "None" in hint}
    bare = [replace(table, columns=(), indexes=(), by_day=(), retention=(), **unknown) for table in case.tables]
    written = database(replace(case, tables=tuple(bare), series=(), dependants=None, bytes_per_day=None), ())
    assert "everything else" in written
    assert 'id="json-columns"' not in written


def test_days_are_drawn_in_bytes_where_they_are_known_and_a_day_without_rows_is_a_gap(case: Profile) -> None:
    days = tuple(Day(start=f"2026-02-{day:02}T12:00:00+00:00", rows=day, bytes=day << 20) for day in (1, 2, 5))
    chart = by_day(replace(case, tables=(replace(case.tables[0], by_day=days), *case.tables[1:])))
    assert chart
    assert [(mark["day"], mark["amount"]) for mark in chart.spec["data"]["values"]] == [
        ("2026-02-01", 1),
        ("2026-02-02", 2),
        ("2026-02-05", 5),
    ]
    assert len(chart.spec["encoding"]["x"]["scale"]["domain"]) == 5
    assert by_day(replace(case, tables=tuple(replace(table, by_day=days[:1]) for table in case.tables))) is None


def test_the_command_writes_the_page_beside_what_it_prints(case: Profile, tmp_path: Path) -> None:
    saved, page = tmp_path / "profile.json", tmp_path / "profile.html"
    saved.write_text(profiling.text(case), encoding="utf-8")
    done = CliRunner().invoke(app, ["profile", str(saved), "--html", str(page)])
    assert done.exit_code == 0, done.output
    assert f"Wrote {page}." in done.output.replace("\n", "")
    assert '<section class="chart" id="disk">' in files.read(page)
    printed = CliRunner().invoke(app, ["profile", str(saved), "--html", str(page), "--json"])
    assert printed.stdout == profiling.text(case)


def test_a_page_in_the_place_of_its_profile_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["profile", str(tmp_path / "a.json"), "--html", "a", "-o", "a"])
    assert isinstance(done.exception, InputError)
    assert "both the profile and its page" in str(done.exception)


def test_the_page_of_two_profiles_shows_what_grew_what_is_new_and_what_is_gone(case: Profile, tmp_path: Path) -> None:
    grown, kept, gone, *others = case.tables
    larger = replace(grown, total_bytes=(grown.total_bytes or 0) + (1 << 30))
    new = replace(gone, table="<b>new</b>")
    after = replace(case, tables=(larger, kept, new, *others), database_bytes=case.database_bytes + (1 << 30))
    chart = change(case, after)
    assert chart
    assert [(mark["name"], mark["text"]) for mark in chart.spec["data"]["values"]] == [
        (gone.table, f"-{bytes_text(gone.total_bytes or 0)} (gone)"),
        (new.table, f"+{bytes_text(new.total_bytes or 0)} (new)"),
        (grown.table, "+1.00 GB"),
    ]
    saved = [tmp_path / "before.json", tmp_path / "after.json"]
    for path, profile in zip(saved, (case, after), strict=True):
        path.write_text(profiling.text(profile), encoding="utf-8")
    page = tmp_path / "change.html"
    done = CliRunner().invoke(app, ["profile", *map(str, saved), "--html", str(page)])
    assert done.exit_code == 0, done.output
    assert f"Wrote {page}." in done.output.replace("\n", "")
    text = files.read(page)
    assert "<b>new</b>" not in text
    assert "&lt;b&gt;new&lt;/b&gt;" in text


def test_two_equal_profiles_have_no_picture(case: Profile) -> None:
    assert change(case, case) is None
    assert "No table changed its size." in database_change(case, case)
