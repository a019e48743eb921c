"""What a run keeps of the search that chose its scenarios."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, kw_only=True)
class CombinationForecast:
    """What a search had forecast of a combination, and what it then measured on a small sample; bytes at full size."""

    scenario: str
    forecast_bytes: float
    measured_bytes: float

    @property
    def off_percent(self) -> float:
        """How far the forecast was off."""
        return 100 * (self.forecast_bytes / self.measured_bytes - 1)


class SearchEnding(StrEnum):
    """Why a search ended."""

    NOTHING_LEFT = "nothing left"
    """No other combination promised an improvement."""
    BUDGET = "budget"
    """What promised one would have taken what the run at the asked size needs of the budget."""


@dataclass(frozen=True, kw_only=True)
class SearchRecord:
    """How far a search came."""

    sample_bytes: int
    """The size of the sample on which it searched."""
    candidates: int
    """Combinations that could have been measured, with the baseline and each part alone."""
    measured: int
    """The ones that were."""
    ending: SearchEnding
    left_out: int
    """The ones that still promised an improvement, and would have taken too long; 0 unless the budget ended the search."""
