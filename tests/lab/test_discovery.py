"""A discovery follows from its inputs: each gap is named, and nothing is ticked, saved or certain without data."""

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
from lab.discovery.plan import Library
from lab.discovery.plan.dependants import recreating_statements
from lab.discovery.statements import rollback_steps, summary
from lab.discovery.values import ChecklistItem, Finding, Impact, Opportunity
from lab.scenario import ClientStep
from lab.units import bytes_text
from lab.usage.search import look
from lab.usage.values import Usage
from lab.values import (
    BASELINE,
    ColumnProfile,
    Completed,
    DatabaseCheck,
    Dependant,
    DependantKind,
    ExecutedStatement,
    Experiment,
    IndexProfile,
    Mismatch,
    Profile,
    RequirementAnswer,
    Retention,
    Series,
    Shape,
    Share,
    StatementKind,
    Verdict,
)
from tests.support import CASES, ROOT

TREES = ROOT / "tests" / "usage" / "trees"
CATEGORIES = {"Eliminate", "Archive", "Compress", "Normalize", "Deduplicate", "Rearrange", "Partition", "Retain"}

PACKS = "pack_raw_response"


@pytest.fixture(scope="session")
def sample(sample: Experiment) -> Experiment:
    """The run without what packs payloads: its recommendation gives up a column, and can be carried out in SQL."""
    plan = replace(sample.plan, trials=tuple(trial for trial in sample.plan.trials if PACKS not in trial.scenario))
    outcomes = tuple(outcome for outcome in sample.outcomes if PACKS not in outcome.scenario)
    return replace(sample, plan=plan, outcomes=outcomes)


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
    """The profile with these fields of each JSON column."""
    tables = tuple(
        replace(table, columns=tuple(_column(column, changes) for column in table.columns)) for table in profile.tables
    )
    return replace(profile, tables=tables)


def _column(column: ColumnProfile, changes: dict[str, object]) -> ColumnProfile:
    return replace(column, **changes)  # type: ignore[arg-type]


def with_client_step(experiment: Experiment) -> Experiment:
    """The same run, in which a client did a part of each step."""
    convert = ExecutedStatement(sql="SELECT 1", times=1, kind=StatementKind.CLIENT, name="pack the documents")
    outcomes = (
        replace(
            outcome,
            steps=tuple(replace(step, statements=(*step.statements, convert)) for step in outcome.steps),
        )
        if isinstance(outcome, Completed)
        else outcome
        for outcome in experiment.outcomes
    )
    return replace(experiment, outcomes=tuple(outcomes))


def with_series(profile: Profile, **changes: object) -> Profile:
    """The profile with these fields of each series."""
    return replace(profile, series=tuple(_changed(series, changes) for series in profile.series))


def _changed(series: Series, changes: dict[str, object]) -> Series:
    return replace(series, **changes)  # type: ignore[arg-type]


def with_trial(experiment: Experiment, scenario: str, **changes: object) -> Experiment:
    outcomes = tuple(
        replace(outcome, **changes)  # type: ignore[arg-type]
        if isinstance(outcome, Completed) and outcome.scenario == scenario
        else outcome
        for outcome in experiment.outcomes
    )
    return replace(experiment, outcomes=outcomes)


def finding_about(discovery: Discovery, word: str) -> Finding:
    (finding,) = (finding for finding in discovery.findings if word in finding.question)
    return finding


def item_about(discovery: Discovery, word: str) -> ChecklistItem:
    (item,) = (item for item in discovery.checklist if word in item.name)
    return item


def measured(discovery: Discovery) -> list[Opportunity]:
    return [opportunity for opportunity in discovery.opportunities if opportunity.expected]


def opportunity_of(discovery: Discovery, name: str) -> Opportunity:
    (opportunity,) = (opportunity for opportunity in discovery.opportunities if opportunity.name == name)
    return opportunity


def test_five_questions_are_answered_whatever_is_known(published: Profile, poor: Profile, sample: Experiment) -> None:
    for profile, usages, run in product((published, poor), ((), usage_of("app")), (None, sample)):
        results = analyse(run) if run else None
        findings = discover(DiscoveryInputs(profile=profile, usages=usages, results=results)).findings
        assert len(findings) == 5
        assert all(finding.words for finding in findings)
        assert all(finding.missing for finding in findings if finding.conclusion == "unknown")


