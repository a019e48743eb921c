"""From a profile to a case: what a profile tells comes back, and what it does not tell is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import pytest

from data_gen import Case, Dataset, case_names, imitation, load_case, published, widths
from data_gen.calibration import Calibration, calibrated
from data_gen.calibration.churn import equal_lists, list_churn
from data_gen.calibration.rate import change_rate, equal_market_rows
from data_gen.calibration.windows import EVENTS, Repeated
from data_gen.case import CYCLE, CYCLE_BUSY, Session, read_case
from data_gen.events import DatasetPlan
from data_gen.payloads import BETPAWA, COMPETITORS
from lab import profiling
from lab.analysis.fidelity import figures
from lab.errors import InputError
from lab.postgres.database import Database
from lab.servers import Server
from lab.values import Profile
from tests.data_gen.conftest import MB, TOTAL, loaded, outside, profiled
from tests.support import CASES, sampled
from tests.thin import thinned

pytestmark = pytest.mark.trial("calibration")

_SEED, _OTHER_SEED = 5, 1  # of the database that is profiled, and of the one made from its profile


def _different() -> Case:
    """A database like no published one: other days, rates, sizes of offers, platforms, and no late index."""
    case = load_case("2026-02-06")
    days = ((1, 60, 0.9), (2, 120, 0.7), (4, 40, 0.5), (5, 100, 1.2))
    sessions = tuple(
        Session(start=datetime(2026, 5, day, 2, tzinfo=UTC), cycles=cycles, competitor_inserts=inserts)
        for day, cycles, inserts in days
    )
    changes = {"sessions": sessions, "window_hours": 60.0, "home_share": 0.7, "home_inserts": 0.6, "home_rows": 120.0,
               "sportybet_share": 0.8, "bet9ja_share": 0.95, "competitor_rows": 90.0, "competitor_only_rows": 60.0,
               "change_rate": 3.0, "backfill_at": sessions[1].start}  # fmt: skip
    last = sessions[-1].start + (sessions[-1].cycles - 1) * CYCLE + CYCLE_BUSY
    facts = {"case": "different", "first_captured": sessions[0].start, "last_captured": last}
    return case.model_copy(update={**facts, "workload": case.workload.model_copy(update=changes)})


PUBLISHED = {name: (load_case(name), 256) for name in case_names()[::-1]}
THIN = {"thin": (thinned(load_case("2026-02-06")), 48), "different": (thinned(_different(), 8), 48)}
"""With fewer cycles, as many bytes hold more events: what is true of their mean shows in a fifth of the bytes."""
ORIGINALS: Mapping[str, tuple[Case, int]] = PUBLISHED | THIN
"""By name, the case and the MB that are generated of it."""


@pytest.fixture(scope="module")
def small_profile(small_database: Database, small: Dataset) -> Profile:
    return profiling.profile(small_database.conninfo, now=small.now, progress=lambda _: None)


@pytest.fixture(scope="module")
def small_calibration(small_profile: Profile) -> Calibration:
    return calibrated(small_profile)


def without_series(profile: Profile) -> Profile:
    """The same where nothing is known of what repeats: to look for the rates takes most of the time of a calibration."""
    return replace(profile, series=())


@dataclass(frozen=True, kw_only=True)
class Original:
    """A generated database: what was planned, and what was measured of it."""

    dataset: Dataset
    asked: int
    """MB that it was to have."""
    size: int
    figures: Mapping[str, float | None]
    profile: Profile

    @cached_property
    def calibration(self) -> Calibration:
        """It takes seconds, so all tests share it."""
        return calibrated(self.profile)


@pytest.fixture(scope="module", params=ORIGINALS)
def original(native: Server, request: pytest.FixtureRequest) -> Original:
    case, asked = ORIGINALS[request.param]
    dataset = Dataset.plan(case, size_bytes=asked * MB, seed=_SEED)
    with loaded(native, dataset, f"original_{request.param}") as database:
        return Original(
            dataset=dataset,
            asked=asked,
            size=int(database.value(TOTAL)),
            figures=widths.measure(database, lz4=native.capabilities.lz4),
            profile=profiling.profile(database.conninfo, now=dataset.now, progress=lambda _: None),
        )


@pytest.mark.slow
@pytest.mark.parametrize("original", PUBLISHED, indirect=True)
def test_all_published_figures_hold_at_256_mb(original: Original) -> None:
    assert outside(figures(original.dataset.case.figures, original.figures)) == []
    assert original.size >= 256 * MB
    assert original.dataset.expected_bytes == pytest.approx(float(original.size), rel=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("original", THIN, indirect=True)
def test_a_database_made_from_the_profile_of_another_is_like_it(native: Server, original: Original) -> None:
    profile = original.profile
    case = original.calibration.case
    again = Dataset.plan(case, size_bytes=original.asked * MB, seed=_OTHER_SEED)
    with loaded(native, again, f"again_{profile.name}") as database:
        measured = widths.measure(database, lz4=native.capabilities.lz4)
        imitated = profiling.profile(database.conninfo, now=again.now, progress=lambda _: None)
    assert outside(figures(case.figures, measured)) == []
    assert len(case.figures) >= 27
    for table in ("odds_snapshots", "competitor_odds_snapshots", "event_scrape_status"):
        assert _by_day(imitated, table) == pytest.approx(_by_day(profile, table), abs=0.06), table


def _by_day(profile: Profile, table: str) -> dict[str, float]:
    """Share of the rows by the day's place, counted from the newest."""
    profiled = profile.of(table)
    assert profiled is not None
    now = datetime.fromisoformat(profile.now)
    return {
        str((now - datetime.fromisoformat(day.start)).days): day.rows / (profiled.rows or 1) for day in profiled.by_day
    }


