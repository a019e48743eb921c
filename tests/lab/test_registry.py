"""Adding a scenario is writing one file; a broken one is named, an unknown one is answered with the nearest."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

import scenarios
from lab import registry
from lab.errors import InputError
from lab.scenario import Scenario
from lab.trial import trial
from lab.trial.template import Bench
from lab.values import Completed, Verdict
from tests.lab.commands import lab_here
from tests.lab.trials import request_for
from tests.support import ROOT

GUIDE = ROOT / "docs" / "write-a-scenario.md"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A second folder that is searched for scenarios, as if its files lay in scenarios/."""
    monkeypatch.setattr(scenarios, "__path__", [*scenarios.__path__, str(tmp_path)])
    yield tmp_path
    for file in tmp_path.glob("*.py"):
        sys.modules.pop(f"scenarios.{file.stem}", None)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    """A folder of scenarios that `registry.add` may add; it is forgotten afterwards."""
    before = list(scenarios.__path__)
    (folder := tmp_path / "own").mkdir()
    yield folder
    scenarios.__path__[:] = before
    for file in folder.glob("*.py"):
        if sys.modules.get(name := f"scenarios.{file.stem}") and file.stem not in {"toast_lz4", "_packing"}:
            del sys.modules[name]


OWN = """\"\"\"Mine.\"\"\"
from dataclasses import replace
from scenarios._words import TITLE
from scenarios.baseline import SCENARIO as S

SCENARIO = replace(S, title=str(TITLE))
"""


def test_the_controls_come_first() -> None:
    assert list(registry.registered())[:2] == ["baseline", "rewrite_only"]


def test_all_holds_every_scenario_and_the_combinations_that_are_asked_for() -> None:
    names = registry.everything()
    assert {name for name in names if "+" in name} == {
        "archive_raw_response+pack_market_history",
        "drop_raw_response+hypertable_compression",
        "drop_raw_response+hypertable_compression_jsonb",
        "drop_raw_response+outcome_normalization_snapshot",
        "drop_raw_response+pack_market_history",
        "drop_raw_response+retention_7d",
        "drop_raw_response+store_changes_only",
        "pack_raw_response+hypertable_compression",
        "pack_raw_response+pack_market_history",
        "toast_lz4+hypertable_compression",
        "toast_lz4+pack_market_history",
    }
    assert {"retention_7d", "retention_14d", "retention_30d", "toast_lz4", "hypertable_compression_default"} <= set(
        names
    )
    assert len(set(names)) == len(names)


def test_a_file_name_stands_for_its_variants() -> None:
    assert [entry.name for entry in registry.resolve(["retention"])] == [
        "retention_7d",
        "retention_14d",
        "retention_30d",
    ]


def test_a_combination_gives_up_what_its_parts_give_up() -> None:
    (entry,) = registry.resolve(["drop_raw_response+retention_7d"])
    assert len(entry.scenario.given_up) == 3


@pytest.mark.parametrize("name", [name for name in registry.everything() if "+" in name])
def test_what_a_combination_runs_again_and_again_is_what_its_parts_run(name: str) -> None:
    """Statement by statement: a transaction that begins twice ends twice."""
    (entry,) = registry.resolve([name])
    parts = [part.scenario for part in registry.resolve(name.split("+"))]
    assert entry.scenario.recurring == tuple(statement for part in parts for statement in part.recurring)
    assert entry.scenario.recurring.count("BEGIN") == entry.scenario.recurring.count("COMMIT")


