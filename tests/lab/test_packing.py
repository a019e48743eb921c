"""Packed documents come back as they were, or the trial says that they do not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

import pytest

from lab import registry
from lab.scenario import Client, Convert, Database, Row, Scenario, Shape, Writing
from lab.trial import trial
from lab.trial.template import Bench
from lab.values import Completed, Failed, Verdict
from scenarios._packed_payloads import SIDES
from scenarios._packing import Codec, Packing, Reference, trained
from scenarios.pack_raw_response import unpack
from tests.lab.test_nasty import intruded
from tests.lab.trials import completed, request_for, run_scenario

NAME = "pack_raw_response(level=1,dictionary_kb=16)"
"""As fast as it gets."""


def scenario(name: str = NAME) -> Scenario:
    (entry,) = registry.resolve([name])
    return entry.scenario


def swapped(table: str, column: str) -> str:
    """SQL that exchanges the shortest and the longest value, each of which can be unpacked."""
    first = f"SELECT id FROM {table} WHERE {column} IS NOT NULL ORDER BY length({column})"
    two = f"({first}, id LIMIT 1) UNION ({first} DESC, id LIMIT 1)"
    return (
        f"UPDATE {table} t SET {column} = o.{column} FROM {table} o"
        f" WHERE t.id IN ({two}) AND o.id IN ({two}) AND o.id <> t.id"
    )


def changed(table: str, column: str) -> str:
    """SQL that changes one byte in the middle of one value."""
    longest = f"(SELECT id FROM {table} WHERE {column} IS NOT NULL ORDER BY length({column}) DESC, id LIMIT 1)"
    middle = f"length({column}) / 2"
    return f"UPDATE {table} SET {column} = set_byte({column}, {middle}, get_byte({column}, {middle}) # 1) WHERE id = {longest}"


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        pytest.param(changed, "The client could not unpack the documents of odds_snapshots", marks=pytest.mark.slow),
        (swapped, "Not proved: every document"),
    ],
)
def test_a_document_that_was_packed_wrong_is_never_put_in_place(
    fault: Callable[[str, str], str], says: str, nasty: Bench
) -> None:
    sql = fault("odds_snapshots_packed", "packed")
    outcome = intruded(NAME, "odds_snapshots: unpack the documents again", sql, nasty)
    assert isinstance(outcome, Failed), outcome
    assert says in outcome.error


def test_a_byte_that_changes_later_is_found(nasty: Bench) -> None:
    sql = changed("odds_snapshots", "raw_response")
    outcome = intruded(NAME, "competitor_odds_snapshots: unpack the documents again", sql, nasty)
    assert isinstance(outcome, Failed), outcome
    assert outcome.step == "verify"
    assert "The client could not decode odds_snapshots.raw_response" in outcome.error


@pytest.mark.slow
def test_a_document_in_the_place_of_another_is_found(nasty: Bench) -> None:
    sql = swapped("odds_snapshots", "raw_response")
    outcome = intruded(NAME, "competitor_odds_snapshots: unpack the documents again", sql, nasty)
    assert isinstance(outcome, Completed), outcome
    assert outcome.verification.verdict is Verdict.DIFFERS
    assert outcome.reads is None
    assert "table odds_snapshots" in [mismatch.name for mismatch in outcome.verification.mismatches]


def test_a_snapshot_that_comes_while_documents_are_packed_stops_the_replacement(nasty: Bench) -> None:
    sql = (
        "INSERT INTO odds_snapshots (event_id, bookmaker_id, captured_at, raw_response)"
        " SELECT event_id, bookmaker_id, captured_at, '{}' FROM odds_snapshots ORDER BY id LIMIT 1"
    )
    outcome = intruded(NAME, "odds_snapshots: put the packed documents in place", sql, nasty)
    assert isinstance(outcome, Failed), outcome
    assert "Not proved: every document of odds_snapshots comes back as it was (1 differences)" in outcome.error


@pytest.mark.slow
@pytest.mark.parametrize("name", [NAME, "pack_raw_response(share=1,level=1,dictionary_kb=16)"])
def test_the_way_back_restores_every_document_and_type(name: str, nasty: Bench) -> None:
    packs = scenario(name)

    def there_and_back(db: Database) -> None:
        packs.apply(db)
        unpack(db)

    outcome = completed(run_scenario(nasty, there_and_back, changes=dict.fromkeys(SIDES, Shape.TABLE)))
    assert outcome.verification.verdict is Verdict.EXACT, outcome.verification.mismatches
    assert not outcome.lost
    assert not [table for table in outcome.footprint.tables if "references" in table.table or "dict" in table.table]


@pytest.mark.slow
def test_a_writer_that_packs_another_document_is_refused(bench: Bench) -> None:
    """What new snapshots hold is compared as the rest is, after it was unpacked."""

    def spoilt(writing: Writing) -> Writing:
        (step,) = writing.client

        def convert(client: Client) -> Convert:
            pack = step.convert(client)

            def spoil(rows: Iterable[Row]) -> Iterator[Row]:
                return pack((*row[:3], row[3].replace("1", "2")) for row in rows)

            return spoil

        return replace(writing, client=(replace(step, convert=convert),))

    packs = scenario()
    wrong = replace(packs, write={table: spoilt(writing) for table, writing in packs.write.items()})
    outcome = completed(trial.run(request_for(bench, NAME, write_seconds=0.001), wrong, bench))
    assert outcome.writes
    refused = {cost.query: cost.refused for cost in outcome.writes.costs}
    assert "does not read back as written" in refused["W1"]


@pytest.mark.slow
def test_new_documents_go_on_with_the_reference_of_their_event(bench: Bench) -> None:
    """The references of the database are found: new documents of known events make hardly any of their own."""
    outcome = completed(trial.run(request_for(bench, NAME, write_seconds=0.001), scenario(), bench))
    assert outcome.writes
    assert outcome.writes.after
    assert outcome.writes.before
    assert outcome.writes.after.toast < outcome.writes.before.toast / 3


def documents(*texts: str) -> list[Row]:
    return [(number, 7, "site", text) for number, text in enumerate(texts, 1)]


def packed(rows: Iterable[Row], newest: Mapping[Row, Reference] | None = None, *, share: int = 3) -> list[Row]:
    codec = Codec(lambda *_: [], 3)
    return list(Packing(level=3, share=share).pack(codec, rows, newest or {}))


LONG = "".join(f'"key {number * 7919 % 1000}": {number * 104729 % 9973}, ' for number in range(200))


def test_at_most_so_many_documents_share_a_reference() -> None:
    rows = packed(documents(*(f"{LONG}{number}" for number in range(7))))
    assert [number for number, _, reference in rows if reference] == [1, 4, 7]


def test_a_document_that_is_like_no_other_becomes_a_reference() -> None:
    rows = packed(documents(LONG, LONG[::-1], LONG[::-1] + "1"), share=100)
    assert [number for number, _, reference in rows if reference] == [1, 2]


def test_a_dictionary_needs_no_great_number_of_documents() -> None:
    assert trained([b"null", b"5"], 1024) == b"null5"
