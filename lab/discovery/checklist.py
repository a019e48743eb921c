"""The checklist: only evidence ticks an item."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from lab.analysis.drivers import data_per_index, drivers
from lab.discovery.inputs import RUN, DiscoveryInputs
from lab.discovery.migration import execution, unknown_steps
from lab.discovery.values import ChecklistItem
from lab.units import bytes_text, counted
from lab.usage.values import Reading
from lab.values import Profile, TableProfile, Verdict

_PROFILE = "`lab profile DSN`"
_RUN = f"Measure with {RUN}, then pass --run"
_TOP = 3

Evidence = Callable[[DiscoveryInputs], str | None]
"""Returns what proves an item, None if nothing does."""


class _Rule(NamedTuple):
    """How one item is checked."""

    name: str
    evidence: Evidence
    otherwise: str
    imitated: bool = False
    """Whether it is about what the lab imitates, and about no other database."""


def checklist(inputs: DiscoveryInputs) -> tuple[ChecklistItem, ...]:
    """Every item that the database can have, in the order of the document."""
    return tuple(
        ChecklistItem(name=rule.name, evidence=rule.evidence(inputs), otherwise=rule.otherwise)
        for rule in _RULES
        if not (rule.imitated and inputs.limits)
    )


def _every_table(profile: Profile, figure: Callable[[TableProfile], object], what: str) -> str | None:
    """Evidence only if the figure of every table is known."""
    count = sum(figure(table) is not None for table in profile.tables)
    return f"{what} of all {count} tables in the profile." if count and count == len(profile.tables) else None


def _complete_profile(inputs: DiscoveryInputs) -> str | None:
    return None if inputs.profile.missing else "It lists no gap."


def _sizes(inputs: DiscoveryInputs) -> str | None:
    return _every_table(inputs.profile, lambda table: table.total_bytes, "Sizes")


def _rows(inputs: DiscoveryInputs) -> str | None:
    return _every_table(inputs.profile, lambda table: table.rows, "Rows")


def _json(inputs: DiscoveryInputs) -> str | None:
    names = [f"{table.table}.{column.name}" for table, column in inputs.columns()]
    return f"{counted(len(names), 'column')}: {', '.join(names)}." if names else None


def _per_index(inputs: DiscoveryInputs) -> str | None:
    ratio = data_per_index(inputs.profile)
    return None if ratio is None else f"{ratio:.1f}."


def _index_use(inputs: DiscoveryInputs) -> str | None:
    scans = [index.scans for table in inputs.profile.tables for index in table.indexes]
    return f"{counted(len(scans), 'index', 'indexes')} with their scans." if scans and None not in scans else None


def _growth(inputs: DiscoveryInputs) -> str | None:
    pace = inputs.profile.bytes_per_day
    return None if pace is None else f"{bytes_text(pace)} a day."


def _ages(inputs: DiscoveryInputs) -> str | None:
    names = {name for series in inputs.profile.series for name in (series.snapshots, series.markets)}
    dated = {table.table for table in inputs.profile.tables if table.retention}
    return f"{', '.join(sorted(names))}." if names and names <= dated else None


def _drivers(inputs: DiscoveryInputs) -> str | None:
    top = drivers(inputs.profile)[:_TOP]
    return None if any(driver.kind == "data" for driver in top) else f"{', '.join(driver.name for driver in top)}."


def _duplicates(inputs: DiscoveryInputs) -> str | None:
    pairs = {series.snapshots: series.pairs for series in inputs.profile.series}
    return f"{counted(sum(pairs.values()), 'pair')} of snapshots were compared." if any(pairs.values()) else None


def _toast(inputs: DiscoveryInputs) -> str | None:
    names = [column.name for _, column in inputs.columns() if column.ratio is not None]
    return f"Stored and raw bytes of {', '.join(dict.fromkeys(names))}." if names else None


def _sources(inputs: DiscoveryInputs) -> str | None:
    usage = inputs.payload_usage
    if usage is None or usage.reading is Reading.UNKNOWN:
        return None
    return f"{counted(len(usage.hits), 'place')} in {counted(sum(usage.files.values()), 'file')}."


def _measured(inputs: DiscoveryInputs) -> str | None:
    if inputs.experiment is None or not inputs.strategies:
        return None
    return f"{counted(len(inputs.strategies), 'strategy', 'strategies')} in {inputs.experiment.run}."


def _right(inputs: DiscoveryInputs) -> str | None:
    if inputs.results is None:
        return None
    verdicts = [row.verdict for row in inputs.results.trials if row.verdict]
    if not inputs.results.checks or Verdict.DIFFERS in verdicts:
        return None
    return f"{inputs.results.checks} answers of {counted(len(verdicts), 'trial')} were compared."


def _noise(inputs: DiscoveryInputs) -> str | None:
    floors = inputs.results.noise if inputs.results else {}
    return f"{', '.join(f'{server} {floor:.2f} %' for server, floor in floors.items())}." if floors else None


def _complete_run(inputs: DiscoveryInputs) -> str | None:
    run = inputs.results
    complete = run and run.experiment.finished and not run.broken
    return f"It finished at {run.experiment.finished}, and nothing broke." if run and complete else None


def _same(inputs: DiscoveryInputs) -> str | None:
    if inputs.experiment is None or inputs.is_other_database:
        return None
    return f"Both describe {inputs.profile.name} with {bytes_text(inputs.profile.database_bytes)}."


def _target(inputs: DiscoveryInputs) -> str | None:
    strategy, target = inputs.recommended, inputs.profile.forecast.target_bytes
    if strategy is None or target is None or inputs.is_other_database or strategy.expected.most >= target:
        return None
    return f"`{strategy.name}`: at most {bytes_text(strategy.expected.most)} at full size, under {bytes_text(target)}."


def _requirements(inputs: DiscoveryInputs) -> str | None:
    check = inputs.applicable_check
    if check is None or not check.holds:
        return None
    return f"All {len(check.requirements)} hold in {check.database} ({check.taken})."


def _dependants(inputs: DiscoveryInputs) -> str | None:
    dependants = inputs.dependants
    if dependants is None:
        return None
    return f"{counted(len(dependants), 'object or setting', 'objects and settings')}."


def _whole(inputs: DiscoveryInputs) -> str | None:
    strategy = inputs.recommended
    if strategy is None or not inputs.files or unknown_steps(inputs, strategy):
        return None
    return f"{execution(inputs, '101', '103')}."


def _error(inputs: DiscoveryInputs) -> str | None:
    strategy = inputs.recommended
    interval = strategy.expected.interval if strategy and not inputs.is_other_database else None
    return None if interval is None else f"Between {bytes_text(interval[0])} and {bytes_text(interval[1])}."


_RULES = (
    _Rule(
        "The profile is complete", _complete_profile, f"It lists gaps under Profiling Results. {_PROFILE} reads more."
    ),
    _Rule("The size of every table is known", _sizes, f"{_PROFILE} measures all."),
    _Rule("The rows of every table are known", _rows, f"{_PROFILE} estimates them, and counts them with --exact."),
    _Rule("The sizes of JSON columns are known", _json, f"The profile has no JSON column. {_PROFILE} measures them."),
    _Rule(
        "Data ÷ indexes is known", _per_index, f"Some tables lack the bytes of their indexes. {_PROFILE} reads them."
    ),
    _Rule("The use of indexes is known", _index_use, f"The profile has no index scans. {_PROFILE} reads them."),
    _Rule(
        "The growth per day is known", _growth, f"The profile states none. {_PROFILE} derives it from the rows' ages."
    ),
    _Rule(
        "The ages of snapshots and market rows are known",
        _ages,
        f"The profile lacks some. {_PROFILE} reads them.",
        imitated=True,
    ),
    _Rule(
        "The top drivers are columns or indexes",
        _drivers,
        f"A driver is not divided into columns. {_PROFILE} divides it.",
    ),
    _Rule(
        "Snapshots were compared for duplicates",
        _duplicates,
        f"None was compared. {_PROFILE} compares a sample.",
        imitated=True,
    ),
    _Rule(
        "The stored and raw bytes of JSON are known",
        _toast,
        f"The raw bytes are unknown. {_PROFILE} samples documents.",
    ),
    _Rule(
        "The objects that depend on the tables are known",
        _dependants,
        f"The profile lacks views, grants and triggers. {_PROFILE} reads them.",
    ),
    _Rule(
        "The application's sources were searched",
        _sources,
        "No sources were given, or they do not mention the column. Pass --usage SRC.",
    ),
    _Rule("Strategies were measured", _measured, f"{_RUN}.", imitated=True),
    _Rule(
        "All answers on the generated workload are as declared",
        _right,
        f"Nothing was measured, or answers differ. {_RUN}.",
        imitated=True,
    ),
    _Rule("The noise floor is known", _noise, f"This needs two baselines. {_RUN}.", imitated=True),
    _Rule(
        "The run is complete",
        _complete_run,
        f"There is no run, or it was interrupted, or a trial broke. {_RUN}.",
        imitated=True,
    ),
    _Rule(
        "Profile and run describe the same database",
        _same,
        "There is no run, or it imitates another database and so do its savings.",
        imitated=True,
    ),
    _Rule(
        "The recommended strategy fits the target",
        _target,
        f"No target is set, no strategy is recommended for this database, or it may exceed the target. {_RUN}.",
        imitated=True,
    ),
    _Rule(
        "The database meets the requirements of the recommended strategy",
        _requirements,
        "They were not checked, or some do not hold. Run `lab check DSN --strategy NAME -o check.json`, then pass"
        " --check check.json.",
        imitated=True,
    ),
    _Rule(
        "The files carry out the whole recommended strategy",
        _whole,
        "No strategy is recommended for this database, or another lab measured it, and this one has no program for what a client"
        f" must do. {_RUN}.",
        imitated=True,
    ),
    _Rule(
        "The projection states its error",
        _error,
        "No strategy is recommended for this database, or it was measured at one size only.",
        imitated=True,
    ),
)