def test_two_strategies_that_delete_rows_cannot_be_combined() -> None:
    with pytest.raises(
        InputError, match=r"delete rows, and only one such strategy can be part\. No order works: leave one of them out"
    ):
        registry.resolve(["retention_7d+retention_14d"])


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "hypertable_compression+drop_raw_response",
            (
                r"drop_raw_response needs the table odds_snapshots, which hypertable_compression turns into a hypertable\."
                r" Write 'drop_raw_response\+hypertable_compression'\."
            ),
        ),
        (
            "drop_raw_response+toast_lz4",
            (
                r"toast_lz4 needs the column odds_snapshots\.raw_response, which drop_raw_response drops\."
                r" Write 'toast_lz4\+drop_raw_response'\."
            ),
        ),
        (
            "pack_raw_response+toast_lz4",
            (
                r"toast_lz4 needs the values of odds_snapshots\.raw_response as they were, which pack_raw_response packs\."
                r" Write 'toast_lz4\+pack_raw_response'\."
            ),
        ),
        (
            "outcome_normalization_rows+hypertable_compression",
            (
                r"hypertable_compression needs the table market_odds, which outcome_normalization_rows turns into a view\."
                r" No order works: leave one of them out\."
            ),
        ),
        ("outcome_normalization_snapshot+drop_raw_response+retention_7d", r"Write 'drop_raw_response\+retention_7d\+"),
    ],
)
def test_parts_that_do_not_find_what_they_need_are_refused_with_the_order_that_works(name: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        registry.resolve([name])


def test_many_parts_without_an_order_are_refused_at_once() -> None:
    with pytest.raises(InputError, match="No order works"):
        registry.resolve(["+".join(["rewrite_only"] * 30 + ["toast_lz4", "retention_7d", "retention_14d"])])


def test_a_combination_states_every_field_of_a_scenario() -> None:
    (entry,) = registry.resolve(["toast_lz4+hypertable_compression"])
    parts = [part.scenario for part in registry.resolve(["toast_lz4", "hypertable_compression"])]
    joined = {
        "title",
        "what",
        "needs",
        "changes",
        "needs_columns",
        "requires",
        "losses",
        "costs",
        "origins",
        "grows_with_scale",
        "recurring",
        "client",
        "archives",
    }
    fixed = {"hypothesis", "varies_with", "leads", "follows"}
    first = {"category", "keeps", "keeps_days"}
    merged = {"empties", "empties_after_days", "archives_after_days", "write", "decodes", "undo", "again"}
    assert {field.name for field in fields(Scenario)} == joined | fixed | first | merged | {"apply"}
    for name in joined - {"title", "what"}:
        assert all(set(getattr(part, name)) <= set(getattr(entry.scenario, name)) for part in parts), name
    assert all(part.title in entry.scenario.title and part.what in entry.scenario.what for part in parts)
    assert not entry.scenario.follows
    assert not entry.scenario.leads
    assert entry.scenario.category is parts[0].category


def test_only_one_strategy_of_each_file_leads() -> None:
    leading = [entry.family for entry in registry.registered().values() if entry.scenario.leads]
    assert leading == list(dict.fromkeys(entry.family for entry in registry.registered().values()))


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("retention(days=10)", "retention(days=10)"),
        (" retention ( days = 010 ) ", "retention(days=10)"),
        ("retention_14d(days=10)", "retention(days=10)"),
        ("retention(days=7)", "retention_7d"),
        ("retention_7d(days=30)", "retention_30d"),
        ("drop_raw_response+retention(days=10)", "drop_raw_response+retention(days=10)"),
        ("drop_raw_response + retention(days=7)", "drop_raw_response+retention_7d"),
    ],
)
def test_the_same_values_have_one_name_and_that_name_alone_makes_the_same_scenario(written: str, name: str) -> None:
    (entry,) = registry.resolve([written, name])
    assert entry.name == name
    (again,) = registry.resolve([entry.name])
    assert again.facts == entry.facts


