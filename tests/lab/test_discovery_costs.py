"""What DISCOVERY.md says of writes, of codecs and of ways back is what the run measured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from data_gen import published as publications
from lab.analysis.results import analyse
from lab.discovery import Discovery, DiscoveryInputs, discover
from lab.discovery.statements import NOTHING, rollback_steps
from lab.units import duration_text, interval_text
from lab.values import Completed, ExecutedStatement, Experiment, Profile
from tests.support import CASES


@pytest.fixture(scope="module")
def published() -> Profile:
    return publications.load(CASES / "2026-02-17.json")


@pytest.fixture(scope="module")
def discovery(published: Profile, sample: Experiment) -> Discovery:
    return discover(DiscoveryInputs(profile=published, results=analyse(sample)))


@pytest.fixture(scope="module")
def without_writes(published: Profile, sample: Experiment) -> Discovery:
    """The same of a run that measured no write."""
    outcomes = tuple(
        replace(outcome, writes=None) if isinstance(outcome, Completed) else outcome for outcome in sample.outcomes
    )
    return discover(DiscoveryInputs(profile=published, results=analyse(replace(sample, outcomes=outcomes))))


def words_about(discovery: Discovery, topic: str) -> str:
    (finding,) = (finding for finding in discovery.findings if topic in finding.question)
    return " ".join((finding.words, *finding.evidence, *finding.missing))


def test_the_codec_that_the_sentence_names_is_the_strategy_that_tried_it(discovery: Discovery) -> None:
    words = words_about(discovery, "TOAST")
    assert "On the run's workload, `toast_lz4` gains nothing (-0.7 %)." in words
    assert "references" not in words  # which another strategy noted


def test_only_of_writes_that_were_not_measured_the_speed_is_unknown(
    discovery: Discovery, without_writes: Discovery
) -> None:
    unknown = "The speed of writes afterwards is unknown"
    assert unknown not in words_about(discovery, "normalised")
    assert "W1" in words_about(discovery, "normalised")
    assert unknown in words_about(without_writes, "normalised")


def test_slower_writes_are_a_risk_and_so_are_unknown_ones(discovery: Discovery, without_writes: Discovery) -> None:
    (slower,) = (risk for risk in discovery.risks if "rites" in risk.name)
    assert (slower.name, slower.level) == ("Slower writes", "high")
    assert slower.what.startswith("W1 (storing a cycle of new snapshots) writes 0.")
    (unknown,) = (risk for risk in without_writes.risks if "rites" in risk.name)
    assert (unknown.name, unknown.level) == ("Writes", "medium")


def rollback(*statements: str, undo: str = "") -> tuple[str, ...]:
    return rollback_steps([ExecutedStatement(sql=sql, times=1) for sql in statements], {"t": "1 GB"}, undo)[0]


PACKED = "ALTER TABLE t ALTER COLUMN a TYPE bytea USING packed(id)"


def test_the_way_back_from_another_type_is_the_program_where_there_is_one() -> None:
    assert rollback(PACKED, undo="`undo.py`") == ("t: `undo.py` gives its values back.",)
    assert rollback(PACKED) == ("t: change the type back, with an expression that gives the old values.",)


@pytest.mark.parametrize(
    ("statements", "unchanged"),
    [
        (("CREATE TABLE new (a int)", "ALTER TABLE new ALTER a SET STORAGE EXTERNAL"), True),
        (("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", PACKED), False),
        (("CREATE TABLE new (a int)", "ALTER TABLE t ALTER a SET STORAGE EXTERNAL"), False),
    ],
)
def test_old_tables_are_called_unchanged_only_where_a_step_leaves_them_alone(
    statements: tuple[str, ...], unchanged: bool
) -> None:
    ways = rollback(*statements)
    assert "Drop the new objects." in ways
    assert ("The old tables are unchanged." in ways) is unchanged


def test_a_setting_of_a_new_table_goes_with_it() -> None:
    assert rollback("ALTER TABLE new ALTER a SET STORAGE EXTERNAL") == (NOTHING,)


def test_a_step_of_the_plan_that_packs_a_column_names_the_program(discovery: Discovery) -> None:
    (step,) = (
        step
        for phase in discovery.phases
        for step in phase.steps
        if "odds_snapshots: put the packed" in step.name and not step.name.startswith("competitor")
    )
    assert "The old tables are unchanged." not in step.rollback


def test_an_interval_that_begins_at_nothing_says_its_end() -> None:
    assert interval_text(0.0, 1500.0, duration_text) == "at most 25 min"
    assert interval_text(282.0, 1500.0, duration_text) == "4.7 min to 25 min"
