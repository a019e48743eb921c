"""report.html holds the numbers of savings.csv, escapes every text, and says what a run does not have."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

import pytest

from lab import runs
from lab.analysis.record import saving_record
from lab.analysis.results import Results, analyse
from lab.report.csv import savings as savings_csv
from lab.report.page import charts, document, drawing, page
from lab.report.page.chart import sized
from lab.report.page.choice import choice
from lab.report.page.growth import growth
from lab.report.page.rows import COLUMNS, FILE_COLUMNS, rows
from lab.report.renderers import PAGE
from lab.report.table import Cell
from lab.values import CombinationForecast, Completed, Experiment, Failed, Outcome, Skipped, TableFacts
from tests.support import FORMAT_1, ROOT, SAMPLE

HOSTILE = '<img src=x onerror="window.hacked=1"></script><script>window.hacked=1</script>\'"&\x1b'
"""A name that would run if it were ever taken for HTML."""


@dataclass
class Savings(HTMLParser):
    """The cells of the table of strategies: by the row in savings.csv and its column."""

    cells: dict[tuple[int, str], list[str]] = field(default_factory=dict)
    elements: list[str] = field(default_factory=list)
    row: int | None = None
    column: str | None = None

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.elements.append(tag)
        if tag == "tbody":
            self.row = int(number) if (number := given.get("data-row")) else None
        if tag == "td":
            self.column = given.get("data-column")
            if self.row is not None and self.column:
                self.cells[self.row, self.column] = []
        if tag == "data" and self.row is not None and self.column:
            self.cells[self.row, self.column].append(given["value"] or "")


def parsed(html: str) -> Savings:
    parser = Savings()
    parser.feed(html)
    return parser


@pytest.fixture(scope="module")
def results(sample: Experiment) -> Results:
    return analyse(sample)


@pytest.fixture(scope="module")
def html(results: Results) -> str:
    return page(results)


def test_the_committed_page_is_made_from_the_committed_experiment(html: str) -> None:
    """`make shown` makes it."""
    assert (SAMPLE / PAGE).read_text(encoding="utf-8") == html


def test_every_number_of_the_table_is_the_one_in_savings_csv(results: Results, html: str) -> None:
    shown = parsed(html).cells
    lines = list(csv.DictReader(io.StringIO(savings_csv(results))))
    columns = (*COLUMNS, *FILE_COLUMNS)  # a strategy of the sample needs files outside
    numbers = [column.name for column in columns if column.cell]
    assert set(shown) == {(row, column.name) for row in range(len(lines)) for column in columns}
    for row, line in enumerate(lines):
        for name in numbers:
            assert [float(value) for value in shown[row, name]] == pytest.approx(
                [float(line[name])] if line[name] else [], abs=0.0006
            ), (line["scenario"], name)


def test_the_worst_read_and_write_are_named_beside_their_numbers(results: Results) -> None:
    for row in rows(results):
        for kind in ("read", "write"):
            cell = row.cells[f"worst_{kind}_ratio"]
            named = getattr(saving_record(row.result), f"worst_{kind}")
            assert isinstance(cell, Cell)
            assert cell.prefix == (f"{named} " if named else "")
    assert any(row.cells["worst_write_ratio"].text.startswith("W2 ") for row in rows(results))  # type: ignore[union-attr]


def test_a_row_opens_to_its_locks(results: Results, html: str) -> None:
    applied = [row for row in results.trials if row.locks and row.trial and row.trial.steps]
    assert html.count("<summary>Locks</summary>") == len(applied)
    pick = next(row for row in applied if results.pick and row.trial is results.pick.trial)
    opened = html.partition(' class="pick">')[2].partition("<tbody data-row=")[0]
    assert pick.locks
    for blocking in pick.locks.longest:
        assert f"<td>{blocking.lock.mode.value}</td><td>{blocking.lock.mode.blocks}</td>" in opened


def test_a_page_asks_for_nothing(html: str) -> None:
    parser = parsed(html)
    assert html.count("<script>") == html.count("</script>") == 1
    assert not {"img", "iframe", "object", "embed", "image"} & set(parser.elements)
    assert "url(" not in html
    assert [part for part in html.split('href="')[1:] if not part.startswith(("#", "data:"))] == []


def test_each_line_of_growth_ends_at_its_day_on_the_target(results: Results) -> None:
    chart = growth(results)
    assert chart
    lines, dots = chart.spec["layer"][:2]
    days = {candidate.projection.days_to_target for candidate in results.candidates} - {None}
    assert {mark["day"] for mark in dots["data"]["values"]} == days
    assert {line["day"] for line in lines["data"]["values"]} == days | {0.0}
    assert lines["encoding"]["x"] == dots["encoding"]["x"]


def test_the_picture_of_the_choice_has_every_ranked_strategy_and_rings_the_pick(results: Results) -> None:
    chart = choice(results)
    assert chart
    assert results.pick
    marks, ring = (layer["data"]["values"] for layer in chart.spec["layer"][:2])
    assert (
        len(marks) == len(chart.table.rows) == len([candidate for candidate in results.candidates if candidate.ranked])
    )
    assert [row[0] for row in chart.table.rows if row[1] == "the pick"] == [results.pick.name]
    (mark,) = (mark for mark in marks if mark["name"] == results.pick.name)
    assert [ring[0][name] for name in ("bytes", "ratio")] == [mark[name] for name in ("bytes", "ratio")]


def without_json_columns(sample: Experiment) -> dict[str, TableFacts]:
    """The tables of its case as a run from before they were recorded has them."""
    return {name: replace(facts, json_columns=None) for name, facts in sample.case.tables.items()}


def searched(sample: Experiment) -> Experiment:
    """The sample, as if a search had come before it and its case had JSON columns."""
    forecasts = (
        CombinationForecast(scenario="a+b", forecast_bytes=105 << 20, measured_bytes=100 << 20),
        CombinationForecast(scenario="a+b+c", forecast_bytes=45 << 20, measured_bytes=50 << 20),
    )
    (name, facts), *others = without_json_columns(sample).items()
    tables = {name: replace(facts, json_columns={"document": 1 << 30}), **dict(others)}
    return replace(sample, plan=replace(sample.plan, forecasts=forecasts), case=replace(sample.case, tables=tables))


def test_forecasts_and_json_columns_are_drawn_where_the_run_holds_them(sample: Experiment) -> None:
    drawn = {chart.name: chart for chart in charts(analyse(searched(sample)))}
    assert [row[0] for row in drawn["forecasts"].table.rows] == ["a+b+c", "a+b"]
    assert [mark["text"] for mark in drawn["forecasts"].spec["data"]["values"]] == ["-10.0 %", "+5.0 %"]
    assert [row[0] for row in drawn["json-columns"].table.rows] == [f"{next(iter(sample.case.tables))}.document"]
    older = replace(sample.case, tables=without_json_columns(sample))
    assert not {"forecasts", "json-columns"} & {chart.name for chart in charts(analyse(replace(sample, case=older)))}


def renamed(outcome: Outcome, old: str, new: str) -> Outcome:
    return replace(outcome, scenario=new) if outcome.scenario == old else outcome


def hostile(sample: Experiment) -> Experiment:
    """The sample, with that name in place of the pick's, of its texts and of its SQL."""
    best = analyse(sample).advice.scenario or ""
    facts = replace(sample.scenarios[best], title=HOSTILE, description=HOSTILE, hypothesis=HOSTILE, costs=(HOSTILE,))
    outcomes: list[Outcome] = []
    for outcome in sample.outcomes:
        if isinstance(outcome, Completed) and outcome.scenario == best:
            statements = tuple(replace(statement, sql=HOSTILE) for statement in outcome.steps[0].statements)
            step = replace(outcome.steps[0], name=HOSTILE, statements=statements)
            outcomes.append(replace(outcome, scenario=HOSTILE, steps=(step, *outcome.steps[1:]), notes=(HOSTILE,)))
        else:
            outcomes.append(outcome)
    return replace(
        sample,
        run=HOSTILE,
        scenarios={**sample.scenarios, HOSTILE: facts},
        outcomes=(*outcomes, Skipped(scenario=HOSTILE, server=None, reason=HOSTILE)),
        auxiliary_trials=tuple(
            replace(trial, outcome=renamed(trial.outcome, best, HOSTILE)) for trial in sample.auxiliary_trials
        ),
    )


