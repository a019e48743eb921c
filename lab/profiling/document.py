"""Reads and writes profile.json."""

from __future__ import annotations

from pathlib import Path

from lab import files
from lab.profiling.migration import from_format_1
from lab.profiling.survey import FORMAT
from lab.values import Profile

AGAIN = "`lab profile`"


def text(profile: Profile) -> str:
    """The profile as JSON; it contains no connection string."""
    return files.to_json(Profile, profile)


def load(path: Path) -> Profile:
    """Read a profile; errors as `lab.files.load`."""
    return files.load(Profile, path, expected=FORMAT, again=AGAIN, older={1: from_format_1})


def is_profile(path: Path) -> bool:
    """Whether the file is a profile rather than a case; errors as `lab.files.read_json`."""
    return "format" in files.read_json(path, again=AGAIN)


def has_workload(path: Path) -> bool:
    """Whether the file is a case with a workload, not only with published facts; errors as `lab.files.read_json`."""
    return "workload" in files.read_json(path, again=AGAIN)
