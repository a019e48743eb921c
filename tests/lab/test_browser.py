"""report.html in a browser: from disk, without a network; what it shows, and what its links show again.

What each test saw at its end is kept in build/screenshots.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from data_gen import case_file, published
from lab.analysis.comparison import compare
from lab.analysis.results import analyse
from lab.discovery.values import CheapWin
from lab.report.page import comparison, database, page, pictures
from lab.report.page.rows import COLUMNS
from lab.report.table import MISSING
from lab.servers import Server
from lab.values import BASELINE, Completed, Experiment, Failed, WriteVerdict
from tests.lab.test_comparison import changed, larger, slower
from tests.lab.test_page import hostile
from tests.lab.test_profile_page import SPOILED, profile_of
from tests.lab.test_writes import with_fault
from tests.support import ROOT

DESKTOP = {"width": 1366, "height": 850}
SCREENSHOTS = ROOT / "build" / "screenshots"
NAMES = "[...document.querySelectorAll('#savings tbody:not([hidden]) .name')].map((name) => name.textContent)"

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def file(sample: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    written = tmp_path_factory.mktemp("page") / "report.html"
    written.write_text(page(analyse(sample)), encoding="utf-8")
    return written


@pytest.fixture
def open_page(browser: Browser, file: Path, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Opens the page from disk; it fails where the page asks for anything else, or has anything to say."""
    said: list[str] = []
    contexts = []

    def opened(fragment: str = "", of: Path = file, **options: Any) -> Page:
        context = browser.new_context(**{"viewport": DESKTOP, "offline": True, **options})
        contexts.append(context)
        view = context.new_page()
        view.on("console", lambda message: said.append(message.text))
        view.on("pageerror", lambda error: said.append(str(error)))
        view.on("dialog", lambda dialog: said.append(dialog.message))
        view.on("request", lambda request: said.extend({request.url} - {of.as_uri()}))
        view.goto(of.as_uri() + fragment)
        return view

    yield opened
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for number, context in enumerate(contexts):
        name = re.sub(r"\W+", "-", request.node.name.removeprefix("test_")).strip("-")
        context.pages[0].screenshot(path=SCREENSHOTS / f"{name}-{number}.png")
        context.close()
    assert said == []


