"""What needs no rewrite is named before any strategy: free space, indexes, tables that only grow, extensions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from data_gen import case_file, published
from lab.analysis.results import analyse
from lab.discovery import DiscoveryInputs, Proposal
from lab.discovery.housekeeping import cheap_wins
from lab.discovery.values import CheapWin
from lab.values import Category, Experiment, Growth, IndexProfile, Profile, Retention, TableProfile

GB = 1 << 30


@pytest.fixture(scope="module")
def profile() -> Profile:
    return replace(published.load(case_file("2026-02-17")), index_use_since="2026-01-01T00:00:00+00:00", standby=False)


def wins(profile: Profile, table: TableProfile) -> tuple[CheapWin, ...]:
    return cheap_wins(DiscoveryInputs(profile=replace(profile, tables=(table,))))


def index(name: str, columns: str, *, scans: int | None = 1, unique: bool = False, more: str = "") -> IndexProfile:
    definition = f"CREATE INDEX {name} ON public.readings USING btree ({columns}){more}"
    return IndexProfile(
        name=name, definition=definition, bytes=GB, scans=scans, unique=unique, primary=False, valid=True
    )


def with_indexes(profile: Profile, *indexes: IndexProfile) -> list[str]:
    return [win.what for win in wins(profile, replace(profile.tables[0], indexes=indexes))]


def test_free_space_is_named_with_its_bytes(profile: Profile) -> None:
    table = replace(profile.tables[0], heap_bloat_bytes=2 * GB, toast_bloat_bytes=GB)
    (win,) = wins(profile, table)
    assert win.bytes == 3 * GB
    assert "VACUUM FULL" in win.how
    assert not wins(profile, replace(table, heap_bloat_bytes=None, toast_bloat_bytes=1 << 20))


def test_an_index_that_another_one_begins_with_is_redundant(profile: Profile) -> None:
    narrow, wide = index("narrow", "a"), index("wide", "a, b")
    assert with_indexes(profile, narrow, wide) == ["index narrow: wide begins with the same columns"]
    assert with_indexes(profile, index("first", "a"), index("second", "a")) == [
        "index second: first begins with the same columns"
    ]


@pytest.mark.parametrize(
    "kept",
    [
        index("kept", "a", unique=True),
        index("kept", "b"),
        index("kept", "a DESC"),
        index("kept", "a", more=" WHERE (b > 0)"),
        index("kept", "a", more=" INCLUDE (c)"),
        index("kept", "lower(a)"),
    ],
)
def test_an_index_that_does_something_of_its_own_stays(profile: Profile, kept: IndexProfile) -> None:
    assert with_indexes(profile, kept, index("wide", "a, b")) == []


def test_an_index_that_is_not_valid_makes_no_other_one_redundant(profile: Profile) -> None:
    assert with_indexes(profile, index("narrow", "a"), replace(index("wide", "a, b"), valid=False)) == []


def test_an_index_without_a_scan_is_named_where_that_is_known(profile: Profile) -> None:
    idle = index("idle", "a", scans=0)
    assert with_indexes(profile, idle) == ["index idle: no scan since 2026-01-01T00:00:00+00:00"]
    assert with_indexes(replace(profile, index_use_since=None), idle) == []
    assert with_indexes(replace(profile, standby=True), idle) == []
    assert with_indexes(profile, replace(idle, scans=None)) == []
    assert with_indexes(profile, replace(idle, unique=True)) == []


def test_a_table_that_no_strategy_touches_and_that_grows_is_named(profile: Profile) -> None:
    growth = Growth(rows_per_day_week=None, bytes_per_day_week=GB / 2, rows_per_day=None, bytes_per_day=None, days=None)
    old = Retention(days=7, rows_older=1, bytes_older=9 * GB, rows_kept=1)
    orders = replace(profile.tables[0], table="orders", growth=growth, retention=(old,), indexes=())
    proposal = Proposal(
        name="some", category=Category.COMPRESS, what="", tables=("readings",), columns=(), keeps_days=None
    )
    inputs = DiscoveryInputs(profile=replace(profile, tables=(orders,)), proposals=(proposal,))
    (win,) = cheap_wins(inputs)
    assert win.what.startswith("orders grows 512 MB a day")
    assert win.bytes == 9 * GB
    assert not cheap_wins(replace(inputs, proposals=(replace(proposal, tables=("orders",)),)))
    assert not cheap_wins(replace(inputs, proposals=()))


@pytest.mark.parametrize(
    ("offered", "says"),
    [({"timescaledb": "2.17.2"}, "TimescaleDB 2.17.2 can be had"), ({}, "does not offer TimescaleDB"), (None, "")],
)
def test_whether_the_server_offers_what_strategies_need_is_said_where_it_was_read(
    profile: Profile, sample: Experiment, offered: dict[str, str] | None, says: str
) -> None:
    housekeeping = cheap_wins(DiscoveryInputs(profile=replace(profile, extensions=offered), results=analyse(sample)))
    about = [win.what for win in housekeeping if "TimescaleDB" in win.what]
    assert len(about) == bool(says)
    assert all(says in what for what in about)