def test_a_value_of_a_parameter_reaches_the_scenario_and_its_facts() -> None:
    (entry,) = registry.resolve(["drop_raw_response+retention(days=10)"])
    assert entry.scenario.keeps_days == 10
    assert [setting.line for setting in entry.facts.settings] == [
        "retention: days = 10 (default 7; a whole number from 1 to 3,650). How many days of rows stay."
    ]
    (named,) = registry.resolve(["retention_14d"])
    assert named.values == {"days": 14}
    assert not named.scenario.leads


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("retention(days=0)", r"retention cannot have days=0\. days is a whole number from 1 to 3,650\."),
        ("retention(days=-1)", r"cannot have days=-1\. days is a whole"),
        ("retention(days=1.5)", r"cannot have days=1\.5\. days is a whole"),
        ("retention(days=٣)", r"cannot have days=٣\. days is a whole"),
        ("retention(days=" + "9" * 9999 + ")", r"cannot have days=9+\. days is a whole"),
        ("retention_7d(hours=3)", r"retention_7d has no parameter 'hours'\. It has days, a whole number from 1 to"),
        ("toast_lz4(days=3)", r"toast_lz4 has no parameters\. Write 'toast_lz4'\."),
        ("retentoin(days=3)", r"There is no scenario 'retentoin'\. Did you mean retention"),
        (
            "retention(days=3",
            r"'retention\(days=3' is not written like a scenario\. Write NAME or 'NAME\(PARAMETER=VALUE",
        ),
        ("retention()", r"is not written like a scenario"),
        ("retention(days)", r"is not written like a scenario"),
        ("retention(days=)", r"is not written like a scenario"),
        ("retention(days=3)x", r"is not written like a scenario"),
        ("toast_lz4+", r"'' is not written like a scenario"),
        ("retention(days=3,days=4)", r"gives a parameter twice"),
    ],
)
def test_a_value_outside_of_its_domain_is_one_error_that_names_the_domain(name: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        registry.resolve([name])


@pytest.mark.parametrize("name", ["drop_raw_respons", "drop_raw_respons+retention_7d"])
def test_an_unknown_scenario_is_answered_with_the_nearest_names(name: str) -> None:
    with pytest.raises(InputError, match=r"no scenario 'drop_raw_respons'.*Did you mean drop_raw_response"):
        registry.resolve([name])


@pytest.mark.slow
def test_the_scenario_of_the_guide_works_as_one_file(folder: Path, bench: Bench) -> None:
    text = GUIDE.read_text(encoding="utf-8")
    example = text.split("```python\n", 1)[1].split("```", 1)[0]
    (folder / "brin_on_capture_time.py").write_text(example, encoding="utf-8")
    (entry,) = registry.resolve(["brin_on_capture_time"])
    assert entry.description
    assert "brin_on_capture_time" in registry.everything()
    outcome = trial.run(request_for(bench, entry.name), entry.scenario, bench)
    assert isinstance(outcome, Completed), outcome
    assert outcome.verification.verdict is Verdict.EXACT
    assert [guarantee.words for guarantee in outcome.lost] == ["competitor_odds_snapshots: index btree (captured_at)"]


def family_file(parameter: str, named: str = "{}") -> str:
    """A file with one parameter."""
    return (
        '"""Something."""\nfrom lab.scenario import Choice, Family, WholeNumber\n'
        "from scenarios.baseline import SCENARIO as S\n"
        f"FAMILY = Family(make=lambda **values: S, parameters=dict({parameter}), named={named})"
    )


def letting_a_client(*keys: str) -> str:
    """A file whose scenario has a client's step of each key."""
    steps = ", ".join(f"ClientStep(name='', read='', convert=list, into='', columns=(), key='{key}')" for key in keys)
    return (
        '"""Something."""\nfrom dataclasses import replace\nfrom lab.scenario import ClientStep\n'
        f"from scenarios.baseline import SCENARIO as S\nSCENARIO = replace(S, client=({steps},))"
    )


def test_two_scenarios_with_a_step_of_the_same_key_are_no_combination(folder: Path) -> None:
    for name in ("mine", "yours"):
        (folder / f"{name}.py").write_text(letting_a_client("pack"), encoding="utf-8")
    with pytest.raises(InputError, match=r"yours lets a client do 'pack', and so does mine"):
        registry.resolve(["mine+yours"])


def test_a_file_with_a_parameter_and_no_names_stands_for_its_defaults(folder: Path) -> None:
    text = family_file("how=Choice(meaning='How', default='a', values=('a', 'b c'))")
    (folder / "broken.py").write_text(text, encoding="utf-8")
    names = [entry.name for entry in registry.resolve(["broken", "broken(how=a)", "broken(how=b c)"])]
    assert names == ["broken", "broken(how=b c)"]
    assert "broken" in registry.everything()
    with pytest.raises(InputError, match=r"broken cannot have how=d\. how is one of 'a', 'b c'\."):
        registry.resolve(["broken(how=d)"])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("SCENARIO = None", "no docstring"),
        ('"""Something."""', "defines no scenario"),
        (
            '"""Something."""\nfrom scenarios.baseline import SCENARIO as S\nVARIANTS = {"other": S}',
            "names a variant 'other'",
        ),
        (
            (
                '"""Something."""\nfrom dataclasses import replace\nfrom scenarios.baseline import SCENARIO as S\n'
                "SCENARIO = replace(S, keeps=lambda now: {})"
            ),
            r"declares `keeps` without lost_rows",
        ),
        (
            (
                '"""Something."""\nfrom dataclasses import replace\nfrom scenarios.baseline import SCENARIO as S\n'
                "SCENARIO = replace(S, empties=lambda now: {})"
            ),
            r"declares `empties` without lost_values",
        ),
        (letting_a_client("pack", "pack"), r"declares a client's step without a key, or two with the same key"),
        (letting_a_client(""), r"declares a client's step without a key"),
        (family_file("level=WholeNumber(meaning='', default=0, least=1, most=9)"), r"gives level the value '0'"),
        (family_file("how=Choice(meaning='', default='a,b', values=('a,b', 'c'))"), r"gives how the value 'a,b'"),
        (family_file("how=Choice(meaning='', default='a', values=('a', 'b'))", "{'broken_b': {'how': 'c'}}"), r"'c'"),
        (
            family_file("how=Choice(meaning='', default='a', values=('a', 'b'))", "{'broken_b': {'how': 'b'}}"),
            r"has no name for",
        ),
    ],
)
def test_a_broken_file_is_named(folder: Path, text: str, says: str) -> None:
    (folder / "broken.py").write_text(text, encoding="utf-8")
    (file,) = registry.broken()
    with pytest.raises(InputError, match=rf"broken cannot be used\. .*/broken\.py.*{says}"):
        registry.resolve(["broken"])
    assert file.hint