@pytest.fixture(scope="module")
def short(sample: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with one row of each kind: the checks of all its elements take long."""
    best, failed = (
        analyse(sample).advice.scenario,
        Failed(scenario="toast_lz4", server="native", step="a", error="b", steps=()),
    )
    kinds = {best, BASELINE, "retention_30d"}
    outcomes = (*(outcome for outcome in sample.outcomes if outcome.scenario in kinds), failed)
    written = tmp_path_factory.mktemp("page") / "report.html"
    written.write_text(page(analyse(replace(sample, outcomes=outcomes))), encoding="utf-8")
    return written


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "rules"),
    [({}, None), ({"color_scheme": "dark"}, {"runOnly": ["color-contrast"]})],
    ids=["light", "dark"],
)
def test_everyone_can_read_it(
    open_page: Open, short: Path, options: dict[str, Any], rules: dict[str, Any] | None
) -> None:
    view = open_page(of=short, **options)
    view.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    audit = Axe().run(view, options=rules)
    assert audit.violations_count == 0, audit.generate_report()
    assert len(audit.response["passes"]) >= (1 if rules else 20)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everyone_can_read_a_document_on_every_screen(open_page: Open, scheme: str) -> None:
    view = open_page(of=ROOT / "docs" / "example" / "DISCOVERY.html", color_scheme=scheme)
    audit = Axe().run(view, options=None if scheme == "light" else {"runOnly": ["color-contrast"]})
    assert audit.violations_count == 0, audit.generate_report()
    assert view.locator("img").count() == 3
    assert view.evaluate("[...document.images].every((image) => image.naturalWidth > 0)")
    view.set_viewport_size({"width": 375, "height": 800})
    assert view.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.fixture(scope="module")
def others(sample: Experiment, native: Server, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The page of a profile, and that of a comparison."""
    folder = tmp_path_factory.mktemp("pages")
    changed_run = changed(changed(sample, larger), slower, "rewrite_only")
    compared = comparison(compare([analyse(sample), analyse(changed_run)]))
    profile = database(profile_of(native, "in_a_browser", *SPOILED), (CheapWin(what="`a`", bytes=1, how="`b`"),))
    for name, written in (("profile", profile), ("comparison", compared)):
        (folder / f"{name}.html").write_text(written, encoding="utf-8")
    return [folder / "profile.html", folder / "comparison.html"]


@pytest.mark.parametrize(
    "number", [pytest.param(0, id="profile", marks=pytest.mark.slow), pytest.param(1, id="comparison")]
)
def test_everyone_can_read_the_other_pages_on_every_screen(open_page: Open, others: list[Path], number: int) -> None:
    for scheme, rules in (("light", None), ("dark", {"runOnly": ["color-contrast"]})):
        view = open_page(of=others[number], color_scheme=scheme)
        view.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
        audit = Axe().run(view, options=rules)
        assert audit.violations_count == 0, audit.generate_report()
    view.set_viewport_size({"width": 375, "height": 800})
    assert view.evaluate("document.documentElement.scrollWidth <= innerWidth")
    view.emulate_media(media="print")
    assert view.locator(".numbers table").filter(visible=True).count() >= view.locator("figure").count() >= 2
    assert view.evaluate("window.hacked") is None


def test_no_name_leaves_its_area(open_page: Open, others: list[Path]) -> None:
    view = open_page(of=others[0])
    boxes = "(shapes) => shapes.map((shape) => shape.getBoundingClientRect()).map((box) => [box.x, box.y, box.right, box.bottom])"
    areas = view.locator("#disk .areas path").evaluate_all(boxes)
    texts = view.locator("#disk .on-colour text").evaluate_all(boxes)
    assert len(texts) > 5
    for left, top, right, bottom in texts:
        assert any(x <= left and y <= top + 2 and right <= x2 and bottom <= y2 + 2 for x, y, x2, y2 in areas)


def test_on_a_phone_only_tables_and_pictures_scroll_sideways(open_page: Open) -> None:
    view = open_page(viewport={"width": 390, "height": 800})
    assert view.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_each_bar_is_a_line_of_its_table(open_page: Open) -> None:
    view = open_page()
    bars = view.locator("#full-size svg g.mark-rect.layer_0_marks path, #full-size svg g.layer_0_marks > path")
    lines = view.locator("#full-size .numbers tbody tr")
    assert bars.count() == lines.count() > 20
    widths = bars.evaluate_all("(bars) => bars.map((bar) => bar.getBBox().width)")
    bytes_ = lines.evaluate_all("(lines) => lines.map((line) => Number(line.querySelector('data').value))")
    assert [width / widths[-1] for width in widths] == pytest.approx([size / bytes_[-1] for size in bytes_], abs=0.01)


def test_sorting_filtering_and_opening_are_in_the_link(open_page: Open) -> None:
    view = open_page()
    everything = view.evaluate(NAMES)
    view.get_by_role("button", name="saving", exact=True).press("Enter")
    values = view.evaluate(
        "[...document.querySelectorAll('[data-column=saving_percent] data')].map((cell) => Number(cell.value))"
    )
    assert values == sorted(values)
    assert sorted(view.evaluate(NAMES)) == sorted(everything)
    view.get_by_label("Find").fill("drop_raw")
    view.get_by_label("Gives up").select_option("columns")
    names = view.evaluate(NAMES)
    assert 0 < len(names) < len(everything)
    assert all("drop_raw" in name for name in names)
    view.get_by_role("button", name=names[0], exact=True).click()
    assert view.locator("#savings .opened").filter(visible=True).count() == 1
    again = open_page("#" + view.url.partition("#")[2])
    assert again.evaluate(NAMES) == names
    assert again.locator("#savings .opened").filter(visible=True).inner_text().startswith("Drop")
    assert again.locator("form output").inner_text() == f"{len(names)} of {len(everything)} rows"


def test_a_refused_write_is_the_worst_and_a_missing_one_comes_last(
    open_page: Open, sample: Experiment, tmp_path: Path
) -> None:
    kinds = ("toast_lz4", "market_current_and_history", "retention_30d", BASELINE)
    outcomes = [outcome for outcome in sample.outcomes if outcome.scenario in kinds]
    refused = [
        with_fault(outcome, WriteVerdict.REFUSED)
        if isinstance(outcome, Completed) and outcome.scenario == "toast_lz4"
        else outcome
        for outcome in outcomes
    ]
    written = tmp_path / "report.html"
    written.write_text(page(analyse(replace(sample, outcomes=tuple(refused)))), encoding="utf-8")
    view = open_page(of=written)
    view.get_by_role("button", name="worst write", exact=True).click()
    cells = view.locator("#savings td[data-column=worst_write_ratio]").all_inner_texts()
    assert cells[0] == "W2 refused"
    assert cells[1].startswith("W2 0.")
    assert cells[-1] == MISSING


def test_it_reads_without_javascript(open_page: Open) -> None:
    view = open_page(java_script_enabled=False)
    assert view.locator("svg").filter(visible=True).count() == 8
    assert not view.locator("#filters").is_visible()
    more = view.locator("#savings .more summary").first
    more.click()
    assert view.locator("#savings .opened").first.is_visible()


def test_on_paper_each_picture_has_its_numbers(open_page: Open) -> None:
    view = open_page()
    view.emulate_media(media="print")
    assert view.locator(".numbers table").filter(visible=True).count() == view.locator("figure").count() == 8
    assert not view.locator("#filters").is_visible()


PAPER = {"width": 1032, "height": 703}
"""A4 on its side without the margins, in pixels."""


@pytest.fixture(scope="module")
def papers(sample: Experiment, file: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page of each kind, by its name."""
    folder = tmp_path_factory.mktemp("papers")
    changed_run = changed(changed(sample, larger), slower, "rewrite_only")
    profile = published.load(case_file("2026-02-17"))
    for name, written in (
        ("comparison", comparison(compare([analyse(sample), analyse(changed_run)]))),
        ("profile", database(profile, ())),
    ):
        (folder / f"{name}.html").write_text(written, encoding="utf-8")
    return {
        "report": file,
        "discovery": ROOT / "docs" / "example" / "DISCOVERY.html",
        **{name: folder / f"{name}.html" for name in ("comparison", "profile")},
    }


@pytest.mark.parametrize(("kind", "sheets"), [("report", 20), ("discovery", 20), ("comparison", 4), ("profile", 6)])
def test_on_paper_nothing_is_cut_dark_or_without_a_target(
    open_page: Open, papers: dict[str, Path], kind: str, sheets: int
) -> None:
    view = open_page(of=papers[kind], viewport=PAPER, color_scheme="dark")
    view.emulate_media(media="print")
    assert view.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 254)"
    edges = (
        view.locator("main *")
        .filter(visible=True)
        .evaluate_all(
            "(all) => all.filter((one) => !one.closest('svg')).map((one) => one.getBoundingClientRect().right)"
        )
    )
    assert len(edges) > 100
    assert max(edges) <= PAPER["width"] + 1
    pictures_ = view.locator(".picture svg, main img")
    heights = pictures_.evaluate_all("(all) => all.map((one) => one.getBoundingClientRect().height)")
    assert 0 < max(heights) < 0.75 * PAPER["height"]
    links = view.locator("a[href^='#']").evaluate_all("(all) => all.map((one) => one.getAttribute('href').slice(1))")
    assert all(view.evaluate("(id) => document.getElementById(id) !== null", link) for link in links)
    closed = view.locator("details:not([open]) > summary").filter(visible=True)
    assert closed.locator("xpath=..").locator("css=:scope > :not(summary)").filter(visible=False).count() == 0
    printed = view.pdf(prefer_css_page_size=True)
    assert 1 < len(re.findall(rb"/Type /Page\b", printed)) <= sheets


def test_on_paper_the_pick_has_its_steps_and_the_table_its_words(open_page: Open) -> None:
    view = open_page(viewport=PAPER)
    view.emulate_media(media="print")
    assert view.locator("#savings .opened").filter(visible=True).count() == 1
    assert view.locator("#savings .pick .opened table").filter(visible=True).count() == 2
    assert view.locator("dl.words dt").filter(visible=True).count() > len(COLUMNS)
    assert not view.get_by_text("SQL as executed").filter(visible=True).count()
    numbers = view.locator("main td.n data").filter(visible=True)
    assert set(numbers.evaluate_all("(all) => all.map((one) => one.getClientRects().length)")) == {1}
    # Chromium does not paint a button in the head of a table that comes again on the next page.
    boxes = view.locator("#savings th button").evaluate_all("(all) => all.map((one) => getComputedStyle(one).display)")
    assert set(boxes) == {"contents"}


def test_on_paper_a_row_that_was_opened_stays_open(open_page: Open) -> None:
    view = open_page()
    view.get_by_role("button", name="toast_lz4", exact=True).click()
    view.emulate_media(media="print")
    assert view.locator("#savings .opened").filter(visible=True).count() == 2


def test_no_letter_of_a_picture_is_cut_in_a_wider_font(open_page: Open, sample: Experiment, tmp_path: Path) -> None:
    """The font of the pictures is not everywhere, and DejaVu Sans, which Debian shows instead, is an eighth wider."""
    for name, drawn in pictures(analyse(hostile(sample))).items():
        file = tmp_path / name
        file.write_text(drawn, encoding="utf-8")
        view = open_page(of=file)
        box = "document.documentElement.getBoundingClientRect()"
        width = view.evaluate(f"{box}.width")
        of_each = f"(text) => [text.left - {box}.left, text.right - {box}.left]"
        edges = view.locator("text").evaluate_all(
            f"(texts) => texts.map((text) => text.getBoundingClientRect()).map({of_each})"
        )
        assert edges
        assert min(left for left, _ in edges) >= 0, name
        assert max(right for _, right in edges) <= width, name


def test_a_name_in_a_run_runs_nothing(open_page: Open, sample: Experiment, tmp_path: Path) -> None:
    spoiled = tmp_path / "report.html"
    spoiled.write_text(page(analyse(hostile(sample))), encoding="utf-8")
    view = open_page("#q=%3Cscript%3E&open=%3Cimg%20src=x%20onerror=alert(1)%3E", of=spoiled)
    assert view.evaluate("window.hacked") is None
    assert view.locator("script").count() == 1