@pytest.mark.parametrize(("tree", "conclusion"), [("app", "yes"), ("loaded", "perhaps"), ("written", "no")])
def test_only_the_sources_say_whether_the_payload_is_needed(published: Profile, tree: str, conclusion: str) -> None:
    finding = finding_about(discover(DiscoveryInputs(profile=published, usages=usage_of(tree))), "raw_response")
    assert finding.conclusion == conclusion
    assert "files" in finding.evidence[0]


def test_without_sources_the_payload_may_be_needed_and_the_command_is_named(published: Profile) -> None:
    finding = finding_about(discover(DiscoveryInputs(profile=published)), "raw_response")
    assert finding.conclusion == "unknown"
    assert "`lab usage SRC" in finding.words
    assert "odds_snapshots.raw_response holds 23.0 GB" in finding.evidence[0]


def test_sources_that_do_not_mention_the_payload_decide_nothing(published: Profile, tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("x = 1\n", encoding="utf-8")
    discovery = discover(DiscoveryInputs(profile=published, usages=look([tmp_path], ["raw_response"])))
    assert finding_about(discovery, "raw_response").conclusion == "unknown"
    assert not item_about(discovery, "sources").done


def test_outcomes_can_be_normalised_where_a_verified_form_is_smaller(published: Profile, sample: Experiment) -> None:
    finding = finding_about(discover(DiscoveryInputs(profile=published, results=analyse(sample))), "outcomes")
    assert finding.conclusion == "yes"
    assert "outcome_normalization_snapshot" in finding.words
    assert any("outcome_normalization_rows` saves -" in line for line in finding.evidence)


def test_a_smaller_form_with_other_answers_is_none(published: Profile, sample: Experiment) -> None:
    spoiled = sample
    for trial in sample.outcomes:
        if isinstance(trial, Completed) and trial.scenario.startswith(("outcome_normalization", "pack_market_history")):
            spoiled = with_trial(spoiled, trial.scenario, verification=differing(trial))
    discovery = discover(DiscoveryInputs(profile=published, results=analyse(spoiled)))
    assert finding_about(discovery, "outcomes").conclusion == "no"
    assert not item_about(discovery, "answers on").done
    packed = opportunity_of(discovery, "outcome_normalization_packed")
    assert packed.expected is None
    assert "expected 2 rows" in packed.unmeasured


def differing(trial: Completed) -> object:
    mismatches = (Mismatch(name="table odds", expected="2 rows", found="1 row"),)
    return replace(trial.verification, verdict=Verdict.DIFFERS, mismatches=mismatches)


@pytest.mark.parametrize(
    ("snapshots", "rows", "conclusion"),
    [(0.1, 0.9, "yes"), (0.0, 0.9, "partly"), (0.0, 0.1, "no"), (None, None, "unknown")],
)
def test_duplicates_are_what_was_compared(
    published: Profile, snapshots: float | None, rows: float | None, conclusion: str
) -> None:
    shares = {"equal_snapshots": snapshots, "equal_market_rows": rows}
    estimates = {name: None if share is None else Share(value=share, error=0.04) for name, share in shares.items()}
    seen = with_series(published, pairs=320, events_sampled=16, **estimates)
    finding = finding_about(discover(DiscoveryInputs(profile=seen)), "duplicate")
    assert finding.conclusion == conclusion
    assert "320 pairs" in finding.evidence[0]
    assert ("± 4.0 %" in finding.evidence[0]) == (rows is not None)


def test_lists_that_repeat_are_evidence_beside_rows_that_repeat(published: Profile) -> None:
    seen = with_series(published, pairs=320, events_sampled=16, equal_lists=Share(value=0.9, error=0.02))
    assert (
        "the same list of markets 90.0 ± 2.0 %"
        in finding_about(discover(DiscoveryInputs(profile=seen)), "duplicate").evidence[0]
    )


def test_an_imitated_workload_is_no_evidence_of_duplicates(published: Profile, sample: Experiment) -> None:
    finding = finding_about(discover(DiscoveryInputs(profile=published, results=analyse(sample))), "duplicate")
    assert finding.conclusion == "unknown"
    assert any("not evidence" in line for line in finding.missing)


def test_retention_says_what_is_there_and_what_would_fit(published: Profile, poor: Profile) -> None:
    finding = finding_about(discover(DiscoveryInputs(profile=published)), "retention")
    assert "No retention of 7 days or fewer is in use" in finding.words
    assert "about 2.8 days" in finding.words
    unseen = finding_about(discover(DiscoveryInputs(profile=poor)), "retention")
    assert unseen.conclusion == "unknown"
    assert "states no growth" in unseen.words


def test_an_old_lookup_is_no_sign_of_kept_history(published: Profile) -> None:
    young = (Retention(days=7, rows_older=0, bytes_older=0, rows_kept=10),)
    captured = tuple(replace(table, retention=young) for table in published.tables)
    lookup = replace(captured[0], table="bookmakers", retention=(replace(young[0], days=30, rows_older=3),))
    finding = finding_about(
        discover(DiscoveryInputs(profile=replace(published, tables=(*captured, lookup)))), "retention"
    )
    assert "No row is older than the periods of the profile" in finding.words
    assert finding.evidence == ()


@pytest.mark.parametrize(("raw", "conclusion"), [(1 << 40, "yes"), (1 << 20, "no"), (None, "unknown")])
def test_toast_is_effective_where_stored_is_less_than_raw(published: Profile, raw: int | None, conclusion: str) -> None:
    finding = finding_about(discover(DiscoveryInputs(profile=with_columns(published, raw_bytes=raw))), "TOAST")
    assert finding.conclusion == conclusion


def test_codecs_that_were_tried_are_evidence(published: Profile) -> None:
    seen = with_columns(published, raw_bytes=1 << 40, documents=64, restored={"pglz": 1.0, "lz4": 1.05})
    finding = finding_about(discover(DiscoveryInputs(profile=seen)), "TOAST")
    assert any("64 documents recompressed: pglz +0.0 %, lz4 +5.0 %" in line for line in finding.evidence)
    assert not finding.missing


def test_without_a_run_ways_to_save_are_named_and_none_has_a_number(published: Profile) -> None:
    discovery = discover(DiscoveryInputs(profile=published, proposals=proposals()))
    assert {category for opportunity in discovery.opportunities for category in opportunity.categories} == CATEGORIES
    assert measured(discovery) == []
    assert all(opportunity.impact is None for opportunity in discovery.opportunities)
    assert all(opportunity.unmeasured.startswith("Not measured") for opportunity in discovery.opportunities)
    assert opportunity_of(discovery, "drop_raw_response").touches == 33 << 30
    assert [phase.number for phase in discovery.phases] == [101, 102, 103, 104]
    assert all("lab run" in phase.changes[0] and phase.saving == "Not known." for phase in discovery.phases)


def test_every_proposal_is_a_scenario_and_knows_how_much_it_touches(published: Profile) -> None:
    assert {proposal.name for proposal in proposals()} <= set(registry.registered())
    assert all(touched_bytes(proposal, published) for proposal in proposals())


def test_no_file_of_a_discovery_names_a_scenario() -> None:
    names = set(registry.registered()) - {BASELINE}
    sources = [*(ROOT / "lab" / "discovery").rglob("*.py"), *(ROOT / "lab" / "usage").rglob("*.py")]
    places = [
        (path.name, name) for path in sources for name in names if re.search(rf"\b{name}\b", path.read_text("utf-8"))
    ]
    assert not places


def test_measured_ways_are_ranked_by_the_rule_of_the_recommendation(published: Profile, sample: Experiment) -> None:
    results = analyse(sample)
    ranked = measured(discover(DiscoveryInputs(profile=published, results=results)))
    by_rule = [candidate.name for candidate in results.decision.ranking]
    assert [way.name for way in ranked][: len(by_rule)] == by_rule
    assert [way.standing for way in ranked[:2]] == ["the pick", "second choice"]
    assert all(way.standing for way in ranked)
    assert ranked[0].impact is Impact.DECISIVE
    assert {way.name for way in ranked if way.impact is Impact.NONE} == {
        *("toast_lz4", "outcome_normalization_rows", "native_partitioning")
    }


def test_all_categories_are_there_and_what_was_skipped_has_its_reason(published: Profile, sample: Experiment) -> None:
    discovery = discover(DiscoveryInputs(profile=published, results=analyse(sample)))
    assert {category for opportunity in discovery.opportunities for category in opportunity.categories} == CATEGORIES
    assert "Nothing to delete" in opportunity_of(discovery, "retention_30d").unmeasured
    assert not {"baseline", "rewrite_only"} & {opportunity.name for opportunity in discovery.opportunities}


def test_what_was_measured_without_a_baseline_is_named_and_has_no_number(
    published: Profile, sample: Experiment
) -> None:
    bare = replace(sample, outcomes=tuple(each for each in sample.outcomes if each.scenario != "baseline"))
    discovery = discover(DiscoveryInputs(profile=published, results=analyse(bare)))
    assert measured(discovery) == []
    assert "no baseline" in opportunity_of(discovery, "drop_raw_response").unmeasured


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
    assert not item_about(discover(inputs), "requirements of").done


def test_the_check_of_another_database_or_strategy_ticks_nothing(published: Profile, sample: Experiment) -> None:
    whole = check_of(sample, broken=0)
    for other in (replace(whole, database="other"), replace(whole, strategy="toast_lz4")):
        inputs = DiscoveryInputs(profile=published, results=analyse(sample), check=other)
        assert not item_about(discover(inputs), "requirements of").done


def older(sample: Experiment) -> Experiment:
    """The run as format 1 recorded it: without what a scenario changes and requires."""
    scenarios = {name: replace(facts, changes={}, requires=()) for name, facts in sample.scenarios.items()}
    return replace(sample, scenarios=scenarios)


def test_the_plan_of_an_older_run_prints_no_sql_and_says_why(published: Profile, sample: Experiment) -> None:
    inputs = DiscoveryInputs(profile=published, results=analyse(older(sample)))
    assert inputs.files == ()
    migration = discover(inputs).phases[2]
    assert any("not safe on another database" in line for line in migration.changes)
    assert migration.steps


def test_what_cannot_be_undone_says_so_and_what_can_says_how(published: Profile, sample: Experiment) -> None:
    phases = discover(DiscoveryInputs(profile=published, results=analyse(sample))).phases
    steps = [step for phase in phases for step in phase.steps]
    removals = {step.name for step in steps if "DROP COLUMN" in step.name}
    assert removals
    assert removals <= {step.name for step in steps if step.irreversible}
    assert all(step.rollback for step in steps)
    assert all("no rollback" in " ".join(step.rollback).lower() for step in steps if step.irreversible)


def planned(published: Profile, sample: Experiment, best: str) -> Discovery:
    """The plan where only that strategy was measured and the target is within its reach."""
    alone = tuple(outcome for outcome in sample.outcomes if outcome.scenario in ("baseline", best))
    roomy = replace(sample, outcomes=alone, case=replace(sample.case, target_bytes=30 << 30))
    return discover(DiscoveryInputs(profile=published, results=analyse(roomy)))


def test_steps_of_one_name_have_a_file_each(published: Profile, sample: Experiment) -> None:
    name = "drop_raw_response+retention_7d"
    facts = replace(sample.scenarios[name], changes={"odds_snapshots": Shape.TABLE})  # a run of format 1 has no files
    changed = replace(sample, scenarios={**sample.scenarios, name: facts})
    steps = [step for phase in planned(published, changed, name).phases for step in phase.steps]
    assert [step.name for step in steps].count("VACUUM FULL") == 2
    assert len({step.files for step in steps}) == len(steps)


def test_an_old_table_that_is_kept_takes_what_earlier_steps_left_of_it(published: Profile, sample: Experiment) -> None:
    plan = planned(published, sample, "drop_raw_response+hypertable_compression").phases[2]
    lines = [line for step in plan.steps for line in step.rollback if "more at full size" in line]
    (snapshots,) = (line for line in lines if line.startswith("odds_snapshots"))
    assert re.search(r"up to \d+(\.\d+)? MB more", snapshots)  # without the payloads, which a step before has dropped


def trial_of(sample: Experiment, name: str) -> Completed:
    return next(trial for trial in sample.outcomes if isinstance(trial, Completed) and trial.scenario == name)


def test_a_scratch_table_of_a_step_is_dropped_to_undo_it(sample: Experiment) -> None:
    steps = trial_of(sample, "store_changes_only").steps
    scratch = [step for step in steps if "CREATE UNLOGGED TABLE" in summary(step.statements)]
    assert scratch
    for step in scratch:
        assert rollback_steps(step.statements, {})[0][0].startswith("Drop the new objects")


def test_only_tables_that_are_there_already_get_the_owner_of_the_old_one(sample: Experiment) -> None:
    name = "column_layout"
    trial = trial_of(sample, name)
    owners = [
        Dependant(kind=DependantKind.OWNER, name="keeper", table=table)
        for table in ("market_odds", "competitor_market_odds")
    ]
    executed: list[ExecutedStatement] = []
    first_swap = next(number for number, step in enumerate(trial.steps) if "rename the old table" in step.name)
    for step in trial.steps[: first_swap + 1]:
        executed += step.statements
    given = list(recreating_statements(["market_odds"], trial, sample.scenarios[name], owners, executed))
    assert given[0] == "ALTER TABLE public.market_odds_layout OWNER TO keeper;"
    assert not any("competitor" in statement for statement in given)


def test_what_a_client_did_is_known_by_its_key_and_not_by_its_words() -> None:
    step = ClientStep(name="pack", read="SELECT 1", convert=lambda _: iter, into="t", columns=("a",), key="pack-t")
    library = Library(steps=(step,))
    executed = ExecutedStatement(sql="SELECT 1", times=1, kind=StatementKind.CLIENT, name="other words", key=step.key)
    assert library.step(executed) is step
    assert library.step(replace(executed, name=step.words, key="pack-u")) is None
    assert library.step(replace(executed, name=step.words, key="")) is step  # as an older lab recorded it
    assert library.step(replace(executed, kind=StatementKind.PROOF)) is None


def test_a_columnstore_is_undone_chunk_by_chunk(published: Profile, sample: Experiment) -> None:
    steps = planned(published, sample, "drop_raw_response+hypertable_compression").phases[2].steps
    conversions = [step for step in steps if "compress" in step.name]
    assert conversions
    assert all("convert_to_rowstore" in " ".join(step.rollback) for step in conversions)
    assert any("DROP EXTENSION timescaledb" in line for step in steps for line in step.rollback)


def test_no_threshold_of_a_retention_is_passed_on_the_first_day(published: Profile, sample: Experiment) -> None:
    discovery = planned(published, sample, "drop_raw_response+retention_7d")
    assert discovery.expected
    assert re.search(r", and stays at [\d.]+ GB under its retention, under the target", discovery.headline)
    settles = next(watch for watch in discovery.phases[3].watches if watch.what == "Steady size")
    assert settles.threshold.startswith(f"above {bytes_text(discovery.expected.most)}, as long")


@pytest.mark.parametrize("best", ["drop_raw_response+hypertable_compression", "drop_raw_response+retention_7d"])
def test_any_measured_strategy_has_its_four_phases(published: Profile, sample: Experiment, best: str) -> None:
    schema, _, migration, after = planned(published, sample, best).phases
    assert schema.changes
    assert sum("daily job" in line or "again and again" in line for line in after.changes) == 1
    chunks = any("chunks" in watch.how for watch in after.watches)
    assert chunks == ("hypertable" in best)
    steps = (*migration.steps, *after.steps)
    assert any("backup" in line for step in steps for line in step.rollback) == ("retention" in best)


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
    assert "the projection has no interval; two baselines differ by 0.00 %" in replace(expected, interval=None).error
    stated = replace(expected, interval=(1 << 30, 2 << 30), noise_percent=None)
    assert "1.00 GB to 2.00 GB; the noise floor is unknown" in stated.error


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
    assert all(
        f"Is `raw_response` needed? {need}. " in line and "odds_snapshots.raw_response" in line for line in warnings
    )


def test_what_fits_the_target_of_another_database_is_not_ticked(poor: Profile, sample: Experiment) -> None:
    discovery = discover(DiscoveryInputs(profile=poor, results=analyse(sample)))
    assert not item_about(discovery, "fits the target").done
    assert not item_about(discovery, "states its error").done


def test_a_database_that_has_hardly_changed_is_the_same(published: Profile, sample: Experiment) -> None:
    used = replace(published, database_bytes=published.database_bytes + 8192)
    assert item_about(discover(DiscoveryInputs(profile=used, results=analyse(sample))), "same database").done


def test_a_database_that_has_grown_since_is_another_one(published: Profile, sample: Experiment) -> None:
    discovery = discover(DiscoveryInputs(profile=replace(published, database_bytes=70 << 30), results=analyse(sample)))
    assert any("2026-02-17 (70.0 GB)" in line for line in discovery.warnings)
    assert not item_about(discovery, "same database").done


def test_an_interrupted_run_is_said_at_the_top_and_not_ticked(published: Profile, sample: Experiment) -> None:
    discovery = discover(
        DiscoveryInputs(
            profile=published, results=analyse(replace(sample, finished=None, outcomes=sample.outcomes[:4]))
        )
    )
    assert any("interrupted" in line for line in discovery.warnings)
    assert not item_about(discovery, "run is complete").done


def test_where_nothing_fits_no_plan_is_made(published: Profile, sample: Experiment) -> None:
    tight = replace(sample, case=replace(sample.case, target_bytes=1 << 20))
    discovery = discover(DiscoveryInputs(profile=published, results=analyse(tight)))
    assert all("Nothing measured here gets under" in phase.changes[0] for phase in discovery.phases)
    assert discovery.expected is None
    assert not item_about(discovery, "fits the target").done
    assert any(risk.name == "No strategy" for risk in discovery.risks)


def indexed(profile: Profile, scans: int | None) -> Profile:
    index = IndexProfile(
        name="i",
        definition="CREATE INDEX i ON t USING btree (a)",
        bytes=1,
        scans=scans,
        unique=False,
        primary=False,
        valid=True,
    )
    return replace(profile, tables=tuple(replace(table, indexes=(index,)) for table in profile.tables))


def test_an_item_is_ticked_by_its_evidence_and_unticked_without(
    published: Profile, poor: Profile, sample: Experiment
) -> None:
    """Each item beside one input that has the data behind it and one that has not."""
    seen = DiscoveryInputs(profile=published, results=analyse(sample), usages=usage_of("app"))
    bare = DiscoveryInputs(profile=poor)
    unweighed = replace(
        published, tables=tuple(replace(table, total_bytes=None, rows=None) for table in published.tables)
    )
    single = replace(sample, outcomes=tuple(each for each in sample.outcomes if getattr(each, "repeat", 1) == 1))
    pairs = {
        "profile is complete": (DiscoveryInputs(profile=replace(published, missing=())), bare),
        "size of every table": (seen, DiscoveryInputs(profile=unweighed)),
        "rows of every table": (seen, DiscoveryInputs(profile=unweighed)),
        "JSON columns": (seen, bare),
        "Data ÷ indexes": (seen, bare),
        "use of indexes": (
            DiscoveryInputs(profile=indexed(published, 3)),
            DiscoveryInputs(profile=indexed(published, None)),
        ),
        "growth per day": (seen, bare),
        "ages of": (seen, bare),
        "top drivers": (seen, bare),
        "duplicates": (DiscoveryInputs(profile=with_series(published, pairs=3)), seen),
        "raw bytes": (DiscoveryInputs(profile=with_columns(published, raw_bytes=1 << 40)), seen),
        "sources": (seen, bare),
        "Strategies": (seen, bare),
        "answers on": (seen, bare),
        "noise floor": (seen, DiscoveryInputs(profile=published, results=analyse(single))),
        "run is complete": (seen, bare),
        "same database": (seen, DiscoveryInputs(profile=poor, results=analyse(sample))),
        "fits the target": (seen, bare),
        "requirements of": (
            DiscoveryInputs(profile=published, results=analyse(sample), check=check_of(sample, broken=0)),
            DiscoveryInputs(profile=published, results=analyse(sample), check=check_of(sample, broken=3)),
        ),
        "depend on the tables": (DiscoveryInputs(profile=replace(published, dependants=())), bare),
        "carry out the whole": (
            seen,
            DiscoveryInputs(profile=published, results=analyse(with_client_step(sample))),
        ),
        "projection states": (
            seen,
            DiscoveryInputs(profile=published, results=analyse(replace(sample, auxiliary_trials=()))),
        ),
    }
    for word, (inputs, unknown) in pairs.items():
        assert item_about(discover(inputs), word).done, word
        assert not item_about(discover(unknown), word).done, word
    assert len(discover(seen).checklist) == len(pairs)


def test_a_ticked_item_says_what_proves_it_and_an_open_one_what_to_do(published: Profile, sample: Experiment) -> None:
    for item in discover(DiscoveryInputs(profile=published, results=analyse(sample))).checklist:
        assert item.done == (item.evidence is not None)
        assert item.evidence != ""
        assert item.otherwise


def test_the_same_inputs_give_the_same_discovery(published: Profile, sample: Experiment) -> None:
    first, second = (discover(DiscoveryInputs(profile=published, results=analyse(sample))) for _ in range(2))
    assert first == second
