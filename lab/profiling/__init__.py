"""What a real database weighs, seen without writing there: `profile` measures one, `from_case` reads one from a published case."""

from lab.profiling.document import has_workload, is_profile, load, text
from lab.profiling.published import load as from_case
from lab.profiling.survey import TARGET, profile

__all__ = ["TARGET", "from_case", "has_workload", "is_profile", "load", "profile", "text"]
