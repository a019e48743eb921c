"""Where the numbers come from, and the commands that reproduce them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from lab.discovery.values import Provenance
from lab.usage.values import Usage
from lab.values import BASELINE, Constraints, Experiment, Profile

_SERVERS = {"external": "DSN"}


def of_profile(profile: Profile, path: str, digest: str) -> Provenance:
    """The file of a profile or of a published case; `digest` is its SHA-256."""
    measured = profile.source == "measured"
    bytes_allowed = profile.forecast.target_bytes
    target = "" if bytes_allowed is None else f" --target {_size(bytes_allowed)}"
    origin = f"DSN -o {shlex.quote(path)}" if measured else f"--case {shlex.quote(profile.name)}"
    again = f"lab profile {origin}{target}"
    return Provenance(what=f"profile, {profile.source}", path=path, digest=digest, date=profile.taken, command=again)


def of_run(experiment: Experiment, path: str, digest: str, *, case_file: str | None) -> Provenance:
    """The experiment of a run; `digest` is the SHA-256 of its file, `case_file` its case unless that is a published one."""
    imitates = f"--profile {shlex.quote(case_file)}" if case_file else f"--case {experiment.plan.dataset.case}"
    return Provenance(what="run", path=path, digest=digest, date=experiment.started, command=_run(experiment, imitates))


def _run(experiment: Experiment, imitates: str) -> str:
    spec, size = experiment.plan.dataset, _size(experiment.plan.size_bytes)
    names = dict.fromkeys(trial.scenario for trial in experiment.plan.trials if trial.scenario != BASELINE)
    scenarios = " ".join(f"-s {shlex.quote(name)}" for name in names)
    kinds = sorted({trial.server for trial in experiment.plan.trials if trial.server})
    server = f" --server {_SERVERS.get(kinds[0], kinds[0])}" if len(kinds) == 1 else ""
    parameters = "".join(f" --{name.replace(' ', '-')} {value:g}" for name, value in spec.parameters.items())
    limits = "".join(f" {limit}" for limit in _limits(experiment.plan.constraints))
    return f"lab run {imitates}{server} --size {size} --seed {spec.seed}{parameters}{limits} {scenarios}"


def _limits(constraints: Constraints) -> Iterator[str]:
    """The constraints as arguments of the command line."""
    if constraints.target_bytes is not None:
        yield f"--target {_size(constraints.target_bytes)}"
    if constraints.horizon_days is not None:
        yield f"--horizon {constraints.horizon_days}d"
    if constraints.keep_history:
        yield "--keep-history"
    for column, days in constraints.keep.items():
        yield f"--keep {shlex.quote(column)}{'' if days is None else f':{days}d'}"
    if constraints.max_read is not None:
        yield f"--max-read {constraints.max_read:g}x"
    if constraints.max_lock_seconds is not None:
        yield f"--max-lock {constraints.max_lock_seconds:g}s"


def _size(count: int) -> str:
    """As an argument of the command line."""
    return f"{count >> 20}MB" if count % (1 << 20) == 0 else str(count)


def of_usage(usage: Usage, paths: Sequence[str]) -> Provenance:
    """The source trees that were searched for a column."""
    tables = " ".join(f"--table {table}" for table in usage.tables)
    return Provenance(
        what=f"sources, {sum(usage.files.values()):,} files",
        path=", ".join(paths),
        digest=None,
        date=None,
        command=f"lab usage {shlex.join(paths)} --column {usage.column} {tables}",
    )
