"""Chooses the odds database to imitate: a published case by its name, or the database of a profile."""

from __future__ import annotations

from pathlib import Path

from data_gen import case_file, case_names, load_case, published
from data_gen.calibration import calibrated
from data_gen.case import read_case
from data_gen.workload import Odds
from lab import files, profiling
from lab.errors import InputError
from lab.values import Note, Profile


def resolve(case: str | None, profile: Path | None) -> Odds:
    """The workload of that case or profile; of the newest published case where neither is named.

    The file is a profile or a case. A case with a workload, such as the case.json of a run, is used as it is. A case
    with published facts only is calibrated like a profile.
    Errors: `InputError` where both are named, there is no such case, or the file is no profile of an odds database.
    """
    if profile is None:
        name = case or case_names()[-1]
        return Odds(profile=published.load(case_file(name)), case=load_case(name))
    if case is not None:
        raise InputError("--case and --profile both say what to imitate.", hint="Leave one of them out.")
    if profiling.is_profile(profile):
        return _calibrated(profiling.load(profile))
    if not profiling.has_workload(profile):
        return _calibrated(published.load(profile))
    whole = Note(
        parameter="workload",
        value=profile.name,
        source="profile",
        words=f"Everything, because {profile.name} holds the workload of its case.",
    )
    return Odds(profile=published.load(profile), case=read_case(files.read(profile), str(profile)), notes=(whole,))


def _calibrated(profile: Profile) -> Odds:
    calibration = calibrated(profile)
    return Odds(profile=profile, case=calibration.case, notes=calibration.notes)
