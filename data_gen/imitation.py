"""Which database is imitated: a published case by its name, or the one behind a profile."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from data_gen import Case, case_file, case_names, load_case, published
from data_gen.calibration import Calibration, calibrated
from data_gen.case import read_case
from lab import files, profiling
from lab.errors import InputError
from lab.values import Note, Profile


@dataclass(frozen=True, kw_only=True)
class Imitated:
    """A database to imitate: what is known of it, and the case that imitates it."""

    profile: Profile
    calibration: Calibration
    """Without notes where the case is a published one."""

    @property
    def case(self) -> Case:
        """The case that imitates it."""
        return self.calibration.case

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was taken from the profile and what was assumed; empty for a published case."""
        return self.calibration.notes


def chosen(case: str | None, profile: Path | None) -> Imitated:
    """The database of that case or profile; the newest published case where neither is named.

    The file is a profile, or a case: one that holds a workload is taken as it is, such as the case.json of a run; facts
    alone are calibrated like a profile.
    Errors: `InputError` where both are named, there is no such case, or the file is no profile of an odds database.
    """
    if profile is None:
        return _published(case or case_names()[-1])
    if case is not None:
        raise InputError("--case and --profile both say what to imitate.", hint="Leave one of them out.")
    if profiling.is_profile(profile):
        found = profiling.load(profile)
        return Imitated(profile=found, calibration=calibrated(found))
    found = published.load(profile)
    if not profiling.has_workload(profile):
        return Imitated(profile=found, calibration=calibrated(found))
    own = read_case(files.read(profile), str(profile))
    whole = Note(
        parameter="workload",
        value=profile.name,
        source="profile",
        words=f"Everything, because {profile.name} holds the workload of its case.",
    )
    return Imitated(profile=found, calibration=Calibration(case=own, notes=(whole,)))


def _published(name: str) -> Imitated:
    calibration = Calibration(case=load_case(name), notes=())
    return Imitated(profile=published.load(case_file(name)), calibration=calibration)
