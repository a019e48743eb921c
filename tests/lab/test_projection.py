"""What is projected is exact where bytes follow rows, lies in its interval where they nearly do, and is None where unknown."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import projection as benchmark
from data_gen.facts import FACTS
from lab.analysis.full_size import FullSizeProjection, SizedTrial, TargetStatus, project
from lab.analysis.interval import error, gap, mean_square, unsupported_bytes
from lab.analysis.projection import Lineage, TargetRows, full, scale, valued_shares
from lab.values import (
    KINDS,
    Capabilities,
    CaseFacts,
    Category,
    Completed,
    Footprint,
    LoadedTemplate,
    Rowstore,
    ScenarioFacts,
    TableFacts,
    TableFootprint,
    Verdict,
    Verification,
)
from tests.thin import thin_odds

PLAIN = Lineage(workload=FACTS)
"""Of a strategy that adds no table."""
FIXED = {"heap": 4096, "maps": 32768, "toast": 49152, "indexes": 24576}
PER_ROW = {
    "odds_snapshots": {"heap": 100.0, "maps": 0.0, "toast": 50_000.0, "indexes": 96.0},
    "market_odds": {"heap": 226.0, "maps": 0.0, "toast": 0.0, "indexes": 58.0},
}
ROWS = {"odds_snapshots": 2_000, "market_odds": 340_000, "scrape_runs": 461}
FULL = {"odds_snapshots": 500_000, "market_odds": 85_000_000}
GIGABYTE = 1 << 30


def table(name: str, rows: int, widths: Mapping[str, float], rowstore: Rowstore | None = None) -> TableFootprint:
    sizes = {kind: FIXED[kind] + round(widths[kind] * rows) for kind in KINDS}
    return TableFootprint(table=name, relations=1, rowstore=rowstore, fixed=FIXED, **sizes)


def trial(rows: Mapping[str, int], *tables: TableFootprint) -> Completed:
    measured = tables or tuple(table(name, rows[name], widths) for name, widths in PER_ROW.items())
    verified = Verification(verdict=Verdict.EXACT, checks=1, given_up=(), mismatches=())
    return Completed(
        scenario="baseline",
        server="native",
        repeat=1,
        steps=(),
        footprint=Footprint(tables=measured),
        database_bytes=0,
        rows=rows,
        verification=verified,
        lost=(),
        notes=(),
    )


def times(rows: Mapping[str, int], factor: float) -> dict[str, int]:
    return {name: count if name == "scrape_runs" else round(count * factor) for name, count in rows.items()}


def case(**kept: Mapping[int, int]) -> CaseFacts:
    return CaseFacts(
        case="made",
        database_bytes=50 * GIGABYTE,
        target_bytes=10 * GIGABYTE,
        growth_bytes_per_day=GIGABYTE,
        tables={
            name: TableFacts(
                rows=rows,
                total_bytes=GIGABYTE,
                data_bytes=None,
                index_bytes=None,
                newest_rows=None,
                rows_kept=kept.get(name, {}),
            )
            for name, rows in FULL.items()
        },
    )


def sized(outcome: Completed, keeps_days: int | None = None, error: float | None = 0.01) -> SizedTrial:
    facts = ScenarioFacts(
        title="",
        category=Category.CONTROL,
        description="",
        hypothesis="",
        given_up=(),
        deletes_rows=keeps_days is not None,
        keeps_days=keeps_days,
        costs=(),
        origins={},
    )
    template = LoadedTemplate(
        server="native",
        origin="",
        capabilities=Capabilities(postgres="17", lz4=True, timescaledb=None, timescaledb_edition=None),
        settings={},
        rows=ROWS,
        digest="",
        footprint=trial(ROWS).footprint,
    )
    return SizedTrial(facts=facts, lineage=PLAIN, template=template, trial=outcome, smaller=None, error=error)


def projected(sized_trial: SizedTrial, facts: CaseFacts | None = None) -> FullSizeProjection:
    projection = project(facts or case(), sized_trial, sized(trial(ROWS)))
    assert projection is not None
    return projection


def counts(rows: Mapping[str, float]) -> TargetRows:
    return TargetRows(rows=rows, newest_rows={})


@pytest.mark.parametrize("factor", [1, 2, 4, 250])
def test_what_is_fixed_and_so_much_a_row_is_projected_exactly(factor: int) -> None:
    rows = times(ROWS, factor)
    factors = scale(counts(rows), trial(ROWS), PLAIN)
    assert factors.projected(trial(ROWS).footprint) == trial(rows).footprint.total


def test_tables_and_kinds_sum_to_the_whole() -> None:
    footprint = trial(ROWS).footprint
    factors = scale(counts(FULL), trial(ROWS), PLAIN)
    assert sum(factors.projected_tables(footprint).values()) == factors.projected(footprint)
    assert sum(factors.projected_kinds(footprint).values()) == factors.projected(footprint)


def test_more_rows_are_never_fewer_bytes() -> None:
    footprint = trial(ROWS).footprint
    sizes = [scale(counts(times(ROWS, n)), trial(ROWS), PLAIN).projected(footprint) for n in (1, 1.5, 2, 10, 1000)]
    assert sizes == sorted(sizes)


def test_a_table_of_cycles_or_leagues_stays_as_it_is() -> None:
    runs = table("scrape_runs", 461, PER_ROW["market_odds"])
    outcome = trial(ROWS, *trial(ROWS).footprint.tables, runs)
    assert scale(counts(FULL), outcome, PLAIN).projected_tables(outcome.footprint)["scrape_runs"] == runs.total


def test_a_new_table_grows_with_the_one_it_comes_from() -> None:
    packed = table("packed", ROWS["market_odds"], PER_ROW["market_odds"])
    outcome = trial(ROWS, packed)
    factors = scale(
        counts({"odds_snapshots": 2_000, "market_odds": 680_000}),
        outcome,
        Lineage(workload=FACTS, origins={"packed": "market_odds"}),
    )
    assert factors.projected(outcome.footprint) == table("packed", 680_000, PER_ROW["market_odds"]).total


def lookup(rows: Mapping[str, int]) -> Completed:
    """Beside the tables a lookup that holds 1 MB from the start, and 500 bytes for each snapshot."""
    outcome = trial(rows)
    widths = {"heap": 500 + 1_000_000 / rows["odds_snapshots"], "maps": 0.0, "toast": 0.0, "indexes": 0.0}
    tables = (*outcome.footprint.tables, table("lookup", rows["odds_snapshots"], widths))
    return replace(outcome, footprint=Footprint(tables=tables))


def test_a_lookup_that_is_partly_there_from_the_start_is_drawn_through_both_sizes() -> None:
    larger, smaller = lookup(ROWS), lookup(times(ROWS, 0.25))
    factors = scale(counts(times(ROWS, 250)), larger, PLAIN, smaller)
    assert factors.projected(larger.footprint) == pytest.approx(lookup(times(ROWS, 250)).footprint.total, rel=1e-9)
    assert unsupported_bytes(larger, factors) == pytest.approx(250 * 500 * ROWS["odds_snapshots"])


def test_the_newest_rows_grow_with_the_newest_day_and_not_with_all_rows() -> None:
    waiting = Rowstore(
        rows=1_000, heap=4096 + 200_000, maps=0, toast=0, indexes=0, fixed=dict.fromkeys(KINDS, 0) | {"heap": 4096}
    )
    whole = table("market_odds", 339_000, dict.fromkeys(KINDS, 0.0) | {"heap": 10.0})
    both = replace(whole, heap=whole.heap + waiting.heap, fixed=FIXED | {"heap": 8192}, rowstore=waiting)
    factors = scale(TargetRows(rows=times(ROWS, 10), newest_rows={"market_odds": 3_000}), trial(ROWS, both), PLAIN)
    heap = factors.projected_kinds(Footprint(tables=(both,)))["market_odds", "heap"]
    assert heap == 8192 + 10 * (3_400_000 - 3_000) + 200 * 3_000


def noisy(events: int, chance: random.Random) -> Completed:
    """Events that differ by a tenth in what a row of theirs weighs."""
    rows = times(ROWS, events / 24)
    wide = {
        name: {kind: width * (1 + chance.gauss(0, 0.1 / events**0.5)) for kind, width in widths.items()}
        for name, widths in PER_ROW.items()
    }
    return trial(rows, *(table(name, rows[name], wide[name]) for name in wide))


def test_what_chance_makes_lies_in_the_interval_nine_times_in_ten_even_with_two_tables() -> None:
    chance, inside = random.Random(7), 0  # noqa: S311 - the same numbers at every run
    truth = scale(counts(FULL), trial(ROWS), PLAIN).projected(trial(ROWS).footprint)
    for _ in range(200):
        larger, smaller = noisy(24, chance), noisy(6, chance)
        share = gap(larger, smaller, PLAIN)
        factors = scale(counts(FULL), larger, PLAIN)
        half = error(share, share * share, draws=24, fewer=6) * factors.marginal(larger.footprint)
        inside += abs(factors.projected(larger.footprint) - truth) <= half
    assert inside >= 180


def test_sizes_without_a_gap_have_no_error() -> None:
    share = gap(trial(ROWS), trial(times(ROWS, 0.25)), PLAIN)
    assert share == pytest.approx(0, abs=1e-9)
    assert error(share, share * share, draws=24, fewer=6) == pytest.approx(0, abs=1e-9)


def test_the_smaller_the_sample_the_wider_the_interval() -> None:
    halves = [error(0.02, mean_square([0.01, 0.02]), draws=draws, fewer=6) for draws in (6, 12, 24, 96)]
    assert halves == sorted(halves, reverse=True)


def test_without_a_second_size_there_is_no_interval_and_nothing_is_surely_under_the_target() -> None:
    size = projected(sized(trial(ROWS), error=None)).size
    assert (size.low, size.high, size.percent) == (None, None, None)
    standings = [
        projected(sized(trial(ROWS), error=None), replace(case(), target_bytes=round(size.bytes * share))).status
        for share in (0.9, 1.1)
    ]
    assert standings == [TargetStatus.OVER, TargetStatus.PERHAPS]


def test_a_retention_keeps_what_the_profile_counts_and_not_what_the_sample_kept() -> None:
    kept = times(ROWS, 0.75)
    sized_trial = sized(trial(kept), keeps_days=7)
    facts = case(odds_snapshots={7: 250_000}, market_odds={7: 40_000_000})
    rows = full(PLAIN, facts, sized_trial.template, sized_trial.trial, keeps_days=7)
    assert rows is not None
    assert rows.rows == {"odds_snapshots": 250_000, "market_odds": 40_000_000}
    assert projected(sized_trial, facts).size.bytes == trial(
        {"odds_snapshots": 250_000, "market_odds": 40_000_000}
    ).footprint.total + (
        # Payloads follow the market rows, of which the retention keeps fewer for each snapshot.
        round(50_000 * 250_000 * (40_000_000 / 250_000 / 170 - 1))
    )


def test_a_retention_that_the_profile_does_not_know_has_no_full_size() -> None:
    sized_trial = sized(trial(times(ROWS, 0.75)), keeps_days=14)
    assert project(case(odds_snapshots={7: 250_000}, market_odds={7: 40_000_000}), sized_trial, None) is None
    assert project(case(odds_snapshots={14: 250_000}), sized_trial, None) is None


def emptied(days: int = 7, rows: Mapping[str, int] = ROWS) -> SizedTrial:
    """A trial whose payloads are kept in half of the snapshots: half of the TOAST, and nothing else is smaller."""
    tables = [table(name, rows[name], {**widths, "toast": widths["toast"] / 2}) for name, widths in PER_ROW.items()]
    outcome = replace(trial(rows, *tables), valued={"odds_snapshots.raw_response": rows["odds_snapshots"] // 2})
    plain = sized(outcome)
    return replace(plain, facts=replace(plain.facts, empties_after_days=days))


def test_values_that_expire_are_as_many_as_the_profile_counts_and_not_as_the_sample_kept() -> None:
    known = case(market_odds={7: 17_000_000})  # a fifth of the rows that the payloads follow
    whole, fifth = projected(sized(trial(ROWS))), projected(emptied(), known)
    toast = "odds_snapshots", "toast"
    assert fifth.kinds[toast] - FIXED["toast"] == pytest.approx((whole.kinds[toast] - FIXED["toast"]) / 5, abs=1)
    assert {place: size for place, size in fifth.kinds.items() if place != toast} == {
        place: size for place, size in whole.kinds.items() if place != toast
    }
    assert project(known, emptied(days=14), None) is None


def test_values_that_expire_do_not_add_to_the_growth() -> None:
    known = case(market_odds={7: 17_000_000})
    bare = [table(name, ROWS[name], {**widths, "toast": 0}) for name, widths in PER_ROW.items()]
    without, expiring = projected(sized(trial(ROWS, *bare))), projected(emptied(), known)
    assert expiring.bytes_per_day == without.bytes_per_day
    assert expiring.steady_bytes is None


def archived(days: int = 7) -> SizedTrial:
    """As `emptied`, but the payloads of the other half lie in files of 9,000,000 bytes."""
    sized_trial = emptied()
    files = {"odds_snapshots/1.parquet": 5_000_000, "odds_snapshots/2.parquet": 4_000_000}
    facts = replace(
        sized_trial.facts, empties_after_days=None, archives_after_days=days, archives=("odds_snapshots.raw_response",)
    )
    return replace(sized_trial, trial=replace(sized_trial.trial, outside=files), facts=facts)


def test_files_outside_grow_with_what_the_profile_counts_as_old_and_are_no_part_of_the_size() -> None:
    known = case(market_odds={7: 17_000_000})  # four fifths are older
    there, gone = projected(archived(), known), projected(emptied(), known)
    assert there.size.bytes == gone.size.bytes
    assert there.kinds == gone.kinds
    assert there.outside == pytest.approx(2 * 9_000_000 * FULL["market_odds"] / ROWS["market_odds"] * 4 / 5, abs=1)
    assert project(known, archived(days=14), None) is None


def test_the_growth_that_the_files_take_is_what_the_database_is_spared() -> None:
    """The files of all payloads are as large as the payloads were: so both together grow as the baseline does."""
    known = case(market_odds={7: 17_000_000})
    size = ROWS["odds_snapshots"] // 2 * 50_000
    sized_trial = archived()
    equal = projected(replace(sized_trial, trial=replace(sized_trial.trial, outside={"odds_snapshots/1": size})), known)
    before = projected(sized(trial(ROWS)), known)
    assert equal.bytes_per_day is not None
    assert equal.outside_per_day is not None
    assert before.bytes_per_day is not None
    assert equal.bytes_per_day + equal.outside_per_day == pytest.approx(before.bytes_per_day, rel=1e-3)


def test_nobody_knows_the_files_of_a_trial_of_an_older_lab() -> None:
    assert projected(sized(trial(ROWS))).outside is None
    assert projected(sized(replace(trial(ROWS), outside={}))).outside == 0


def test_a_second_size_that_kept_another_share_of_the_values_leaves_no_gap() -> None:
    larger, smaller = emptied().trial, emptied(rows=times(ROWS, 0.25)).trial
    assert gap(larger, smaller, PLAIN) == pytest.approx(0, abs=1e-6)
    assert smaller.valued == {"odds_snapshots.raw_response": 250}
    third = table("odds_snapshots", 500, {**PER_ROW["odds_snapshots"], "toast": 50_000 * 0.3})
    uneven = replace(
        smaller,
        footprint=Footprint(tables=(third, *smaller.footprint.tables[1:])),
        valued={"odds_snapshots.raw_response": 150},
    )
    assert gap(larger, uneven, PLAIN) == pytest.approx(0, abs=1e-6)


def test_the_newest_rows_of_a_columnstore_keep_their_values_and_the_others_are_scaled_apart() -> None:
    newest = Rowstore(rows=200, heap=0, maps=0, toast=FIXED["toast"] + 200 * 50_000, indexes=0, fixed=FIXED)
    stored = table("odds_snapshots", 2_000, {**PER_ROW["odds_snapshots"], "toast": 50_000 / 2}, rowstore=newest)
    outcome = replace(trial(ROWS, stored), valued={"odds_snapshots.raw_response": 1_000})
    assert valued_shares(outcome) == {"odds_snapshots": pytest.approx(800 / 1_800)}


def with_unmodelled_table(facts: CaseFacts) -> CaseFacts:
    """The same database with a table that no workload makes, without ages, and with system catalogs."""
    rows = replace(facts.tables["market_odds"], rows_kept={}, total_bytes=3 * GIGABYTE, bytes_per_day=GIGABYTE / 4)
    whole = facts.database_bytes + 3 * GIGABYTE + (8 << 20)
    return replace(facts, database_bytes=whole, tables={**facts.tables, "shop.orders": rows}, system_bytes=8 << 20)


def test_what_is_not_imitated_lies_in_every_size_and_goes_on_growing() -> None:
    plain, more = projected(sized(trial(ROWS))), projected(sized(trial(ROWS)), with_unmodelled_table(case()))
    assert more.size.bytes == plain.size.bytes + 3 * GIGABYTE + (8 << 20)
    assert more.untouched + sum(more.kinds.values()) == more.size.bytes
    assert (more.size.high or 0) - more.size.bytes == (plain.size.high or 0) - plain.size.bytes
    half = [table(name, ROWS[name], {kind: w / 2 for kind, w in widths.items()}) for name, widths in PER_ROW.items()]
    smaller = projected(sized(trial(ROWS, *half)), with_unmodelled_table(case()))
    assert smaller.bytes_per_day == pytest.approx(GIGABYTE / 4 + GIGABYTE * 3 / 4 / 2, abs=1)


def test_the_distance_of_the_imitation_from_the_database_widens_the_interval() -> None:
    true = projected(sized(trial(ROWS)))
    real = true.size.bytes
    near, far = (
        projected(sized(trial(ROWS)), replace(case(), database_bytes=size)) for size in (real, real * 10 // 11)
    )
    assert near.distance == pytest.approx(0, abs=1e-6)
    assert far.distance == pytest.approx(0.1, rel=0.01)
    assert near.size.high is not None
    assert far.size.high is not None
    assert far.size.bytes == near.size.bytes
    assert far.size.high - near.size.high == pytest.approx(0.1 * real, rel=0.01)


def test_a_retention_does_not_hold_back_what_is_not_imitated() -> None:
    known = case(odds_snapshots={7: 50_000}, market_odds={7: 8_500_000})
    settled = replace(known, growth_bytes_per_day=GIGABYTE // 4)
    grown = replace(with_unmodelled_table(settled), growth_bytes_per_day=GIGABYTE // 2)
    first, second = (projected(sized(trial(times(ROWS, 0.5)), keeps_days=7), facts) for facts in (settled, grown))
    assert (second.steady_bytes or 0) - (first.steady_bytes or 0) == 3 * GIGABYTE + (8 << 20)
    assert first.target_eta == "never"
    start = max(second.size.bytes, second.steady_bytes or 0)
    assert second.days_to_target == pytest.approx(((grown.target_bytes or 0) - start) / (GIGABYTE / 4), rel=0.01)


def test_growth_is_smaller_as_the_same_rows_are() -> None:
    half = [table(name, ROWS[name], {kind: w / 2 for kind, w in widths.items()}) for name, widths in PER_ROW.items()]
    assert projected(sized(trial(ROWS))).bytes_per_day == GIGABYTE
    assert projected(sized(trial(ROWS, *half))).bytes_per_day == pytest.approx(GIGABYTE / 2, abs=1)
    unknown = replace(case(), growth_bytes_per_day=None)
    nothing = projected(sized(trial(ROWS)), unknown)
    assert (nothing.bytes_per_day, nothing.steady_bytes, nothing.days_to_target) == (None, None, None)


def test_what_loses_half_of_all_rows_grows_half_as_fast() -> None:
    half = sized(trial(times(ROWS, 0.5)))
    assert projected(half).bytes_per_day == pytest.approx(GIGABYTE / 2, rel=0.001)


def test_a_retention_stays_at_its_days_of_growth_and_what_does_not_grow() -> None:
    facts = case(odds_snapshots={7: 50_000}, market_odds={7: 8_500_000})
    projection = projected(sized(trial(times(ROWS, 0.5)), keeps_days=7), facts)
    fixed = sum(piece.fixed for piece in trial(ROWS).footprint.pieces)
    assert projection.steady_bytes == fixed + 7 * GIGABYTE
    assert projection.target_eta == "never"
    assert projection.status is TargetStatus.UNDER
    assert projected(sized(trial(ROWS))).steady_bytes is None


def test_the_day_of_the_target_is_what_is_left_over_growth() -> None:
    tenth = [table(name, ROWS[name], {kind: w / 10 for kind, w in widths.items()}) for name, widths in PER_ROW.items()]
    projection = projected(sized(trial(ROWS, *tenth)))
    assert projection.days_to_target == pytest.approx(
        (10 * GIGABYTE - projection.size.bytes) / (GIGABYTE / 10), rel=1e-6
    )
    assert projection.target_eta == f"in {projection.days_to_target:.0f} days"
    assert projected(sized(trial(ROWS))).target_eta == "over already"


def test_where_the_interval_holds_the_target_nobody_knows() -> None:
    size = projected(sized(trial(ROWS))).size.bytes
    standings = [
        projected(sized(trial(ROWS)), replace(case(), target_bytes=round(size * share))).status
        for share in (0.9, 0.995, 1.005, 1.1)
    ]
    assert standings == [TargetStatus.OVER, TargetStatus.PERHAPS, TargetStatus.PERHAPS, TargetStatus.UNDER]


@pytest.mark.slow
def test_what_is_measured_at_twice_the_size_lies_in_the_interval_and_within_three_percent(tmp_path: Path) -> None:
    names = ("drop_raw_response", "outcome_normalization_packed", "retention_7d")
    once, twice = (benchmark.run(size << 20, names, "native", tmp_path, thin_odds()) for size in (12, 24))
    checked = list(benchmark.checked(once, twice))
    assert [projection.scenario for projection in checked] == ["baseline", *names]
    assert not [projection.line for projection in checked if not projection.holds]
