"""A trial as a candidate for the recommendation: its size, growth, costs and losses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from lab.analysis import writes
from lab.analysis.full_size import FullSizeProjection
from lab.analysis.interval import Estimate
from lab.analysis.reads import ReadResult, WorstRead, in_words, usual_gap, worst_read
from lab.analysis.rows import MigrationCost, TrialResult
from lab.analysis.writes import WorstWrite, WriteResult
from lab.units import bytes_text
from lab.values import Category, Completed, DeclaredLoss, LoadedTemplate, ScenarioFacts


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A trial and its baseline, both at the case's full size; not every candidate may be recommended."""

    trial: Completed
    control: Completed
    facts: ScenarioFacts
    template: LoadedTemplate
    """Loaded on its server."""
    projection: FullSizeProjection
    before: FullSizeProjection
    """The projection of its baseline."""
    saving_percent: float
    """As measured on the sample."""
    noise_percent: float | None
    """Difference of the two baselines of its server; None if there was only one."""
    reads: tuple[ReadResult, ...] | None
    """What each query of the application takes; None where none was timed."""
    writes: tuple[WriteResult, ...] | None
    """What each write of the application takes; None where none was measured."""
    cost: MigrationCost
    """Of applying it, on the sample."""
    longest_lock_seconds: float | None = None
    """How long its migration kept anybody waiting at most, on the sample; None where that was not measured."""
    write_ratio: float | None = None
    """How many times as long as before storing a row takes, with the work that comes again and again; None where that was not
    measured."""
    time_gap: float = 1.0
    """The ratio by which times of one and the same thing differ on its server, as `usual_gap`."""

    @property
    def name(self) -> str:
        """The scenario's name."""
        return self.trial.scenario

    @property
    def costs(self) -> tuple[str, ...]:
        """Its price besides bytes: what was measured, then what only words can say."""
        measured = (writes.in_words(self.writes),) if self.writes else ()
        return in_words(self.reads), *measured, *self._outside_cost, *self.facts.costs

    @cached_property  # dominance asks for it for each pair of candidates
    def worst_read(self) -> WorstRead | None:
        """The read that suffers most; None where none was compared."""
        return worst_read(self.reads)

    @property
    def worst_write(self) -> WorstWrite | None:
        """The write that suffers most; None where none was compared."""
        return writes.worst_write(self.writes)

    @property
    def data_losses(self) -> tuple[DeclaredLoss, ...]:
        """The data that it gives up; a lost index, key or type is not data."""
        return tuple(loss for loss in self.facts.losses if loss.guarantee is None)

    @property
    def bytes_now(self) -> int:
        """Bytes of the whole database after the strategy."""
        return self.projection.size.bytes

    @property
    def bytes_per_day(self) -> int | None:
        """Growth after the strategy; None if the database's growth is not known."""
        return self.projection.bytes_per_day

    @property
    def bytes_outside(self) -> int | None:
        """Bytes of the files outside of the database, which `bytes_now` leaves out; None where that is not known."""
        return self.projection.outside

    def size_after(self, days: int | None) -> Estimate | None:
        """The size after so many days of growth, or now; None if growth is not known."""
        return self.projection.size if days is None else self.projection.size_after(days)

    @property
    def is_strategy(self) -> bool:
        """Whether it is one, and no control."""
        return self.facts.category is not Category.CONTROL

    @property
    def ranked(self) -> bool:
        """Whether it is a strategy, not a control, and saves more than noise."""
        return self.is_strategy and self.saving_percent > (self.noise_percent or 0.0)

    @property
    def size(self) -> str:
        """Bytes now and their growth, in words."""
        percent = self.projection.size.percent
        about = "" if percent is None else f" ± {percent:.1f} %"
        return f"{bytes_text(self.bytes_now)}{about} at full size{self._afterwards}{self._besides}"

    @property
    def _besides(self) -> str:
        """What lies outside, which the size leaves out."""
        return f", and {outside_text(self.projection)} in files outside of the database" if self.has_files else ""

    @property
    def _outside_cost(self) -> tuple[str, ...]:
        if not self.has_files:
            return ()
        pace = self.projection.outside_per_day
        grows = "how fast they grow is not known" if pace is None else f"they grow by {bytes_text(pace)} a day"
        return (
            f"Files outside of the database take {outside_text(self.projection)} more at full size, and {grows}.",
            "A backup of the database without those files is not complete.",
            *((self.facts.archive_words,) if self.facts.archives else ()),
        )

    @property
    def has_files(self) -> bool:
        """Whether it needs files outside of the database."""
        return bool(self.trial.outside)

    @property
    def _afterwards(self) -> str:
        pace, steady = self.bytes_per_day, self.projection.steady_bytes
        if pace is None:
            return ""
        if steady is not None and steady <= self.bytes_now:
            return f", and stays at {bytes_text(steady)} under its retention"
        return f", growing {bytes_text(pace)} a day" + (
            "" if steady is None else f" until it stays at {bytes_text(steady)}"
        )


def outside_text(projection: FullSizeProjection) -> str:
    """Bytes outside at full size, in words."""
    return "an unknown number of bytes" if projection.outside is None else bytes_text(projection.outside)


def candidates(trials: Sequence[TrialResult], noise: Mapping[str, float]) -> Iterator[Candidate]:
    """Every trial that has right answers, a baseline and a full size; `noise` is the difference of two baselines by server."""
    before: dict[str, FullSizeProjection | None] = {
        row.trial.server: row.projection for row in reversed(trials) if row.trial and row.trial is row.control
    }
    controls = {row.control.server: row.control for row in trials if row.control}
    gaps = {server: usual_gap(control) for server, control in controls.items()}
    for row in trials:
        if row.sized and row.control and row.projection and row.saving_percent is not None:
            control_projection = before[row.control.server]
            if control_projection:
                yield Candidate(
                    trial=row.sized.trial,
                    control=row.control,
                    facts=row.facts,
                    template=row.sized.template,
                    projection=row.projection,
                    before=control_projection,
                    saving_percent=row.saving_percent,
                    noise_percent=noise.get(row.control.server),
                    reads=row.reads,
                    writes=row.writes,
                    cost=row.cost,
                    longest_lock_seconds=row.locks.longest_seconds if row.locks else None,
                    write_ratio=writes.usual_slowdown(writes.main_write(row.writes)),
                    time_gap=gaps[row.control.server],
                )
