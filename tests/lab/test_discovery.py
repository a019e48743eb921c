"""What a discovery says follows from what was seen: each gap is named, and nothing is ticked, saved or sure without data."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from data_gen.published import load as load_published
from lab import registry
from lab.analysis.results import analyse
from lab.cli.discovering import proposals
from lab.discovery import Discovery, DiscoveryInputs, discover
from lab.discovery.opportunities import touched_bytes
from lab.discovery.values import Answer, Check, Impact, Opportunity
from lab.units import bytes_text
from lab.usage import Usage, look
from lab.values import (
    BASELINE,
    ColumnProfile,
    Completed,
    DatabaseCheck,
    Experiment,
    IndexProfile,
    Mismatch,
    Profile,
    RequirementAnswer,
    Retention,
    Series,
    Shape,
    Share,
    Verdict,
)
from tests.support import CASES, ROOT

TREES = ROOT / "tests" / "usage" / "trees"
CATEGORIES = ("Eliminate", "Compress", "Normalize", "Partition", "Retain")


@pytest.fixture(scope="module")
def published() -> Profile:
    return load_published(CASES / "2026-02-17.json")


@pytest.fixture(scope="module")
def poor() -> Profile:
    """The other case: it publishes no columns, no growth and no retention."""
    return load_published(CASES / "2026-02-06.json")


def usage_of(tree: str) -> tuple[Usage, ...]:
    return look([TREES / tree], ["raw_response"])


def with_columns(profile: Profile, **changes: object) -> Profile:
    """The profile with something more known of each JSON column."""
    tables = tuple(
        replace(table, columns=tuple(_column(column, changes) for column in table.columns)) for table in profile.tables
    )
    return replace(profile, tables=tables)


def _column(column: ColumnProfile, changes: dict[str, object]) -> ColumnProfile:
    return replace(column, **changes)  # type: ignore[arg-type]


def with_series(profile: Profile, **changes: object) -> Profile:
    """The profile with something more known of how much repeats."""
    return replace(profile, series=tuple(_one(one, changes) for one in profile.series))


def _one(series: Series, changes: dict[str, object]) -> Series:
    return replace(series, **changes)  # type: ignore[arg-type]


def with_trial(experiment: Experiment, scenario: str, **changes: object) -> Experiment:
    outcomes = tuple(
        replace(one, **changes) if isinstance(one, Completed) and one.scenario == scenario else one  # type: ignore[arg-type]
        for one in experiment.outcomes
    )
    return replace(experiment, outcomes=outcomes)


def answer(found: Discovery, word: str) -> Answer:
    (one,) = (one for one in found.answers if word in one.question)
    return one


def check(found: Discovery, word: str) -> Check:
    (one,) = (one for one in found.checks if word in one.name)
    return one


def measured(found: Discovery) -> list[Opportunity]:
    return [one for one in found.opportunities if one.expected]


def test_five_questions_are_answered_whatever_is_known(published: Profile, poor: Profile, sample: Experiment) -> None:
    for profile, usages, run in product((published, poor), ((), usage_of("app")), (None, sample)):
        answers = discover(
            DiscoveryInputs(profile=profile, usages=usages, results=analyse(run) if run else None)
        ).answers
        assert len(answers) == 5
        assert all(one.words for one in answers)
        assert all(one.missing for one in answers if one.verdict == "unknown")


@pytest.mark.parametrize(("tree", "verdict"), [("app", "yes"), ("loaded", "perhaps"), ("written", "no")])
def test_only_the_sources_say_whether_the_payload_is_needed(published: Profile, tree: str, verdict: str) -> None:
    found = answer(discover(DiscoveryInputs(profile=published, usages=usage_of(tree))), "raw_response")
    assert found.verdict == verdict
    assert "files" in found.evidence[0]


def test_without_sources_the_payload_may_be_needed_and_the_command_is_named(published: Profile) -> None:
    found = answer(discover(DiscoveryInputs(profile=published)), "raw_response")
    assert found.verdict == "unknown"
    assert "`lab usage SRC" in found.words
    assert "odds_snapshots.raw_response holds 23.0 GB" in found.evidence[0]


def test_sources_that_do_not_mention_the_payload_decide_nothing(published: Profile, tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("x = 1\n", encoding="utf-8")
    found = discover(DiscoveryInputs(profile=published, usages=look([tmp_path], ["raw_response"])))
    assert answer(found, "raw_response").verdict == "unknown"
    assert not check(found, "sources").done


def test_outcomes_can_be_normalised_where_a_verified_form_is_smaller(published: Profile, sample: Experiment) -> None:
    found = answer(discover(DiscoveryInputs(profile=published, results=analyse(sample))), "outcomes")
    assert found.verdict == "yes"
    assert "outcome_normalization_snapshot" in found.words
    assert any("outcome_normalization_rows` saves -" in line for line in found.evidence)


def test_a_smaller_form_with_other_answers_is_none(published: Profile, sample: Experiment) -> None:
    spoiled = sample
    for trial in sample.outcomes:
        if isinstance(trial, Completed) and trial.scenario.startswith("outcome_normalization"):
            spoiled = with_trial(spoiled, trial.scenario, verification=differing(trial))
    found = discover(DiscoveryInputs(profile=published, results=analyse(spoiled)))
    assert answer(found, "outcomes").verdict == "no"
    assert not check(found, "Answers of all trials").done
    (one,) = (one for one in found.opportunities if one.name == "outcome_normalization_packed")
    assert one.expected is None
    assert "expected 2 rows" in one.unmeasured


def differing(trial: Completed) -> object:
    wrong = (Mismatch(name="table odds", expected="2 rows", found="1 row"),)
    return replace(trial.verification, verdict=Verdict.DIFFERS, mismatches=wrong)


@pytest.mark.parametrize(
    ("snapshots", "rows", "verdict"),
    [(0.1, 0.9, "yes"), (0.0, 0.9, "partly"), (0.0, 0.1, "no"), (None, None, "unknown")],
)
def test_duplicates_are_what_was_compared(
    published: Profile, snapshots: float | None, rows: float | None, verdict: str
) -> None:
    shares = {"equal_snapshots": snapshots, "equal_market_rows": rows}
    told = {name: None if share is None else Share(value=share, error=0.04) for name, share in shares.items()}
    seen = with_series(published, pairs=320, events_sampled=16, **told)
    found = answer(discover(DiscoveryInputs(profile=seen)), "duplicate")
    assert found.verdict == verdict
    assert "320 pairs" in found.evidence[0]
    assert ("± 4.0 %" in found.evidence[0]) == (rows is not None)


def test_an_imitated_workload_is_no_evidence_of_duplicates(published: Profile, sample: Experiment) -> None:
    found = answer(discover(DiscoveryInputs(profile=published, results=analyse(sample))), "duplicate")
    assert found.verdict == "unknown"
    assert any("no evidence" in line for line in found.missing)


def test_retention_says_what_is_there_and_what_would_fit(published: Profile, poor: Profile) -> None:
    found = answer(discover(DiscoveryInputs(profile=published)), "Retention")
    assert "none of 7 days or fewer" in found.words
    assert "about 2.8 days" in found.words
    unseen = answer(discover(DiscoveryInputs(profile=poor)), "Retention")
    assert unseen.verdict == "unknown"
    assert "states no growth" in unseen.words


def test_an_old_lookup_is_no_sign_of_kept_history(published: Profile) -> None:
    young = (Retention(days=7, rows_older=0, bytes_older=0, rows_kept=10),)
    captured = tuple(replace(table, retention=young) for table in published.tables)
    lookup = replace(captured[0], table="bookmakers", retention=(replace(young[0], days=30, rows_older=3),))
    found = answer(discover(DiscoveryInputs(profile=replace(published, tables=(*captured, lookup)))), "Retention")
    assert "nothing is older than the periods looked at" in found.words
    assert found.evidence == ()


@pytest.mark.parametrize(("raw", "verdict"), [(1 << 40, "yes"), (1 << 20, "no"), (None, "unknown")])
def test_toast_is_effective_where_stored_is_less_than_raw(published: Profile, raw: int | None, verdict: str) -> None:
    found = answer(discover(DiscoveryInputs(profile=with_columns(published, raw_bytes=raw))), "TOAST")
    assert found.verdict == verdict


def test_codecs_that_were_tried_are_evidence(published: Profile) -> None:
    seen = with_columns(published, raw_bytes=1 << 40, documents=64, restored={"pglz": 1.0, "lz4": 1.05})
    found = answer(discover(DiscoveryInputs(profile=seen)), "TOAST")
    assert any("64 documents recompressed: pglz +0.0 %, lz4 +5.0 %" in line for line in found.evidence)
    assert not found.missing


def test_without_a_run_ways_to_save_are_named_and_none_has_a_number(published: Profile) -> None:
    found = discover(DiscoveryInputs(profile=published, proposals=proposals()))
    assert {category for one in found.opportunities for category in one.categories} == set(CATEGORIES)
    assert measured(found) == []
    assert all(one.impact is None and one.unmeasured.startswith("Not measured") for one in found.opportunities)
    assert {one.touches for one in found.opportunities if one.name == "drop_raw_response"} == {33 << 30}
    assert [phase.number for phase in found.phases] == [101, 102, 103, 104]
    assert all("lab run" in phase.changes[0] and phase.saving == "Not known." for phase in found.phases)


def test_every_proposal_is_a_scenario_and_knows_how_much_it_touches(published: Profile) -> None:
    assert {proposal.name for proposal in proposals()} <= set(registry.registered())
    assert all(touched_bytes(proposal, published) for proposal in proposals())


def test_no_file_of_a_discovery_names_a_scenario() -> None:
    names = set(registry.registered()) - {BASELINE}
    sources = [*(ROOT / "lab" / "discovery").rglob("*.py"), *(ROOT / "lab" / "usage").rglob("*.py")]
    found = [
        (path.name, name) for path in sources for name in names if re.search(rf"\b{name}\b", path.read_text("utf-8"))
    ]
    assert not found


def test_measured_ways_are_ranked_by_impact_then_effort_then_bytes(published: Profile, sample: Experiment) -> None:
    found = measured(discover(DiscoveryInputs(profile=published, results=analyse(sample))))
    keys = [(-(one.impact or 0), one.effort or 0, -one.expected.saved) for one in found if one.expected]
    assert keys == sorted(keys)
    assert found[0].impact is Impact.DECISIVE
    assert {one.name for one in found if one.impact is Impact.NONE} == {"toast_lz4", "outcome_normalization_rows"}


def test_all_categories_are_there_and_what_was_skipped_has_its_reason(published: Profile, sample: Experiment) -> None:
    found = discover(DiscoveryInputs(profile=published, results=analyse(sample)))
    assert {category for one in found.opportunities for category in one.categories} == set(CATEGORIES)
    (skipped,) = (one for one in found.opportunities if one.name == "retention_30d")
    assert "Nothing to delete" in skipped.unmeasured
    assert not {"baseline", "rewrite_only"} & {one.name for one in found.opportunities}


def test_what_was_measured_without_a_baseline_is_named_and_has_no_number(
    published: Profile, sample: Experiment
) -> None:
    bare = replace(sample, outcomes=tuple(one for one in sample.outcomes if one.scenario != "baseline"))
    found = discover(DiscoveryInputs(profile=published, results=analyse(bare)))
    assert measured(found) == []
    (one,) = (one for one in found.opportunities if one.name == "drop_raw_response")
    assert "no baseline" in one.unmeasured


def check_of(sample: Experiment, *, broken: int | None) -> DatabaseCheck:
    """What the profiled database answered about the recommended strategy."""
    advice = analyse(sample).advice
    assert advice.scenario
    return DatabaseCheck(
        format=1,
        strategy=advice.scenario,
        database="2026-02-17",
        server="17.4",
        taken="2026-02-17T10:00:00+00:00",
        requirements=(
            RequirementAnswer(name="no price is 0", broken=broken, reason="" if broken is not None else "slow"),
        ),
        dependants=(),
    )


@pytest.mark.parametrize("broken", [3, None])
def test_a_requirement_that_is_broken_or_not_known_is_not_ticked(
    published: Profile, sample: Experiment, broken: int | None
) -> None:
    inputs = DiscoveryInputs(profile=published, results=analyse(sample), check=check_of(sample, broken=broken))
    assert not check(discover(inputs), "requirements of").done


def test_the_check_of_another_database_or_strategy_ticks_nothing(published: Profile, sample: Experiment) -> None:
    whole = check_of(sample, broken=0)
    for other in (replace(whole, database="other"), replace(whole, strategy="toast_lz4")):
        inputs = DiscoveryInputs(profile=published, results=analyse(sample), check=other)
        assert not check(discover(inputs), "requirements of").done


def older(sample: Experiment) -> Experiment:
    """The run as format 1 recorded it: without what a scenario changes and requires."""
    facts = {name: replace(one, changes={}, requires=()) for name, one in sample.scenarios.items()}
    return replace(sample, scenarios=facts)


def test_the_plan_of_an_older_run_prints_no_sql_and_says_why(published: Profile, sample: Experiment) -> None:
    inputs = DiscoveryInputs(profile=published, results=analyse(older(sample)))
    assert inputs.files == ()
    migration = discover(inputs).phases[2]
    assert any("not safe on another database" in line for line in migration.changes)
    assert migration.moves


def test_what_cannot_be_undone_says_so_and_what_can_says_how(published: Profile, sample: Experiment) -> None:
    phases = discover(DiscoveryInputs(profile=published, results=analyse(sample))).phases
    moves = [move for phase in phases for move in phase.moves]
    removed = {move.name for move in moves if "DROP COLUMN" in move.name}
    assert removed
    assert removed <= {move.name for move in moves if move.irreversible}
    assert all(move.back for move in moves)
    assert all("no way back" in " ".join(move.back).lower() for move in moves if move.irreversible)


def planned(published: Profile, sample: Experiment, best: str) -> Discovery:
    """The plan where only that strategy was measured and the target is within its reach."""
    alone = tuple(one for one in sample.outcomes if one.scenario in ("baseline", best))
    roomy = replace(sample, outcomes=alone, case=replace(sample.case, target_bytes=30 << 30))
    return discover(DiscoveryInputs(profile=published, results=analyse(roomy)))


def test_steps_of_one_name_have_a_file_each(published: Profile, sample: Experiment) -> None:
    name = "drop_raw_response+retention_7d"
    facts = replace(sample.scenarios[name], changes={"odds_snapshots": Shape.TABLE})  # a run of format 1 has no files
    changed = replace(sample, scenarios={**sample.scenarios, name: facts})
    moves = [move for phase in planned(published, changed, name).phases for move in phase.moves]
    assert [move.name for move in moves].count("VACUUM FULL") == 2
    assert len({move.file for move in moves}) == len(moves)


def test_an_old_table_that_is_kept_takes_what_earlier_steps_left_of_it(published: Profile, sample: Experiment) -> None:
    plan = planned(published, sample, "drop_raw_response+hypertable_compression").phases[2]
    kept = [" ".join(move.back) for move in plan.moves if "more at full size" in " ".join(move.back)]
    (snapshots,) = (back for back in kept if back.startswith("odds_snapshots"))
    assert re.search(r"up to \d+(\.\d+)? MB more", snapshots)  # without the payloads, which a step before has dropped


def test_no_threshold_of_a_retention_is_passed_on_the_first_day(published: Profile, sample: Experiment) -> None:
    found = planned(published, sample, "drop_raw_response+retention_7d")
    assert found.expected
    assert re.search(r", and stays at [\d.]+ GB under its retention, under the target", found.headline)
    settles = next(watch for watch in found.phases[3].watches if watch.what == "Size that it settles at")
    assert settles.threshold.startswith(f"above {bytes_text(found.expected.most)}, as long")


@pytest.mark.parametrize("best", ["drop_raw_response+hypertable_compression", "drop_raw_response+retention_7d"])
def test_any_measured_strategy_has_its_four_phases(published: Profile, sample: Experiment, best: str) -> None:
    schema, _, migration, after = planned(published, sample, best).phases
    assert schema.changes
    assert any("job" in line for line in after.changes)
    chunks = any("chunks" in watch.how for watch in after.watches)
    assert chunks == ("hypertable" in best)
    moves = (*migration.moves, *after.moves)
    assert any("backup" in line for move in moves for line in move.back) == ("retention" in best)


def test_files_that_must_change_come_from_the_sources(published: Profile, sample: Experiment) -> None:
    change = (
        discover(DiscoveryInputs(profile=published, results=analyse(sample), usages=usage_of("app"))).phases[1].changes
    )
    assert any("`storage/writer.py:7` writes `raw_response`" in line for line in change)
    assert not any("alembic" in line for line in change)
    unknown = discover(DiscoveryInputs(profile=published, results=analyse(sample))).phases[1].changes
    assert any("--usage SRC" in line for line in unknown)


def test_a_saving_is_never_without_its_error(published: Profile, sample: Experiment) -> None:
    expected = discover(DiscoveryInputs(profile=published, results=analyse(sample))).expected
    assert expected is not None
    assert "the projection states none; two baselines differ by 0.00 %" in replace(expected, interval=None).error
    stated = replace(expected, interval=(1 << 30, 2 << 30), noise_percent=None)
    assert "between 1.00 GB and 2.00 GB; the noise is not known" in stated.error


def test_a_profile_of_something_else_is_said_at_the_top(poor: Profile, published: Profile, sample: Experiment) -> None:
    _, warning = discover(DiscoveryInputs(profile=poor, results=analyse(sample))).warnings
    assert "2026-02-06 (18.0 GB)" in warning
    assert "imitates 2026-02-17 (63.2 GB)" in warning
    unread = DiscoveryInputs(profile=published, results=analyse(sample), usages=usage_of("written"))
    assert discover(unread).warnings == ()


@pytest.mark.parametrize(
    ("tree", "need"), [("app", "Yes"), ("loaded", "Perhaps"), (None, "Unknown"), ("written", None)]
)
def test_a_recommendation_that_gives_up_what_may_be_read_says_so_at_the_top(
    published: Profile, sample: Experiment, tree: str | None, need: str | None
) -> None:
    usages = usage_of(tree) if tree else ()
    warnings = discover(DiscoveryInputs(profile=published, results=analyse(sample), usages=usages)).warnings
    assert len(warnings) == (need is not None)
    assert all(f"Is it needed? {need}: " in line and "odds_snapshots.raw_response" in line for line in warnings)


def test_what_fits_the_target_of_another_database_is_not_ticked(poor: Profile, sample: Experiment) -> None:
    found = discover(DiscoveryInputs(profile=poor, results=analyse(sample)))
    assert not check(found, "fits the target").done
    assert not check(found, "states its error").done


def test_a_database_that_has_hardly_changed_is_the_same(published: Profile, sample: Experiment) -> None:
    used = replace(published, database_bytes=published.database_bytes + 8192)
    assert check(discover(DiscoveryInputs(profile=used, results=analyse(sample))), "same database").done


def test_a_database_that_has_grown_since_is_another_one(published: Profile, sample: Experiment) -> None:
    found = discover(DiscoveryInputs(profile=replace(published, database_bytes=70 << 30), results=analyse(sample)))
    assert any("2026-02-17 (70.0 GB)" in line for line in found.warnings)
    assert not check(found, "same database").done


def test_an_interrupted_run_is_said_at_the_top_and_not_ticked(published: Profile, sample: Experiment) -> None:
    found = discover(
        DiscoveryInputs(
            profile=published, results=analyse(replace(sample, finished=None, outcomes=sample.outcomes[:4]))
        )
    )
    assert any("interrupted" in line for line in found.warnings)
    assert not check(found, "run is whole").done


def test_where_nothing_fits_no_plan_is_made(published: Profile, sample: Experiment) -> None:
    tight = replace(sample, case=replace(sample.case, target_bytes=1 << 20))
    found = discover(DiscoveryInputs(profile=published, results=analyse(tight)))
    assert all("Nothing measured here gets under" in phase.changes[0] for phase in found.phases)
    assert found.expected is None
    assert not check(found, "fits the target").done
    assert any(one.name == "No strategy" for one in found.risks)


def indexed(profile: Profile, scans: int | None) -> Profile:
    one = IndexProfile(
        name="i",
        definition="CREATE INDEX i ON t USING btree (a)",
        bytes=1,
        scans=scans,
        unique=False,
        primary=False,
        valid=True,
    )
    return replace(profile, tables=tuple(replace(table, indexes=(one,)) for table in profile.tables))


def test_an_item_is_ticked_by_its_evidence_and_unticked_without(
    published: Profile, poor: Profile, sample: Experiment
) -> None:
    """Each item beside one input that has the data behind it and one that has not."""
    seen = DiscoveryInputs(profile=published, results=analyse(sample), usages=usage_of("app"))
    bare = DiscoveryInputs(profile=poor)
    unweighed = replace(published, tables=tuple(replace(one, total_bytes=None, rows=None) for one in published.tables))
    single = replace(sample, outcomes=tuple(one for one in sample.outcomes if getattr(one, "repeat", 1) == 1))
    pairs = {
        "saw everything": (DiscoveryInputs(profile=replace(published, missing=())), bare),
        "is weighed": (seen, DiscoveryInputs(profile=unweighed)),
        "Rows of": (seen, DiscoveryInputs(profile=unweighed)),
        "JSON columns": (seen, bare),
        "Data ÷ index": (seen, bare),
        "Index use": (
            DiscoveryInputs(profile=indexed(published, 3)),
            DiscoveryInputs(profile=indexed(published, None)),
        ),
        "Growth": (seen, bare),
        "Ages": (seen, bare),
        "top drivers": (seen, bare),
        "duplicates": (DiscoveryInputs(profile=with_series(published, pairs=3)), seen),
        "raw bytes": (DiscoveryInputs(profile=with_columns(published, raw_bytes=1 << 40)), seen),
        "sources": (seen, bare),
        "Strategies": (seen, bare),
        "Answers": (seen, bare),
        "noise floor": (seen, DiscoveryInputs(profile=published, results=analyse(single))),
        "run is whole": (seen, bare),
        "same database": (seen, DiscoveryInputs(profile=poor, results=analyse(sample))),
        "fits the target": (seen, bare),
        "requirements of": (
            DiscoveryInputs(profile=published, results=analyse(sample), check=check_of(sample, broken=0)),
            DiscoveryInputs(profile=published, results=analyse(sample), check=check_of(sample, broken=3)),
        ),
        "depends on": (DiscoveryInputs(profile=replace(published, dependants=())), bare),
        "projection states": (
            seen,
            DiscoveryInputs(profile=published, results=analyse(replace(sample, auxiliary_trials=()))),
        ),
    }
    for word, (inputs, unknown) in pairs.items():
        assert check(discover(inputs), word).done, word
        assert not check(discover(unknown), word).done, word
    assert len(discover(seen).checks) == len(pairs)


def test_a_ticked_item_says_what_proves_it_and_an_open_one_what_to_do(published: Profile, sample: Experiment) -> None:
    for one in discover(DiscoveryInputs(profile=published, results=analyse(sample))).checks:
        assert one.done == (one.evidence is not None)
        assert one.evidence != ""
        assert one.otherwise


def test_the_same_inputs_give_the_same_discovery(published: Profile, sample: Experiment) -> None:
    first, second = (discover(DiscoveryInputs(profile=published, results=analyse(sample))) for _ in range(2))
    assert first == second
