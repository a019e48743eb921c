"""The strategy that names another codec: what it may do while others read."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import cast

from lab.scenario import Database
from lab.trial.template import Bench
from scenarios.toast_lz4 import set_codec

TABLE, PARTITION = "odds_snapshots", "odds_snapshots_default"
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def test_the_codec_is_set_while_others_read_a_partitioned_table(bench: Bench) -> None:
    with (
        bench.fresh() as (name, working),
        bench.server.connect(name) as reader,
        bench.server.connect(name) as watch,
        ThreadPoolExecutor(1) as thread,
    ):
        reader.execute("BEGIN")
        reader.execute(
            f"LOCK TABLE ONLY {TABLE} IN ACCESS SHARE MODE"
        )  # as far as a reader comes before the partitions
        setting = thread.submit(set_codec, cast("Database", working), TABLE)  # it only executes
        while not setting.done() and not watch.value(WAITING):
            time.sleep(0.01)
        reader.execute(f"SELECT FROM {PARTITION} LIMIT 1")
        reader.execute("COMMIT")
        setting.result()
        codec = f"SELECT attcompression FROM pg_attribute WHERE attrelid = '{PARTITION}'::regclass AND attname = 'raw_response'"
        assert working.value(codec) in {"l", b"l"}
