"""The odds as the lab sees them: reads that do without columns, datasets at other change rates, parameters by name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from data_gen import Dataset, spec_of
from data_gen.imitation import resolve
from lab.errors import InputError
from lab.postgres.database import Database
from lab.values import CHANGE_RATE, LIST_CHURN
from lab.workload import Heavy, Read

MB = 1 << 20


def test_a_parameter_that_the_odds_do_not_have_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="no parameter 'noise'"):
        resolve(None, None).plan(size_bytes=64 * MB, seed=1, parameters={"noise": 2})


def test_variations_differ_in_the_change_rate_and_are_small() -> None:
    spec = spec_of("2026-02-17", 24, seed=1, change_rate=2)
    variations = resolve(None, None).variations(spec, CHANGE_RATE)
    assert [varied.parameters[CHANGE_RATE] for varied in variations] == [0.5, 2, 8]
    assert {replace(varied, parameters={}) for varied in variations} == {replace(spec, scale=2, parameters={})}


def test_variations_of_the_lists_are_none_the_own_and_every_snapshot() -> None:
    spec = spec_of("2026-02-17", 24, seed=1, change_rate=2)
    variations = resolve(None, None).variations(spec, LIST_CHURN)
    assert [varied.parameters for varied in variations] == [
        {CHANGE_RATE: 2, LIST_CHURN: churn} for churn in (0, 1, 100)
    ]
    assert set(variations) & set(resolve(None, None).variations(spec, CHANGE_RATE))  # one of them serves both


def test_a_parameter_that_a_spec_does_not_have_varies_nothing() -> None:
    assert resolve(None, None).variations(spec_of("2026-02-17", 24, seed=1), "noise") == ()


def test_specs_that_differ_in_a_parameter_only_are_different_keys() -> None:
    loaded = {spec_of("2026-02-17", 2, seed=1, change_rate=rate): rate for rate in (1.0, 4.0)}
    assert loaded[spec_of("2026-02-17", 2, seed=1, change_rate=4.0)] == 4.0
    assert len(loaded) == 2


def test_the_events_that_are_read_are_spread_over_the_kick_offs(small: Dataset, small_database: Database) -> None:
    ids = [row[0] for row in small_database.fetch("SELECT id FROM events ORDER BY kickoff, id")]
    step = max(1, len(ids) // 3)
    read = dict.fromkeys(read.params[0] for read in small.reads() if read.name.startswith("Q2"))
    assert list(read) == ids[step // 2 :: step][:3]


def test_every_read_and_write_is_told_in_words(small: Dataset) -> None:
    named = {read.query for read in small.reads()} | {write.query for write in small.writes()}
    assert named == set(small.facts.titles)


def test_every_read_runs_and_answers(small: Dataset, small_database: Database) -> None:
    answered = {read.name: small_database.fetch(read.text(), read.params) for read in small.reads()}
    assert answered["Q1 events"]
    assert any(rows for name, rows in answered.items() if name.startswith("Q5"))


def test_a_read_does_without_the_columns_that_are_given_up() -> None:
    read = Read(
        name="R",
        query="R",
        sql="SELECT {page} FROM pages WHERE tags @> '{x}'",
        lists={
            "page": {"pages.id": "p.id", "pages.body": Heavy(asked="p.body", compared="md5(p.body)")},
            "unused": {"pages.scan": Heavy(asked="p.scan", compared="md5(p.scan)")},
        },
    )
    assert read.asked() == "SELECT p.id, p.body FROM pages WHERE tags @> '{x}'"
    assert read.heavy == {"pages.body"}
    assert read.text() == "SELECT p.id, md5(p.body) FROM pages WHERE tags @> '{x}'"
    assert read.text(["pages.body"]) == "SELECT p.id FROM pages WHERE tags @> '{x}'"