def test_a_name_is_never_taken_for_html(sample: Experiment) -> None:
    written = page(analyse(hostile(sample)))
    assert written.count("&lt;img src=x") > 10
    assert "<img" not in written
    assert written.count("<script>") == written.count("</script>") == 1


def test_a_document_as_a_page_shows_its_pictures_and_runs_nothing() -> None:
    text = (
        f"# {HOSTILE}\n\n<!-- lab:begin a -->\n## A\n\n{HOSTILE}\n\n[x](javascript:alert(1))\n\n"
        "| a |\n| --- |\n| <b>b</b> |\n<!-- lab:end a -->\n\n![Mine](plan/a.svg)\n![Not mine](https://x.test/a.png)\n"
    )
    written = document(text, {"plan/a.svg": "<svg/>"})
    parser = parsed(written)
    assert parser.elements.count("img") == 1
    assert 'alt="Mine"' in written
    assert "Not mine" in written
    assert "x.test" not in written
    assert not {"script", "b"} & set(parser.elements)
    assert 'href="javascript' not in written
    assert "lab:begin" not in written
    assert '<div class="scroll" tabindex="0" role="region"' in written


def test_a_character_that_no_picture_can_hold_is_replaced() -> None:
    mark = {"type": "text", "text": "a\x1b\x00b"}
    drawn = drawing.svg({**drawing.rows([{}]), "mark": mark})
    assert "a\ufffd\ufffdb" in drawn


