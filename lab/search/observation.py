"""What the search knows of one combination, measured or forecast; everything is of the case's full size.

Every amount is a cost: smaller is better. What was not measured is None and never a number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TypeAlias

from lab.search.space import Combination, name_of

Place: TypeAlias = tuple[str, str]
"""A table and a kind of its bytes."""


LOSSES = (0, 1, 2)
"""No data, columns or their older values, rows."""


class Axis(StrEnum):
    """What combinations are compared by."""

    BYTES = "bytes now"
    GROWTH = "growth a day"
    OUTSIDE = "files outside"
    READ = "worst read"
    WRITE = "write"
    SECONDS = "migration"
    LOCK = "longest lock"
    LOSS = "information lost"


@dataclass(frozen=True, kw_only=True)
class Observation:
    """The costs of one combination, and the parts that forecasts are made of."""

    combination: Combination
    pieces: Mapping[Place, float]
    """Bytes by table and kind, with those that no strategy changes; a table that is gone has none."""
    rows: Mapping[str, float]
    """Rows of each table that its readers still see."""
    growth: float | None
    """Bytes a day."""
    reads: Mapping[str, float]
    """By read of the application, how many times as long as before it takes, by its median or its 95th percentile; empty where
    none was timed."""
    write: float | None
    """How many times as long as before a write takes."""
    seconds: float | None
    """What the migration took on the sample."""
    lock: float | None
    """The longest time that the migration kept anybody waiting on the sample, in seconds."""
    loss: int
    """What is lost, as `LOSSES`."""
    took: float
    """Seconds of the whole trial: what another one costs."""
    outside: float | None = None
    """Bytes of the files outside of the database, which `bytes` leaves out."""
    read_interval: tuple[float, float] | None = None
    """Where `read` lies with 95 %; None of a forecast, and where no read was compared."""

    @property
    def name(self) -> str:
        """The scenario's name."""
        return name_of(self.combination)

    @cached_property  # the hypervolume asks for it for each forecast
    def bytes(self) -> float:
        """Of the whole database."""
        return math.fsum(self.pieces.values())

    @cached_property
    def read(self) -> float | None:
        """The largest of the ratios of reads; 1 where none is slower."""
        return max(1.0, *self.reads.values()) if self.reads else None

    def cost(self, axis: Axis) -> float | None:
        """The amount on that axis."""
        amount: float | None = getattr(self, _AMOUNTS[axis])
        return amount


_AMOUNTS = {
    Axis.BYTES: "bytes",
    Axis.GROWTH: "growth",
    Axis.OUTSIDE: "outside",
    Axis.READ: "read",
    Axis.WRITE: "write",
    Axis.SECONDS: "seconds",
    Axis.LOCK: "lock",
    Axis.LOSS: "loss",
}
"""By axis, the field or property that holds the amount."""
