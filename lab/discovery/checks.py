"""The checklist: each item is ticked by the evidence that it finds, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from lab.analysis.drivers import data_per_index, drivers
from lab.discovery.inputs import RUN, DiscoveryInputs
from lab.discovery.values import Check
from lab.units import bytes_text, counted
from lab.usage.values import Reading
from lab.values import Profile, TableProfile, Verdict

_PROFILE = "`lab profile DSN`"
_RUN = f"{RUN}, then --run here"
_TOP = 3

Evidence = Callable[[DiscoveryInputs], str | None]
"""What proves an item, None where nothing does."""


class Item(NamedTuple):
    """One item before it is looked at."""

    name: str
    evidence: Evidence
    otherwise: str


def checks(inputs: DiscoveryInputs) -> tuple[Check, ...]:
    """Every item of the list."""
    return tuple(Check(name=item.name, evidence=item.evidence(inputs), otherwise=item.otherwise) for item in ITEMS)


def _every_table(profile: Profile, seen: Callable[[TableProfile], object], what: str) -> str | None:
    """Proven only where it is known of each table."""
    known = sum(seen(table) is not None for table in profile.tables)
    return f"{what} of all {known} tables in the profile." if known and known == len(profile.tables) else None


def _whole_profile(inputs: DiscoveryInputs) -> str | None:
    return None if inputs.profile.missing else "It lists no gap."


def _sizes(inputs: DiscoveryInputs) -> str | None:
    return _every_table(inputs.profile, lambda table: table.total_bytes, "Sizes")


def _rows(inputs: DiscoveryInputs) -> str | None:
    return _every_table(inputs.profile, lambda table: table.rows, "Rows")


def _json(inputs: DiscoveryInputs) -> str | None:
    names = [f"{table.table}.{column.name}" for table, column in inputs.columns()]
    return f"{len(names)} columns: {', '.join(names)}." if names else None


def _per_index(inputs: DiscoveryInputs) -> str | None:
    ratio = data_per_index(inputs.profile)
    return None if ratio is None else f"{ratio:.1f}."


def _index_use(inputs: DiscoveryInputs) -> str | None:
    scans = [index.scans for table in inputs.profile.tables for index in table.indexes]
    return f"{len(scans)} indexes with their scans." if scans and None not in scans else None


def _growth(inputs: DiscoveryInputs) -> str | None:
    pace = inputs.profile.bytes_per_day
    return None if pace is None else f"{bytes_text(pace)} a day."


def _ages(inputs: DiscoveryInputs) -> str | None:
    names = {name for series in inputs.profile.series for name in (series.snapshots, series.markets)}
    aged = {table.table for table in inputs.profile.tables if table.retention}
    return f"Of {', '.join(sorted(names))}." if names and names <= aged else None


def _drivers(inputs: DiscoveryInputs) -> str | None:
    top = drivers(inputs.profile)[:_TOP]
    return None if any(driver.kind == "data" for driver in top) else f"{', '.join(driver.name for driver in top)}."


def _duplicates(inputs: DiscoveryInputs) -> str | None:
    pairs = {series.snapshots: series.pairs for series in inputs.profile.series}
    return f"{sum(pairs.values()):,} pairs of snapshots compared." if any(pairs.values()) else None


def _toast(inputs: DiscoveryInputs) -> str | None:
    names = [column.name for _, column in inputs.columns() if column.ratio is not None]
    return f"Stored and raw bytes of {', '.join(dict.fromkeys(names))}." if names else None


def _sources(inputs: DiscoveryInputs) -> str | None:
    usage = inputs.payload_usage
    if usage is None or usage.reading is Reading.UNKNOWN:
        return None
    return f"{len(usage.hits):,} places in {sum(usage.files.values()):,} files."


def _measured(inputs: DiscoveryInputs) -> str | None:
    return (
        f"{counted(len(inputs.strategies), 'strategy', 'strategies')} in {inputs.experiment.run}."
        if inputs.experiment and inputs.strategies
        else None
    )


def _right(inputs: DiscoveryInputs) -> str | None:
    if inputs.results is None:
        return None
    verdicts = [row.verdict for row in inputs.results.trials if row.verdict]
    fine = inputs.results.checks and Verdict.DIFFERS not in verdicts
    return (
        f"{inputs.results.checks} answers of {len(verdicts)} trials, none differs from what was declared."
        if fine
        else None
    )


def _noise(inputs: DiscoveryInputs) -> str | None:
    floors = inputs.results.noise if inputs.results else {}
    return f"{', '.join(f'{server} {floor:.2f} %' for server, floor in floors.items())}." if floors else None


def _whole_run(inputs: DiscoveryInputs) -> str | None:
    run = inputs.results
    whole = run and run.experiment.finished and not run.broken
    return f"Finished {run.experiment.finished}; nothing broke." if run and whole else None


def _same(inputs: DiscoveryInputs) -> str | None:
    if inputs.experiment is None or inputs.is_other_database:
        return None
    return f"Both are of {inputs.profile.name} with {bytes_text(inputs.profile.database_bytes)}."


def _target(inputs: DiscoveryInputs) -> str | None:
    chosen, target = inputs.chosen, inputs.profile.forecast.target_bytes
    if chosen is None or inputs.is_other_database or chosen.expected.most >= target:
        return None
    return f"`{chosen.name}`: at most {bytes_text(chosen.expected.most)} at full size, under {bytes_text(target)}."


def _required(inputs: DiscoveryInputs) -> str | None:
    check = inputs.checked
    if check is None or not check.holds:
        return None
    return f"All {len(check.requirements)} hold in {check.database} ({check.taken})."


def _dependants(inputs: DiscoveryInputs) -> str | None:
    hanging = inputs.dependants
    return None if hanging is None else f"{counted(len(hanging), 'object or setting', 'objects and settings')}."


def _error(inputs: DiscoveryInputs) -> str | None:
    interval = inputs.chosen.expected.interval if inputs.chosen and not inputs.is_other_database else None
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
        "What depends on the tables is known",
        _dependants,
        "The profile does not tell views, grants and triggers; `lab profile DSN` reads them.",
    ),
    Item(
        "The application's sources were looked through",
        _sources,
        "Not given, or they do not name it; --usage SRC here.",
    ),
    Item("Strategies are measured", _measured, f"{_RUN}."),
    Item("Answers of all trials are right on the imitation", _right, f"Not measured, or answers differ; {_RUN}."),
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
        "The requirements of the recommended strategy hold in the database",
        _required,
        "Not asked, or not all hold: `lab check DSN --strategy NAME -o check.json`, then --check here.",
    ),
    Item(
        "The projection states its error",
        _error,
        "Nothing is recommended for this database, or it was measured at one size only.",
    ),
)