def many(sample: Experiment, count: int, *, timed: bool = True) -> Experiment:
    """The sample with copies of its strategies until there are so many."""
    strategies = [outcome for outcome in sample.outcomes if isinstance(outcome, Completed) and outcome.steps]
    outcomes, scenarios, auxiliary = list(sample.outcomes), dict(sample.scenarios), list(sample.auxiliary_trials)
    for number in range(count - len(sample.scenarios)):
        outcome = strategies[number % len(strategies)]
        name = f"{outcome.scenario}#{number}"
        scenarios[name] = sample.scenarios[outcome.scenario]
        outcomes.append(replace(outcome, scenario=name, reads=outcome.reads if timed else None))
        auxiliary += [
            replace(trial, outcome=replace(trial.outcome, scenario=name))
            for trial in sample.auxiliary_trials
            if trial.outcome.scenario == outcome.scenario
        ]
    return replace(sample, outcomes=tuple(outcomes), scenarios=scenarios, auxiliary_trials=tuple(auxiliary))


def test_a_page_of_40_scenarios_is_smaller_than_1500_kb(sample: Experiment) -> None:
    written = page(analyse(many(sample, 40)))
    assert written.count("<svg ") == 8
    assert len(written.encode()) < 1_500_000


@pytest.mark.slow
def test_a_picture_of_many_scenarios_shows_40_beside_the_baseline_and_its_table_all(sample: Experiment) -> None:
    results = analyse(many(sample, 200, timed=False))
    written = page(results)
    assert written.count("<tbody data-row=") == len(results.trials) >= 200
    (picture,) = re.findall(r'id="full-size">.*?<svg (.*?)</svg>', written, re.DOTALL)
    assert re.search(r">baseline( · native)?<", picture)
    left = len(sized(results)) - 40 - picture.count(">baseline")
    assert f"{left} more are only in the numbers" in written


def test_a_run_of_the_first_format_has_a_page_that_says_what_it_lacks() -> None:
    written = page(analyse(runs.load(FORMAT_1)))
    assert "The reads of the application were not timed." in written
    assert 'id="reads"' not in written
    assert '<section class="chart" id="full-size">' in written


def only(sample: Experiment, *outcomes: Outcome) -> str:
    return page(analyse(replace(sample, outcomes=outcomes, auxiliary_trials=())))


def test_a_run_in_which_nothing_was_measured_has_a_page_with_the_reasons(sample: Experiment) -> None:
    failed = Failed(scenario="toast_lz4", server="native", step="rewrite", error="disk full", steps=())
    skipped = Skipped(scenario="retention_30d", server="native", reason="nothing is that old")
    written = only(sample, failed, skipped)
    assert "No trial was measured to the end" in written
    assert "<h1>Nothing to recommend: this run measured no strategy beside a baseline.</h1>" in written
    assert '<div class="cards">' not in written
    assert "at &#39;rewrite&#39;: disk full" in written
    assert "nothing is that old" in written
    assert written.count("<svg ") == 1  # what the JSON columns of the database take, which no trial tells


def test_a_run_of_the_baseline_alone_says_that_there_is_nothing_to_choose(sample: Experiment) -> None:
    assert "No strategy was measured beside the baseline" in only(sample, sample.outcomes[0])


def test_a_run_of_one_strategy_without_a_baseline_says_that_nothing_is_compared(sample: Experiment) -> None:
    strategy = next(outcome for outcome in sample.outcomes if outcome.scenario == "drop_raw_response")
    assert "nothing is compared" in only(sample, strategy)


def test_an_interrupted_run_says_so_at_the_top(sample: Experiment) -> None:
    written = page(analyse(replace(sample, finished=None, outcomes=sample.outcomes[:5])))
    assert f"was interrupted: 5 of {len(sample.plan.trials)} trials" in written


def test_help_loads_nothing_that_draws() -> None:
    script = """import sys; sys.argv = ["lab", "--help"]
from lab.cli import main
try: main()
except SystemExit: pass
assert not {"vl_convert", "jinja2", "pandas", "scipy"} & set(sys.modules), sorted(sys.modules)"""
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT, capture_output=True)
