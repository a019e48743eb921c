"""What a strategy must keep to, whatever it saves: hard limits, each from the command line or from the case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, kw_only=True)
class Constraints:
    """The limits that a person states; what is None limits nothing."""

    target_bytes: int | None = None
    """The database must stay below it."""
    horizon_days: int | None = None
    """The target must still hold after so many days of growth; None: now."""
    keep_history: bool = False
    """Whether every row must stay."""
    keep: Mapping[str, int | None] = field(default_factory=dict)
    """Column, as 'table.column' or of every table that has it, to the newest days whose values must stay; None: all."""
    max_read: float | None = None
    """How many times as long as before a read of the application may take."""
    max_lock_seconds: float | None = None
    """How long a migration may keep anybody waiting."""

    def with_target(self, of_case: int | None) -> Constraints:
        """The same, with the target of the case where no other was stated."""
        return self if self.target_bytes is not None else replace(self, target_bytes=of_case)