@pytest.mark.slow
@pytest.mark.parametrize("original", [*PUBLISHED, "different"], indirect=True)
def test_the_parameters_come_back(original: Original) -> None:
    dataset = original.dataset
    load, own, rows = original.calibration.case.workload, dataset.case.workload, dataset.rows
    scrapes = rows["event_scrape_status"]
    assert load.home_inserts == pytest.approx(rows["odds_snapshots"] / scrapes)
    assert load.home_rows == pytest.approx(rows["market_odds"] / rows["odds_snapshots"], rel=0.01)
    assert load.events_per_cycle == pytest.approx(scrapes / rows["scrape_runs"])
    assert sum(day.cycles for day in load.sessions) == rows["scrape_runs"]
    stored = sum(day.cycles * day.competitor_inserts for day in load.sessions) / rows["scrape_runs"]
    assert stored == pytest.approx(rows["competitor_odds_snapshots"] / scrapes, rel=0.15)
    assert load.window_hours == pytest.approx(own.window_hours, rel=0.2)
    assert load.home_share == pytest.approx(own.home_share, abs=0.1)
    assert load.sportybet_share == pytest.approx(own.sportybet_share, abs=0.05)
    assert load.bet9ja_share == pytest.approx(own.bet9ja_share, abs=0.06)
    assert load.change_rate == pytest.approx(own.change_rate, rel=0.5)
    assert own.list_churn / 2.5 <= load.list_churn <= own.list_churn * 2.5
    assert (load.index_at is None) == (own.index_at is None)


@pytest.mark.parametrize("name", sampled(case_names(), every=2))
def test_what_a_case_publishes_gives_its_own_workload_again(name: str) -> None:
    base = load_case(name)
    load, own = calibrated(published.load(CASES / f"{name}.json"), base).case.workload, base.workload
    numbers = {parameter: value for parameter, value in load if isinstance(value, float)}
    assert numbers == pytest.approx({parameter: getattr(own, parameter) for parameter in numbers}, rel=0.01)
    assert [(session.start, session.cycles) for session in load.sessions] == [
        (session.start, session.cycles) for session in own.sessions
    ]
    inserts = [[session.competitor_inserts for session in workload.sessions] for workload in (load, own)]
    assert inserts[0] == pytest.approx(inserts[1], rel=0.01)
    assert (load.index_at is None) == (own.index_at is None)


