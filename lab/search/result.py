"""What a search leaves: values that reports read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from lab.search.observation import Axis, Observation
from lab.search.space import Combination
from lab.values import CombinationForecast, SearchEnding


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What was measured of a combination, beside what had been forecast."""

    measured: Observation
    forecast: Observation

    @property
    def recorded(self) -> CombinationForecast:
        """What a run that follows the search keeps of it."""
        return CombinationForecast(
            scenario=self.measured.name, forecast_bytes=self.forecast.bytes, measured_bytes=self.measured.bytes
        )

    @property
    def percent(self) -> float:
        """How far the forecast of the bytes was off."""
        return self.recorded.off_percent

    @property
    def read_percent(self) -> float | None:
        """How far the forecast of the worst read was off; None where it was not measured."""
        forecast, measured = self.forecast.read, self.measured.read
        return 100 * (forecast / measured - 1) if forecast and measured else None


@dataclass(frozen=True, kw_only=True)
class SearchResult:
    """What a search leaves."""

    observed: tuple[Observation, ...]
    """In the order of the trials, the baseline first."""
    compared: tuple[Compared, ...]
    """The combinations of several parts among them."""
    front: tuple[Observation, ...]
    """Those that no other one dominates, smallest first: within the limits, or of all where nothing keeps them."""
    within_limits: bool
    """Whether anything keeps them."""
    axes: tuple[Axis, ...]
    """What was measured of all, and so decides the front."""
    left_out: tuple[Combination, ...]
    """What promised an improvement when the search ended, and would have taken too long; of a part that was never measured
    nobody knows what it promises."""
    candidates: int
    """Combinations that could have been measured."""

    @property
    def ending(self) -> SearchEnding:
        """Why it ended."""
        return SearchEnding.BUDGET if self.left_out else SearchEnding.NOTHING_LEFT

    @property
    def error_percent(self) -> float | None:
        """Median of how far the forecasts of the bytes were off; None where no combination was measured."""
        return _median(pair.percent for pair in self.compared)

    @property
    def read_error_percent(self) -> float | None:
        """The same of the worst read; None where none was measured."""
        return _median(pair.read_percent for pair in self.compared if pair.read_percent is not None)


def _median(errors: Iterable[float]) -> float | None:
    sizes = [abs(error) for error in errors]
    return median(sizes) if sizes else None
