"""A thin database of odds: the newest case with a quarter of the cycles, on six of its days.

It has all that a strategy meets (events that are over for a week and events still to come, days of each age, rows of all
platforms), in a fifth of the bytes of the smallest database of the case itself. Tests whose promise is about
a strategy or a run use it; tests whose promise is about the published figures do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from data_gen import Case, Dataset, load_case, published, workload
from data_gen.case import CYCLE, Session
from data_gen.workload import Odds
from tests.support import CASES

_NEWEST = "2026-02-17"
_DAYS = (2, 3, 6, 7, 12, 13)
_FEWER = 4
_NARROWER = 3
_SIDES = ("home", "competitor", "competitor_only")

BYTES = 2 << 20
"""Three events."""


def thin_case() -> Case:
    """The case, which keeps the first and the last moment of the one that it is made from."""
    case = load_case(_NEWEST)
    few_days = tuple(session for session in case.workload.sessions if session.start.day in _DAYS)
    fewer = {f"{side}_rows": getattr(case.workload, f"{side}_rows") / _NARROWER for side in _SIDES}
    return thinned(case.updated({"sessions": few_days, **fewer})).model_copy(update={"case": "thin"})


def thinned(case: Case, times: int = _FEWER) -> Case:
    """The case with so many times fewer cycles: it has as many more events in the same bytes, of documents as wide."""
    return case.updated({"sessions": tuple(_thinned(session, times) for session in case.workload.sessions)})


def thin_odds() -> Odds:
    """The same as the workload of a run in this process."""
    return Odds(profile=published.load(CASES / f"{_NEWEST}.json"), case=thin_case())


def thin_dataset() -> Dataset:
    return Dataset.plan(thin_case(), size_bytes=BYTES, seed=1)


def thin_run(folder: Path, *, write_seconds: float = 0) -> tuple[str, ...]:
    """The options of `lab run` that imitate it; the case is written into the folder. No read is timed."""
    file = folder / "thin.json"
    file.write_text(thin_case().text, encoding="utf-8")
    measured = ("--read-seconds", "0", "--write-seconds", f"{write_seconds:g}")
    return "--profile", str(file), "--size", f"{BYTES >> 20}MB", *measured


@contextmanager
def some_rates() -> Iterator[None]:
    """Of the other rates at which a run in this process tries scenarios, only the highest: each needs datasets of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workload, "RATES", workload.RATES[-1:])
        patch.setattr(workload, "CHURNS", workload.CHURNS[-1:])
        yield


def _thinned(session: Session, times: int) -> Session:
    """The last cycles of the session."""
    cycles = -(-session.cycles // times)
    return session.model_copy(update={"cycles": cycles, "start": session.start + (session.cycles - cycles) * CYCLE})
