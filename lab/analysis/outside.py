"""From the files of the sample outside of its database to those of the whole database.

They are never a part of the database's bytes. A file grows with the rows of the table that its name begins with, as the TOAST
of that table does; where the strategy moves values by age, the profile says which share of the rows is so old. There are as
many files as days, and the sample has as many days, so that what each file has besides its rows is counted too high.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from lab.analysis.projection import Scale
from lab.values import CaseFacts, Completed, ScenarioFacts


@dataclass(frozen=True, kw_only=True)
class Outside:
    """The bytes of all files outside of the full database."""

    bytes: int
    all_rows: float
    """As if they held what all rows have, of whatever age: what new rows will add goes by this."""


def outside_bytes(case: CaseFacts, facts: ScenarioFacts, trial: Completed, factors: Scale) -> Outside | None:
    """Those of a trial; None where nobody looked, or the profile does not say how many rows are so old."""
    if trial.outside is None:
        return None
    sizes: defaultdict[str, int] = defaultdict(int)
    for name, size in trial.outside.items():
        sizes[name.partition("/")[0]] += size
    projected = [_projected(table, size, case, facts, trial, factors) for table, size in sizes.items()]
    known = [size for size in projected if size is not None]
    if len(known) < len(projected):
        return None
    return Outside(bytes=round(sum(size.bytes for size in known)), all_rows=sum(size.all_rows for size in known))


def _projected(  # noqa: PLR0913, PLR0917 - one table of what the caller knows of all
    table: str, size: int, case: CaseFacts, facts: ScenarioFacts, trial: Completed, factors: Scale
) -> Outside | None:
    leader = factors.lineage.workload.toast_follows.get(table, table)
    stay, rows, days = _staying(table, trial.valued), trial.rows.get(table, 0), facts.archives_after_days
    if days is None or stay is None:
        grown = size * factors.of(leader)
        return Outside(bytes=round(grown), all_rows=grown)
    full = case.tables.get(leader)
    if rows <= stay or full is None or not full.rows or days not in full.rows_kept:
        return None
    everything = size * rows / (rows - stay) * factors.of(leader)
    older = max(1 - full.rows_kept[days] / full.rows, 0.0)
    return Outside(bytes=round(everything * older), all_rows=everything)


def _staying(table: str, valued: Mapping[str, int]) -> int | None:
    """Rows of the table whose values stay in the database; None where none of its columns leaves by age."""
    return min((rows for name, rows in valued.items() if name.partition(".")[0] == table), default=None)
