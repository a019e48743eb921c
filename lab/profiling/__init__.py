"""Profiles a real database: its sizes, growth and repetition, without writing to it."""

from lab.profiling.document import has_workload, is_profile, load, text
from lab.profiling.survey import profile
from lab.profiling.time.growth import with_target

__all__ = ["has_workload", "is_profile", "load", "profile", "text", "with_target"]