def test_facts_without_a_workload_stand_on_the_newest_case_and_that_is_said() -> None:
    profile = published.load(CASES / "2026-02-06.json")
    calibration = calibrated(profile)
    assert calibration.case.workload.home_rows == pytest.approx(15126528 / 90341)
    assert calibration.case.workload.change_rate == 1
    assert any("prices change" in line and line.endswith("as in case 2026-02-17.") for line in calibration.assumed)
    assert any(
        line.startswith("Days and their cycles: those of case 2026-02-17, moved by") for line in calibration.assumed
    )
    assert calibration.case.last_captured <= datetime.fromisoformat(profile.now)


@pytest.mark.slow
def test_every_parameter_is_taken_or_assumed(small_calibration: Calibration) -> None:
    notes = " ".join((*small_calibration.taken, *small_calibration.assumed))
    for words in ("Cycles:", "Competitor snapshots", "Events per cycle", "Home snapshots", "home bookmaker", "sportybet",
                  "bet9ja", "Market rows per home", "Market rows per competitor", "only competitors", "Hours that",
                  "prices change", "probabilities", "An index on", "last_confirmed_at", "Home documents", "Competitor documents",
                  "lists of markets", "Outcomes of home", "Outcomes of competitor"):  # fmt: skip
        assert words in notes


_OTHER_INDEXES = (
    "DROP INDEX market_odds_betpawa_market_id_idx",
    "CREATE INDEX named ON market_odds (betpawa_market_name, line DESC)",
    'CREATE UNIQUE INDEX "a name" ON competitor_odds_snapshots (competitor_event_id, captured_at) INCLUDE (id)',
    "CREATE INDEX expressive ON odds_snapshots ((raw_response ->> 'id'))",
)


@pytest.mark.slow
def test_the_indexes_of_a_profile_are_those_of_its_imitation(native: Server, small: Dataset) -> None:
    profile = without_series(profiled(native, small, "other_indexes", _OTHER_INDEXES))
    calibration = calibrated(profile)
    assert calibration.case.workload.without_indexes == ("CREATE INDEX ON market_odds (betpawa_market_id)",)
    assert any(
        line.startswith("CREATE INDEX ON odds_snapshots") and "not imitated" in line for line in calibration.assumed
    )
    again = Dataset.plan(calibration.case, size_bytes=32 * MB, seed=7)
    imitated = profiled(native, again, "other_indexes_again")
    for table in ("market_odds", "competitor_odds_snapshots"):
        assert _columns_of_indexes(imitated, table) == _columns_of_indexes(profile, table)
    wanted, got = (_index_bytes_per_row(profile_of_table, "market_odds") for profile_of_table in (profile, imitated))
    assert got == pytest.approx(wanted, rel=0.03)


@pytest.mark.slow
def test_a_usual_database_has_the_usual_indexes(small_calibration: Calibration) -> None:
    load = small_calibration.case.workload
    assert (load.without_indexes, load.more_indexes) == ((), ())
    assert "Indexes: the usual ones." in small_calibration.taken


def _columns_of_indexes(profile: Profile, table: str) -> set[str]:
    profiled = profile.of(table)
    assert profiled is not None
    return {index.definition.partition(" USING ")[2] for index in profiled.indexes}


def _index_bytes_per_row(profile: Profile, table: str) -> float:
    profiled = profile.of(table)
    assert profiled is not None
    return (profiled.index_bytes or 0) / (profiled.rows or 1)


@pytest.mark.slow
def test_a_measured_profile_tells_the_days_and_their_cycles(small: Dataset, small_calibration: Calibration) -> None:
    sessions, own = small_calibration.case.workload.sessions, small.case.workload.sessions
    assert sum(session.cycles for session in sessions) == sum(session.cycles for session in own)
    assert small_calibration.case.last_captured == small.now
    assert len(sessions) == 12  # two sessions of the case are on one day


@pytest.mark.slow
def test_a_calibrated_case_survives_its_file(small_calibration: Calibration) -> None:
    case = small_calibration.case
    read = read_case(case.text, "case.json")
    assert read == case
    spec = Dataset.plan(case, size_bytes=32 * MB, seed=3).spec
    assert Dataset(spec, read).digest == Dataset(spec, case).digest
    with pytest.raises(InputError, match="There is no case"):
        Dataset(spec)


