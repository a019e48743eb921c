"""What a real database weighs, seen without writing there: `profile` measures one, `published` reads one from a case."""

from lab.profiling.survey import profile

__all__ = ["profile"]
