"""Which combinations keep the limits: those measured for certain, those forecast as far as a forecast can tell."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from lab.search.observation import Observation
from lab.values import Constraints

SLACK = 1.25
"""A forecast of reads or locks may be too high by that factor."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The constraints that numbers break; what a sample cannot show breaks none before the run has measured it."""

    constraints: Constraints = field(default_factory=Constraints)

    def satisfied_by(self, observation: Observation, slack: float = 1.0) -> bool:
        """Whether it keeps all, where reads and locks may be beyond theirs by the factor `slack`."""
        asked = self.constraints
        grown = (observation.growth or 0.0) * (asked.horizon_days or 0)
        limits = (
            (observation.bytes + grown, asked.target_bytes, 1.0),
            (observation.read, asked.max_read, slack),
            (observation.lock, asked.max_lock_seconds, slack),
        )
        return all(cost is None or most is None or cost <= most * times for cost, most, times in limits)

    def perhaps_satisfied_by(self, forecast: Observation) -> bool:
        """Whether a trial of it may keep all; otherwise it is certain enough that it breaks one."""
        return self.satisfied_by(forecast, SLACK)

    @property
    def without_target(self) -> Limits:
        """The same for any size."""
        return replace(self, constraints=replace(self.constraints, target_bytes=None))
