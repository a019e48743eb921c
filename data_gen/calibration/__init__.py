"""Makes a case from a profile: the generator's parameters, and notes on which of them had to be assumed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from data_gen.calibration.facts import Facts
from data_gen.calibration.figures import figures, published
from data_gen.calibration.notes import Notes
from data_gen.calibration.workload import imitating
from data_gen.case import Case, case_names, load_case
from lab.values import Note, Profile

__all__ = ["Calibration", "calibrated"]

_PREFIX = "profile-"


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """A case that was made from a profile."""

    case: Case
    notes: tuple[Note, ...]
    """Where each parameter comes from; empty of a published case."""

    @property
    def taken(self) -> tuple[str, ...]:
        """A sentence for each parameter that the profile gave, with its value."""
        return tuple(note.words for note in self.notes if note.source == "profile")

    @property
    def assumed(self) -> tuple[str, ...]:
        """A sentence for each parameter that the profile did not give, with the assumed value."""
        return tuple(note.words for note in self.notes if note.source == "assumed")


def calibrated(profile: Profile, base: Case | None = None) -> Calibration:
    """The case that makes the generator imitate a profiled database. Takes seconds, because it generates events.

    `base` gives the values that the profile does not; it is the newest published case by default.
    Errors: `InputError` where it is not an odds database, naming the tables that are missing or empty.
    """
    base = base or load_case(case_names()[-1])
    facts, notes = Facts(profile), Notes(base.case)
    facts.check()
    case = imitating(facts, base, notes).model_copy(
        update={
            "case": _PREFIX + re.sub(r"[^\w.-]+", "-", profile.name).removeprefix(_PREFIX),
            "about": f"Made from the profile of {profile.name}; values that it does not give are those of {base.case}.",
            "profiled_at": datetime.fromisoformat(profile.now),
            "published": published(facts),
            "figures": tuple(figures(facts)),
        }
    )
    # What comes from the profile goes first.
    ordered = sorted(notes.items, key=lambda note: note.source != "profile")
    return Calibration(case=Case.model_validate(case.model_dump()), notes=tuple(ordered))
