"""The bytes of every kind of server are the native one's: otherwise no size measured on it would mean anything."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator

import pytest

from lab.servers import KINDS, Server

NewName = Callable[[], str]
# Where paths, sizes of caches and the like lie is each server's own business.
_SAME = """
    SELECT name, setting FROM pg_settings
    WHERE name LIKE 'enable\\_%' OR name LIKE '%\\_cost' OR name IN (
        'block_size', 'wal_level', 'full_page_writes', 'wal_compression', 'default_toast_compression', 'search_path',
        'jit', 'max_parallel_workers_per_gather', 'TimeZone', 'work_mem', 'maintenance_work_mem', 'data_checksums',
        'allow_system_table_mods', 'default_statistics_target', 'default_text_search_config', 'random_page_cost')
    ORDER BY name"""
_WEIGHTS = """
    SELECT pg_relation_size(c.oid), pg_relation_size(c.oid, 'fsm'), pg_relation_size(c.oid, 'vm'),
           pg_relation_size(c.reltoastrelid), pg_indexes_size(c.oid), pg_total_relation_size(c.oid)
    FROM pg_class c WHERE relname = 't'"""


OTHERS = [kind for kind in KINDS if kind != "native"]


@pytest.fixture(params=OTHERS)
def other(request: pytest.FixtureRequest) -> Server:
    server: Server = request.getfixturevalue(request.param)
    return server


@pytest.mark.slow
def test_every_server_weighs_the_same_rows_to_the_byte(native: Server, other: Server, new_name: NewName) -> None:
    loaded, settled = zip(*(_weigh(server, new_name()) for server in (native, other)), strict=True)
    assert loaded[0] == loaded[1]
    assert settled[0] == settled[1]
    assert settled[0][3] > 10_000_000  # or TOAST was not tried


def test_settings_that_decide_sizes_and_plans_are_the_same(native: Server, other: Server, new_name: NewName) -> None:
    shown = []
    for server in (native, other):
        server.create(name := new_name())
        with server.connect(name) as database:
            shown.append(database.fetch(_SAME))
    assert shown[0] == shown[1]


def _weigh(server: Server, name: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    server.create(name)
    with server.connect(name) as database:
        database.execute("CREATE TABLE t (id bigint PRIMARY KEY, title text, raw json, doc jsonb)")
        database.execute("CREATE INDEX ON t (title)")
        server.copy_in(database, "t", ["id", "title", "raw", "doc"], _rows(3000))
        loaded = database.fetch(_WEIGHTS)[0]
        database.execute("VACUUM ANALYZE t")
        return loaded, database.fetch(_WEIGHTS)[0]


def _rows(count: int) -> Iterator[bytes]:
    rng = random.Random(7)  # noqa: S311 - not for secrets
    documents = [_document(rng) for _ in range(100)]
    for number in range(count):
        title = f"event {rng.randrange(10**6)}"
        doc = documents[number % 7] if number % 4 == 0 else "{}"
        yield f"{number}\t{title}\t{rng.choice(documents)}\t{doc}\n".encode()


def _document(rng: random.Random) -> str:
    prices = [
        {"market": rng.randrange(500), "price": rng.random(), "open": True} for _ in range(rng.randrange(150, 700))
    ]
    return json.dumps(prices)
