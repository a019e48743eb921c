"""The checklist: each item is ticked by the evidence that it finds, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from lab.analysis.drivers import data_per_index, drivers
from lab.discovery.known import RUN, Known
from lab.discovery.values import Check
from lab.units import bytes_text, counted
from lab.usage.values import Reading
from lab.values import Profile, TableProfile, Verdict

_PROFILE = "`lab profile DSN`"
_RUN = f"{RUN}, then --run here"
_TOP = 3

Evidence = Callable[[Known], str | None]
"""What proves an item, None where nothing does."""


class Item(NamedTuple):
    """One item before it is looked at."""

    name: str
    evidence: Evidence
    otherwise: str


def checks(known: Known) -> tuple[Check, ...]:
    """Every item of the list."""
    return tuple(Check(name=one.name, evidence=one.evidence(known), otherwise=one.otherwise) for one in ITEMS)


def _every_table(profile: Profile, seen: Callable[[TableProfile], object], what: str) -> str | None:
    """Proven only where it is known of each table."""
    known = sum(seen(table) is not None for table in profile.tables)
    return f"{what} of all {known} tables in the profile." if known and known == len(profile.tables) else None


def _whole_profile(known: Known) -> str | None:
    return None if known.profile.missing else "It lists no gap."


def _sizes(known: Known) -> str | None:
    return _every_table(known.profile, lambda table: table.total_bytes, "Sizes")


def _rows(known: Known) -> str | None:
    return _every_table(known.profile, lambda table: table.rows, "Rows")


def _json(known: Known) -> str | None:
    names = [f"{table.table}.{column.name}" for table, column in known.columns()]
    return f"{len(names)} columns: {', '.join(names)}." if names else None


def _per_index(known: Known) -> str | None:
    ratio = data_per_index(known.profile)
    return None if ratio is None else f"{ratio:.1f}."


def _index_use(known: Known) -> str | None:
    scans = [index.scans for table in known.profile.tables for index in table.indexes]
    return f"{len(scans)} indexes with their scans." if scans and None not in scans else None


def _growth(known: Known) -> str | None:
    pace = known.profile.bytes_per_day
    return None if pace is None else f"{bytes_text(pace)} a day."


def _ages(known: Known) -> str | None:
    names = {name for one in known.profile.series for name in (one.snapshots, one.markets)}
    aged = {table.table for table in known.profile.tables if table.retention}
    return f"Of {', '.join(sorted(names))}." if names and names <= aged else None


def _drivers(known: Known) -> str | None:
    top = drivers(known.profile)[:_TOP]
    return None if any(one.kind == "data" for one in top) else f"{', '.join(one.name for one in top)}."


def _duplicates(known: Known) -> str | None:
    pairs = {one.snapshots: one.pairs for one in known.profile.series}
    return f"{sum(pairs.values()):,} pairs of snapshots compared." if any(pairs.values()) else None


def _toast(known: Known) -> str | None:
    names = [column.name for _, column in known.columns() if column.ratio is not None]
    return f"Stored and raw bytes of {', '.join(dict.fromkeys(names))}." if names else None


def _sources(known: Known) -> str | None:
    usage = known.payload_usage
    if usage is None or usage.reading is Reading.UNKNOWN:
        return None
    return f"{len(usage.hits):,} places in {sum(usage.files.values()):,} files."


def _measured(known: Known) -> str | None:
    return (
        f"{counted(len(known.strategies), 'strategy', 'strategies')} in {known.experiment.run}."
        if known.experiment and known.strategies
        else None
    )


def _right(known: Known) -> str | None:
    if known.results is None:
        return None
    verdicts = [row.verdict for row in known.results.trials if row.verdict]
    fine = known.results.checks and Verdict.DIFFERS not in verdicts
    return (
        f"{known.results.checks} answers of {len(verdicts)} trials, none differs from what was declared."
        if fine
        else None
    )


def _noise(known: Known) -> str | None:
    floors = known.results.noise if known.results else {}
    return f"{', '.join(f'{server} {floor:.2f} %' for server, floor in floors.items())}." if floors else None


def _whole_run(known: Known) -> str | None:
    run = known.results
    whole = run and run.experiment.finished and not run.broken
    return f"Finished {run.experiment.finished}; nothing broke." if run and whole else None


def _same(known: Known) -> str | None:
    if known.experiment is None or known.strangers:
        return None
    return f"Both are of {known.profile.name} with {bytes_text(known.profile.database_bytes)}."


def _target(known: Known) -> str | None:
    one, target = known.chosen, known.profile.forecast.target_bytes
    if one is None or known.strangers or one.expected.most >= target:
        return None
    return f"`{one.name}`: at most {bytes_text(one.expected.most)} at full size, under {bytes_text(target)}."


def _error(known: Known) -> str | None:
    interval = known.chosen.expected.interval if known.chosen and not known.strangers else None
    return None if interval is None else f"Between {bytes_text(interval[0])} and {bytes_text(interval[1])}."


ITEMS = (
    Item("The profile saw everything", _whole_profile, f"Its gaps are listed under Profiling Results; {_PROFILE}."),
    Item("Each table in the profile is weighed", _sizes, f"{_PROFILE} weighs all."),
    Item("Rows of each table are known", _rows, f"{_PROFILE} estimates them, or counts with --exact."),
    Item("JSON columns are weighed", _json, f"No JSON column is in the profile; {_PROFILE} weighs them."),
    Item("Data ÷ index is known", _per_index, f"Index bytes are not known of every table; {_PROFILE} reads them."),
    Item("Index use is known", _index_use, f"The profile has no scans by index; {_PROFILE} reads them."),
    Item("Growth a day is known", _growth, f"The profile states none; {_PROFILE} reads it from the rows' ages."),
    Item("Ages of snapshots and market rows are known", _ages, f"The profile lacks some; {_PROFILE} reads them."),
    Item(
        "The top drivers are named to the column or index",
        _drivers,
        f"A driver is not divided further; {_PROFILE} does that.",
    ),
    Item("Snapshots were compared for duplicates", _duplicates, f"None was; {_PROFILE} compares a sample."),
    Item("Stored and raw bytes of JSON are known", _toast, f"Raw bytes are not known; {_PROFILE} samples documents."),
    Item(
        "The application's sources were looked through",
        _sources,
        "Not given, or they do not name it; --usage SRC here.",
    ),
    Item("Strategies are measured", _measured, f"{_RUN}."),
    Item("Answers of all trials are right", _right, f"Not measured, or answers differ; {_RUN}."),
    Item("The noise floor is known", _noise, f"Two baselines are needed; {_RUN}."),
    Item("The run is whole", _whole_run, f"No run, an interrupted one, or something broke; {_RUN}."),
    Item(
        "Profile and run are of the same database",
        _same,
        "They are not, or there is no run: savings are of the run's case.",
    ),
    Item(
        "The recommended strategy fits the target",
        _target,
        f"Nothing is recommended for this database, or it does not; {_RUN}.",
    ),
    Item(
        "The projection states its error",
        _error,
        "Nothing is recommended for this database, or it was measured at one size only.",
    ),
)
