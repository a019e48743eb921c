"""What a connection says of an answer."""

from __future__ import annotations

from itertools import combinations

import pytest

from lab.errors import DatabaseError
from lab.servers import Server

ANSWERS = (
    "SELECT 1",
    "SELECT 1::bigint",
    "SELECT '1'",
    "SELECT 11",
    "SELECT NULL::int",
    "SELECT '-'",
    "SELECT ''",
    "SELECT '{\"a\": 1}'::json",
    "SELECT '{\"a\":1}'::json",
    "SELECT '{\"a\": 1}'::jsonb",
    "SELECT * FROM (VALUES (1), (2)) t",
    "SELECT * FROM (VALUES (2), (1)) t",
    "SELECT 1, 2",
    "SELECT 12, NULL::int",
    "SELECT 1 WHERE false",
    "SELECT 'a', '1 b'",
    "SELECT 'a1 ', 'b'",
)
"""No two of them are the same."""


@pytest.fixture(scope="module")
def hashes(native: Server) -> dict[str, str]:
    native.create("hashes")
    with native.connect("hashes") as database:
        return {sql: database.hashed(sql)[0] for sql in ANSWERS}


def test_answers_that_differ_have_different_hashes(hashes: dict[str, str]) -> None:
    assert [pair for pair in combinations(ANSWERS, 2) if hashes[pair[0]] == hashes[pair[1]]] == []


def test_the_same_answer_has_the_same_hash_and_its_rows(native: Server, hashes: dict[str, str]) -> None:
    with native.connect("hashes") as database:
        again, rows = database.hashed("SELECT %s::int", [1])
        assert (again, rows()) == (hashes["SELECT 1"], [(1,)])


def test_a_value_that_python_lacks_has_a_hash_and_is_refused_as_a_row(native: Server, hashes: dict[str, str]) -> None:
    with native.connect("hashes") as database:
        again, rows = database.hashed("SELECT 'infinity'::timestamptz")
        assert again not in hashes.values()
        with pytest.raises(DatabaseError, match="too large"):
            rows()