TYPO = '"""Something."""\nfrom lab.scenario import Scenario\n\nSCENARIO = Scenario(naame="x")\n'
"""The error of line 4 is Python's."""


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (TYPO, 4, "TypeError: .*naame"),
        ('"""Something."""\n\nSCENARIO = Scenario(\n', 3, "SyntaxError"),
        ('"""Something."""\nfrom scenarios._nothing import X\n', 2, "ModuleNotFoundError"),
        ('"""Something."""\nraise SystemExit(3)\n', 2, "SystemExit: 3"),
    ],
)
def test_a_typo_breaks_its_own_file_only(folder: Path, text: str, line: int, says: str) -> None:
    before = registry.everything()
    (folder / "typo.py").write_text(text, encoding="utf-8")
    (file,) = registry.broken()
    assert (file.file, file.line) == (str(folder / "typo.py"), line)
    assert re.search(says, file.words)
    assert registry.everything() == before
    for name in ("typo", "typo_7d", "drop_raw_response+typo"):
        with pytest.raises(InputError, match=rf"cannot be used\. .*typo\.py, line {line}: {says}"):
            registry.resolve([name])


def test_a_typo_in_a_shared_file_is_named_where_it_is(folder: Path) -> None:
    (folder / "_shared.py").write_text("X = 1\nY = Z\n", encoding="utf-8")
    (folder / "using.py").write_text('"""Something."""\nfrom scenarios._shared import Y\n', encoding="utf-8")
    (file,) = registry.broken()
    assert (file.family, file.file, file.line) == ("using", str(folder / "_shared.py"), 2)


def test_list_shows_a_broken_file_and_no_command_fails_because_of_it(tmp_path: Path, own: Path) -> None:
    (own / "typo.py").write_text(TYPO, encoding="utf-8")
    listed = lab_here("list", "--scenarios", own)
    assert listed.returncode == 0
    assert f"Broken: {own}/typo.py, line 4: TypeError" in listed.stdout
    done = lab_here("discover", "--scenarios", own, "--profile", "2026-02-17", "-o", tmp_path / "D.md")
    assert done.returncode == 0, done.stderr
    assert "Left out:" in done.stderr
    asked = lab_here("check", "--scenarios", own, "--strategy", "typo")
    assert asked.returncode == 2
    assert "typo.py, line 4" in "".join(asked.stderr.split("\n"))


def test_scenarios_of_a_folder_of_ones_own_are_listed_and_share_files(own: Path) -> None:
    (own / "_words.py").write_text('TITLE = "Mine"\n', encoding="utf-8")
    (own / "mine.py").write_text(OWN, encoding="utf-8")
    for _ in range(2):  # to name it twice is harmless
        registry.add(own)
    (entry,) = registry.resolve(["mine"])
    assert entry.scenario.title == "Mine"
    assert "mine" in registry.everything()
    assert "mine" in lab_here("list", "--scenarios", own).stdout


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("toast_lz4.py", "", r"toast_lz4\.py has the name of scenarios/toast_lz4\.py"),
        ("_packing.py", "", r"_packing\.py has the name of scenarios/_packing\.py"),
        ("toast.py", "VARIANTS = {'toast_lz4': SCENARIO}", r"toast\.py names a scenario 'toast_lz4', which"),
    ],
)
def test_a_name_that_exists_already_is_refused_with_both_files(own: Path, name: str, text: str, says: str) -> None:
    (own / name).write_text(f'"""X."""\nfrom scenarios.baseline import SCENARIO\n{text}', encoding="utf-8")
    with pytest.raises(InputError, match=says):
        registry.add(own)
    assert str(own) not in scenarios.__path__


def test_a_word_of_the_command_line_is_no_name(own: Path) -> None:
    (own / "all.py").write_text('"""X."""\nfrom scenarios.baseline import SCENARIO', encoding="utf-8")
    registry.add(own)
    assert [file.family for file in registry.broken()] == ["all"]


def test_a_folder_of_scenarios_that_is_not_there_is_refused(tmp_path: Path) -> None:
    done = lab_here("list", "--scenarios", tmp_path / "nowhere")
    assert done.returncode == 2
    assert "There is no folder" in done.stderr