@pytest.mark.slow
def test_a_case_that_a_run_left_behind_is_imitated_as_it_is(
    small_profile: Profile, small_calibration: Calibration, tmp_path: Path
) -> None:
    file = tmp_path / "case.json"
    file.write_text(small_calibration.case.text, encoding="utf-8")
    again = imitation.resolve(None, file)
    assert again.case == small_calibration.case
    assert again.profile.of("market_odds").rows == small_profile.of("market_odds").rows  # type: ignore[union-attr]


@pytest.mark.slow
def test_the_change_rate_is_found_again_from_the_rows_that_repeat() -> None:
    case = load_case("2026-02-17")
    for rate in (0.3, 5.0):
        plan = DatasetPlan(case, EVENTS, 1)
        equal = equal_market_rows(plan, (BETPAWA,), plan.price_changes(rate))
        assert change_rate(case, Repeated(share=equal, compared=1), None) == pytest.approx(rate, rel=0.1)


@pytest.mark.slow
def test_measured_repetition_is_what_the_generator_expects(small_database: Database, small: Dataset) -> None:
    plan = DatasetPlan(small.case, small.spec.scale, small.spec.seed)
    expected = 100 * equal_market_rows(plan, (BETPAWA,), plan.price_changes())
    measured = widths.measure(small_database, lz4=False)
    assert measured["market_odds.equal_to_previous"] == pytest.approx(expected, abs=0.5)
    for markets, sites in (("market_odds", (BETPAWA,)), ("competitor_market_odds", COMPETITORS)):
        assert measured[f"{markets}.list_equal_to_previous"] == pytest.approx(100 * equal_lists(plan, sites), abs=0.5)


@pytest.mark.parametrize("churn", sampled([0.0, 0.5, 4.0], every=3))
def test_the_churn_is_found_again_from_the_lists_that_repeat(churn: float) -> None:
    case = load_case("2026-02-17")
    plan = DatasetPlan(case.updated({"list_churn": churn}), EVENTS, 1)
    home, competitors = (Repeated(share=equal_lists(plan, sites), compared=160) for sites in ((BETPAWA,), COMPETITORS))
    assert list_churn(case, home, competitors) == pytest.approx(churn, rel=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("absent", ["market_odds", "competitor_odds_snapshots"])
def test_a_database_without_odds_is_refused_with_what_it_lacks(small_profile: Profile, absent: str) -> None:
    tables = tuple(table for table in small_profile.tables if table.table != absent)
    with pytest.raises(InputError, match=f"There is no table {absent}"):
        calibrated(replace(small_profile, tables=tables))


@pytest.mark.slow
def test_a_database_whose_rows_were_not_counted_is_refused(small_profile: Profile) -> None:
    tables = tuple(
        replace(table, rows=None) if table.table == "market_odds" else table for table in small_profile.tables
    )
    with pytest.raises(InputError, match="No rows were counted in market_odds"):
        calibrated(replace(small_profile, tables=tables))


@pytest.mark.slow
def test_what_the_generator_does_not_make_is_said(small_profile: Profile) -> None:
    first, *others = small_profile.tables
    strange = replace(first, table="audit_log")
    calibration = calibrated(without_series(replace(small_profile, tables=(first, strange, *others))))
    assert any(line.startswith("Table audit_log, ") for line in calibration.assumed)


@pytest.mark.slow
def test_a_profile_without_repetition_keeps_the_rates_of_the_base(small_profile: Profile) -> None:
    blind = tuple(
        replace(pair, equal_market_rows=None, equal_payloads=None, equal_lists=None) for pair in small_profile.series
    )
    calibration = calibrated(replace(small_profile, series=blind))
    assert (calibration.case.workload.change_rate, calibration.case.workload.list_churn) == (1, 1)
    assert not [figure.name for figure in calibration.case.figures if figure.name.endswith("equal_to_previous")]


def test_a_case_and_a_profile_together_are_refused() -> None:
    with pytest.raises(InputError, match="--case and --profile"):
        imitation.resolve("2026-02-17", CASES / "2026-02-17.json")
