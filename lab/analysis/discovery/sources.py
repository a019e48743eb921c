"""Where each number comes from, and the command that makes it again."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from lab.analysis.discovery.values import Source
from lab.usage.values import Usage
from lab.values import Experiment, Profile


def of_profile(profile: Profile, path: str, digest: str) -> Source:
    """The file of a profile or of a published case; `digest` is its SHA-256."""
    measured = profile.source == "measured"
    again = f"lab profile DSN -o {shlex.quote(path)}" if measured else f"lab profile --case {shlex.quote(profile.name)}"
    return Source(what=f"profile, {profile.source}", path=path, digest=digest, date=profile.taken, command=again)


def of_run(experiment: Experiment, path: str, digest: str, *, published: bool) -> Source:
    """The experiment of a run; `digest` is the SHA-256 of its file, `published` whether its case comes with the lab."""
    imitates = f"--case {experiment.case.case}" if published else "--profile FILE"
    return Source(what="run", path=path, digest=digest, date=experiment.started, command=_run(experiment, imitates))


def _run(experiment: Experiment, imitates: str) -> str:
    spec, size = experiment.plan.dataset, experiment.plan.size_bytes
    text = f"{size >> 20}MB" if size % (1 << 20) == 0 else str(size)
    names = dict.fromkeys(trial.scenario for trial in experiment.plan.trials if trial.scenario != "baseline")
    chosen = " ".join(f"-s {name}" for name in names)
    return f"lab run {imitates} --size {text} --seed {spec.seed} --change-rate {spec.change_rate:g} {chosen}"


def of_usage(usage: Usage, paths: Sequence[str]) -> Source:
    """The source trees that were looked through for one column."""
    tables = " ".join(f"--table {table}" for table in usage.tables)
    return Source(
        what=f"sources, {sum(usage.files.values()):,} files",
        path=", ".join(paths),
        digest=None,
        date=None,
        command=f"lab usage {shlex.join(paths)} --column {usage.column} {tables}",
    )
