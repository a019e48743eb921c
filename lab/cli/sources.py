"""What commands read: the files about an existing database, and runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lab import paths
from lab.errors import InputError
from lab.values import Constraints

if TYPE_CHECKING:
    from lab.analysis.results import Results
    from lab.usage.values import Usage
    from lab.values import Profile


def profile_file(name: str) -> tuple[Path, str]:
    """The file of a profile or case, and what it is called in a document."""
    from data_gen import case_file, case_names

    if name in case_names():
        return case_file(name), f"data_gen/cases/{name}.json"
    path = Path(name)
    if paths.is_missing(path):
        raise InputError(
            f"There is neither a file nor a case {name}.",
            hint=f"Cases are {' and '.join(case_names())}. `lab profile DSN -o profile.json` writes a profile.",
        )
    return path, path.as_posix()


def case_file_or_path(name: str) -> Path:
    """The file of a published case, or the named file; `InputError` where there is neither."""
    from data_gen import case_file, case_names

    if name not in case_names() and not paths.is_missing(Path(name)):
        return Path(name)
    return case_file(name)


def load_profile(file: Path) -> Profile:
    """The profile in a profile.json or in the file of a case."""
    from data_gen import published
    from lab import profiling

    return profiling.load(file) if profiling.is_profile(file) else published.load(file)


def limits(profiled: Profile) -> str:
    """What the lab can and cannot do for a database that it cannot imitate, in words; empty for an odds database."""
    from data_gen.calibration.facts import Facts

    lacking = Facts(profiled).lacking
    if not lacking:
        return ""
    return (
        f"{profiled.name} is no odds database: {lacking[0].lower()}{lacking[1:]}. The lab weighs it (`lab profile`), says what is"
        " cheap to win (`lab discover`) and searches its application (`lab usage`). It measures no strategy on it: `lab run`"
        " and `lab fidelity` need a workload of your own."
    )


def usages(profiled: Profile, paths: Sequence[Path]) -> tuple[Usage, ...]:
    """How the sources use the payload column of the snapshots, and the JSON columns of the market rows."""
    if not paths:
        return ()
    from lab.discovery import DiscoveryInputs
    from lab.usage.search import look

    inputs = DiscoveryInputs(profile=profiled)
    snapshots = {series.snapshots for series in profiled.series}
    markets = {series.markets for series in profiled.series}
    columns = sorted({column.name for table, column in inputs.columns() if table.table in markets})
    return (*look(paths, [inputs.payload], sorted(snapshots)), *look(paths, columns, sorted(markets)))


def judged(run: Path, asked: Constraints) -> Results:
    """The run, judged by its own constraints where none were asked for, and by its own target where that was not."""
    from lab import runs
    from lab.analysis.results import analyse

    experiment = runs.load(run)
    if asked == Constraints():
        return analyse(experiment)
    own = experiment.constraints.target_bytes
    return analyse(experiment, asked if asked.target_bytes is not None else replace(asked, target_bytes=own))
