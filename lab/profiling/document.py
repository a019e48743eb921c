"""profile.json: written and read as a whole."""

from __future__ import annotations

from pathlib import Path

from lab import files
from lab.profiling.survey import FORMAT
from lab.values import Profile

AGAIN = "`lab profile`"


def text(profile: Profile) -> str:
    """The profile as JSON, as it is stored and as a program reads it; no connection string is in it."""
    return files.to_json(Profile, profile)


def load(path: Path) -> Profile:
    """Read a profile; errors as `lab.files.load`."""
    return files.load(Profile, path, expected=FORMAT, again=AGAIN)


def is_profile(path: Path) -> bool:
    """Whether the file is a profile, and not the file of a case; errors as `lab.files.read_json`."""
    return "format" in files.read_json(path, again=AGAIN)


def has_workload(path: Path) -> bool:
    """Whether the file is a case with the workload that imitates it, and not only what was published; errors alike."""
    return "workload" in files.read_json(path, again=AGAIN)
