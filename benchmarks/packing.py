"""Tells how small payloads get that no dictionary has seen, and how long it takes to unpack one.

    python -m benchmarks.packing [--size 48MB] [--level 9] [--share 32] [--dictionary-kb 256] [--server native]

Two datasets that share no row: the dictionaries are trained on the first, and the payloads of the second are packed, in the
order in which a writer would get them. Both are also packed with the dictionaries alone. A size is bytes as the column stores
them (`pg_column_size`) against bytes of what is packed, with each reference counted once. Payloads are unpacked one by one:
the CPU time holds the lookup of the reference and both steps of zstd, with the packed bytes in memory. Every payload must come
back. The exit code is 1 where one does not, where all of them together are less than 3 times smaller, or where the median one
takes more than 1 ms.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import thread_time

from data_gen import Dataset, load_case
from lab.errors import LabError
from lab.postgres.database import Database
from lab.scenario import Client, Decode, Row
from lab.servers import Server, open_server, open_workspace
from lab.trial.load import load
from lab.units import parse_bytes
from scenarios._packed_payloads import SIDES, documents, sample
from scenarios._packing import DICTIONARIES, Codec, Packing, decoder, training

CASE = "2026-02-17"
LEAST_RATIO = 3.0
MOST_SECONDS = 0.001


@dataclass(kw_only=True)
class Platform:
    """What the payloads of one platform take."""

    stored: list[int] = field(default_factory=list)
    alone: list[int] = field(default_factory=list)
    """With the platform's dictionary."""
    packed: list[int] = field(default_factory=list)
    """With the references of their events, these included."""
    seconds: list[float] = field(default_factory=list)
    """Of CPU, to unpack one."""

    @property
    def reaches_its_goals(self) -> bool:
        """Whether they are as small as they should be, and unpacked as fast."""
        ratio = statistics.fmean(self.stored) / statistics.fmean(self.packed)
        return ratio >= LEAST_RATIO and statistics.median(self.seconds) <= MOST_SECONDS

    @property
    def line(self) -> str:
        """As a part of a row of the table."""
        stored, alone, packed = (statistics.fmean(sizes) for sizes in (self.stored, self.alone, self.packed))
        slowest = statistics.quantiles(self.seconds, n=20)[-1] if len(self.seconds) > 1 else self.seconds[0]
        return (
            f"{len(self.stored)} | {stored:,.0f} | {alone:,.0f} | {stored / alone:.2f} x | {packed:,.0f} | {stored / packed:.2f} x"
            f" | {statistics.median(self.seconds) * 1000:.2f} | {slowest * 1000:.2f} |"
        )


def main() -> None:
    """Print a line for each platform, and one for all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="48MB")
    parser.add_argument("--level", type=int, default=9)
    parser.add_argument("--share", type=int, default=32)
    parser.add_argument("--dictionary-kb", type=int, default=256)
    parser.add_argument("--server", default="native")
    options = parser.parse_args()
    with (
        open_workspace() as workspace,
        open_server(options.server, workspace=workspace, progress=lambda _: None) as server,
    ):
        dictionaries = trained(server, parse_bytes(options.size), options.dictionary_kb)
        with loaded(server, "unseen", parse_bytes(options.size), seed=2) as database:
            platforms = measured(database, dictionaries, options.level, options.share)
    print(f"Level {options.level}, {options.share} documents share one, dictionaries of {options.dictionary_kb} kB:")
    print(
        "| platform | payloads | stored today | dictionary alone | smaller | with references | smaller | CPU ms | p95 CPU ms |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    whole = Platform()
    for name, platform in sorted(platforms.items()):
        print(f"| {name} | {platform.line}")
        for part in ("stored", "alone", "packed", "seconds"):
            getattr(whole, part).extend(getattr(platform, part))
    print(f"| all | {whole.line}")
    sys.exit(not whole.reaches_its_goals)


def loaded(server: Server, name: str, size: int, *, seed: int) -> Database:
    """A connection to a database with that dataset."""
    server.create(name)
    database = server.connect(name)
    load(server, database, Dataset.plan(load_case(CASE), size_bytes=size, seed=seed))
    return database


def trained(server: Server, size: int, kilobytes: int) -> list[Row]:
    """The rows of the dictionaries (id, platform, content)."""
    with loaded(server, "seen", size, seed=1) as database:
        none_yet = Client(fetch=lambda *_: [(0,)], outside=Path())
        return list(training(kilobytes, none_yet)(database.fetch(sample())))


def measured(database: Database, dictionaries: list[Row], level: int, share: int) -> dict[str, Platform]:
    """What every payload of the database takes, by platform. Errors: `LabError` for one that does not come back."""
    platforms: defaultdict[str, Platform] = defaultdict(Platform)
    for table in SIDES:
        sizes: dict[int, int] = dict(database.fetch(f"SELECT id, pg_column_size(raw_response) FROM {table}"))
        rows = database.fetch(documents(table, table))
        for packs in (Packing(level=level, share=1), Packing(level=level, share=share)):
            references: dict[int, bytes] = {}

            def fetch(sql: str, params: Sequence[object], held: dict[int, bytes] = references) -> list[Row]:
                if DICTIONARIES in sql:
                    return dictionaries
                (ids,) = params
                return [(number, held[number]) for number in ids]  # type: ignore[attr-defined]

            packed_rows = list(packs.pack(Codec(fetch, level), rows, {}))
            references |= {number: reference for number, _, reference in packed_rows if reference}
            for platform, size, seconds in unpacked(
                rows, packed_rows, decoder(table, Client(fetch=fetch, outside=Path()))
            ):
                (platforms[platform].alone if packs.share == 1 else platforms[platform].packed).append(size)
                if packs.share > 1:
                    platforms[platform].seconds.append(seconds)
        for number, _, platform, _ in rows:
            platforms[platform].stored.append(sizes[number])
    return dict(platforms)


def unpacked(rows: Sequence[Row], packed_rows: Sequence[Row], decode: Decode) -> Iterator[tuple[str, int, float]]:
    """Of each payload its platform, its bytes with the reference that came with it, and the seconds to unpack it."""
    for (number, _, platform, text), (_, packed, reference) in zip(rows, packed_rows, strict=True):
        started = thread_time()
        (back,) = decode([packed])
        seconds = thread_time() - started
        if back != text:
            raise LabError(f"Payload {number} of {platform} does not come back.")
        yield platform, len(packed) + len(reference or b""), seconds


if __name__ == "__main__":
    main()
