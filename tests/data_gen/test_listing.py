"""Lists of markets change as often as the case says, in the ways that were seen; at a churn of 0 they never do."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from data_gen import Dataset, load_case, spec_of
from data_gen.events import DatasetPlan
from data_gen.listing import Listing
from data_gen.markets import MarketLines
from data_gen.offer import Offer, Platform
from data_gen.payloads import BETPAWA, COMPETITORS, SITES, SPORTYBET
from data_gen.replay import Replay
from data_gen.spread import Bools, Floats

_CASE = "2026-02-17"
_EVENTS = 60
_CALM, _LAST_HOUR = (24, 1e9), (0, 1)
_sites = pytest.mark.parametrize("site", SITES, ids=lambda site: site.name)


@pytest.fixture(scope="module")
def plan() -> DatasetPlan:
    return DatasetPlan(load_case(_CASE), _EVENTS, 1)


def _followed(plan: DatasetPlan, site: Platform) -> Iterator[tuple[int, Listing, Floats]]:
    """Each event that is scraped, with its lists and the hours to kick-off of its cycles."""
    for event, (first, end) in enumerate(zip(*plan.lives, strict=True)):
        if end > first:
            hours = (plan.kickoffs[event] - plan.cycles.starts[first:end]) / 3.6e9
            yield event, plan.offered_lists(event, site), hours


def _changed(plan: DatasetPlan, site: Platform, band: tuple[float, float]) -> float:
    """Share of the cycles so many hours before kick-off, ten minutes after the last one, that have another list."""
    changes: list[Bools] = []
    for event, lists, hours in _followed(plan, site):
        changed = np.zeros(len(hours), np.bool_)
        changed[lists.places[1:]] = (lists.rows[1:] != lists.rows[:-1]).any(axis=1)
        first = int(plan.lives[0][event])
        regular = plan.cycles.passed[first : first + len(hours)] == 1
        changes.append(changed[regular & (hours >= band[0]) & (hours < band[1])])
    return float(np.concatenate(changes).mean())


def _dropped_out(plan: DatasetPlan) -> list[int]:
    """For each event that the home bookmaker offered and then did not offer, the number of those cycles."""
    offered = plan.offered[BETPAWA.name]
    missing = plan.scraped & ~offered & (np.cumsum(offered, axis=1) > 0)
    return [int(cycles) for cycles in missing.sum(axis=1) if cycles]


@_sites
def test_lists_change_as_often_as_was_derived_from_public_series(plan: DatasetPlan, site: Platform) -> None:
    assert 0.01 <= _changed(plan, site, _CALM) <= 0.04
    assert 0.1 <= _changed(plan, site, _LAST_HOUR) <= 0.4
    numbers = [len({tuple(row) for row in lists.rows.tolist()}) for _, lists, _ in _followed(plan, site)]
    assert 2 <= np.mean(numbers) <= 20


@_sites
def test_at_a_churn_of_0_there_is_one_list_with_the_whole_offer(site: Platform) -> None:
    constant = DatasetPlan(load_case(_CASE), 8, 1, list_churn=0)
    assert all(lists.rows.shape[0] == 1 and lists.rows.all() for _, lists, _ in _followed(constant, site))
    assert not _dropped_out(constant)


@_sites
def test_at_a_churn_of_100_nearly_every_snapshot_has_another_list(site: Platform) -> None:
    assert _changed(DatasetPlan(load_case(_CASE), 8, 1, list_churn=100), site, (0, 1e9)) > 0.85


@_sites
def test_a_ladder_shows_all_lines_but_one_at_an_end(plan: DatasetPlan, site: Platform) -> None:
    catalogue, moved = site.catalogue(), 0
    assert len(catalogue.ladders) >= 6
    # That on the goals of the match is in every offer, and the market never goes.
    lowest, highest = next(ends for ends in catalogue.ladders if catalogue.depths[ends[0][0]] == 0)
    for event, _, _ in _followed(plan, site):
        lists = plan.lists(event, site)
        assert (lists.rows[:, lowest[0]] != lists.rows[:, highest[0]]).all()
        moved += len(np.unique(lists.rows[:, lowest[0]])) == 2
    assert 0 < moved < _EVENTS


def test_bookings_and_corners_of_a_half_come_late_and_stay(plan: DatasetPlan) -> None:
    catalogue, hours_of = SPORTYBET.catalogue(), []
    for event, _, hours in _followed(plan, SPORTYBET):
        shown = plan.lists(event, SPORTYBET).rows[:, catalogue.late]
        assert (shown == np.maximum.accumulate(shown, axis=0)).all()
        if shown[-1].all() and not shown[0].any():
            hours_of.append(hours[plan.lists(event, SPORTYBET).places[int(shown[:, 0].argmax())]])
    window = load_case(_CASE).workload.window_hours
    assert len(hours_of) > 20
    assert all(hours <= 0.3 * window for hours in hours_of)


def test_markets_go_and_return_and_few_are_away_at_a_time(plan: DatasetPlan) -> None:
    away = []
    for event, lists, hours in _followed(plan, BETPAWA):
        whole = plan.lists(event, BETPAWA)
        offered = [rows for rows in BETPAWA.catalogue().passing if whole.rows[0, rows[0]]]
        lengths = np.diff([*lists.places, len(hours)])
        away += [float((~whole.rows[:, rows[0]] * lengths).sum() / len(hours)) for rows in offered]
    assert 0 < np.mean(away) < 0.02
    assert np.mean([share > 0 for share in away]) > np.mean(away)


def test_few_events_drop_out_for_an_hour_and_return(plan: DatasetPlan) -> None:
    assert 0 < len(_dropped_out(plan)) <= 0.1 * _EVENTS
    assert all(1 <= cycles <= 6 for cycles in _dropped_out(plan))


@pytest.mark.parametrize("sites", [(BETPAWA,), COMPETITORS], ids=["home", "competitors"])
def test_how_lists_change_moves_neither_the_rows_nor_the_documents(sites: tuple[Platform, ...]) -> None:
    plans = [DatasetPlan(load_case(_CASE), 24, 1, list_churn=churn) for churn in (0, 1, 100)]
    rows = [
        sum(plan.market_rows(site) for site in sites) / sum(plan.stored[site.name].sum() for site in sites)
        for plan in plans
    ]
    assert rows == pytest.approx([rows[0]] * 3, rel=0.015)
    for site in sites:
        depths = [plan.document_depths((site,), 1.0)[site.name] for plan in plans]
        assert all(each == pytest.approx(depths[0], rel=0.02) for each in depths)


@pytest.mark.parametrize("churn", [0.0, 100.0])
def test_planned_rows_are_what_the_streams_hold_at_any_churn(churn: float) -> None:
    plan = DatasetPlan(load_case(_CASE), 2, 3, list_churn=churn)
    for sites in ((BETPAWA,), COMPETITORS):
        scrapes = _replay(plan, sites).run(range(len(plan.cycles)))
        assert sum(len(list(scrape.view.lines)) for scrape in scrapes) == sum(plan.market_rows(site) for site in sites)


@pytest.mark.parametrize("churn", [0.0, 1.0, 100.0])
def test_the_cycles_after_the_last_keep_its_lists_and_move_the_prices(churn: float) -> None:
    plan = DatasetPlan(load_case(_CASE), 6, 3, list_churn=churn)
    replay, shown = _replay(plan, (BETPAWA,)), dict[int, list[list[bytes]]]()
    for _ in replay.run(range(len(plan.cycles))):
        pass
    for cycle in replay.following(6):
        for scrape in cycle:
            shown.setdefault(scrape.event, []).append(list(scrape.view.lines))
    assert shown
    for event, lists in shown.items():
        assert {len(lines) for lines in lists} == {int(plan.offered_lists(event, BETPAWA).rows[-1].sum())}
    assert any(before != after for lists in shown.values() for before, after in pairwise(lists))


def _replay(plan: DatasetPlan, sites: tuple[Platform, ...]) -> Replay[MarketLines]:
    def view(event: int, site: Platform, offer: Offer) -> MarketLines:
        return MarketLines(offer, plan.offered_lists(event, site))

    return Replay(plan, sites, plan.price_changes(), view)


def test_a_spec_without_the_parameter_has_the_churn_of_the_case() -> None:
    spec = spec_of(_CASE, 2, seed=1)
    bare = type(spec)(workload="odds", case=_CASE, scale=2, seed=1, parameters={})
    assert Dataset(bare).rows == Dataset(spec).rows != Dataset(spec_of(_CASE, 2, seed=1, list_churn=0)).rows
