"""Adding a scenario is writing one file; a broken one is named, an unknown one is answered with the nearest."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import scenarios
from lab import registry
from lab.errors import InputError
from lab.trial import trial
from lab.trial.trial import Lane
from lab.values import Completed, PlannedTrial, Verdict
from tests.support import ROOT

README = ROOT / "README.md"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A second folder that is searched for scenarios, as if its files lay in scenarios/."""
    monkeypatch.setattr(scenarios, "__path__", [*scenarios.__path__, str(tmp_path)])
    yield tmp_path
    for file in tmp_path.glob("*.py"):
        sys.modules.pop(f"scenarios.{file.stem}", None)


def test_the_controls_come_first() -> None:
    assert list(registry.registered())[:2] == ["baseline", "rewrite_only"]


def test_all_holds_every_scenario_and_the_combinations_that_are_asked_for() -> None:
    names = registry.everything()
    assert {"retention_7d", "retention_14d", "retention_30d", "toast_lz4", "hypertable_compression_default"} <= set(
        names
    )
    assert {"drop_raw_response+retention_7d", "drop_raw_response+hypertable_compression"} <= set(names)
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


def test_two_retentions_cannot_be_combined() -> None:
    with pytest.raises(InputError, match="combines two retentions"):
        registry.resolve(["retention_7d+retention_14d"])


@pytest.mark.parametrize("name", ["drop_raw_respons", "drop_raw_respons+retention_7d"])
def test_an_unknown_scenario_is_answered_with_the_nearest_names(name: str) -> None:
    with pytest.raises(InputError, match=r"no scenario 'drop_raw_respons'.*Did you mean drop_raw_response"):
        registry.resolve([name])


def test_the_scenario_of_the_readme_works_as_one_file(folder: Path, lane: Lane) -> None:
    text = README.read_text(encoding="utf-8")
    example = text.split("```python\n", 1)[1].split("```", 1)[0]
    (folder / "brin_on_capture_time.py").write_text(example, encoding="utf-8")
    (entry,) = registry.resolve(["brin_on_capture_time"])
    assert entry.description
    assert "brin_on_capture_time" in registry.everything()
    outcome = trial.make(PlannedTrial(scenario=entry.name, server="native"), entry.scenario, lane)
    assert isinstance(outcome, Completed), outcome
    assert outcome.verification.verdict is Verdict.EXACT
    assert [guarantee.words for guarantee in outcome.lost] == ["competitor_odds_snapshots: index btree (captured_at)"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("SCENARIO = None", "no docstring"),
        ('"""Something."""', "defines no scenario"),
        (
            '"""Something."""\nfrom scenarios.baseline import SCENARIO as S\nVARIANTS = {"other": S}',
            "names a variant 'other'",
        ),
    ],
)
def test_a_broken_file_is_named(folder: Path, text: str, says: str) -> None:
    (folder / "broken.py").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=rf"scenarios/broken\.py.*{says}"):
        registry.registered()
