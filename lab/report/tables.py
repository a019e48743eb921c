"""The tables of a run."""

from __future__ import annotations

from collections.abc import Sequence

from lab.analysis.fidelity import Figure
from lab.analysis.full_size import FullSizeProjection
from lab.analysis.reads import Difference, ReadResult, WorstRead, main_read
from lab.analysis.reads import worst_read as worst_of
from lab.analysis.results import Results
from lab.analysis.rows import TableResult, TrialResult
from lab.analysis.writes import main_write
from lab.analysis.writes import worst_write as worst_of_writes
from lab.report import write_tables
from lab.report.table import Cell, Table, count, percent, seconds, size, sizes
from lab.units import Unit, bytes_text, duration_text, ratio_text
from lab.values import CaseFacts, Parameter

_LARGE = 0.01
"""Share of its trial above which a table is shown."""


def savings(results: Results) -> Table:
    """The saving and the cost of each scenario."""
    return Table(
        title="Savings against the baseline of the same server",
        heads=(
            "scenario",
            "server",
            "verdict",
            "size",
            "saving",
            "at full size",
            main_read_head(results),
            "worst read",
            *((write_tables.main_write_head(results), "worst write") if results.writes_measured else ()),
            "target",
            "apply",
            "CPU",
            "WAL",
            "peak disk",
            *(("files outside",) if results.has_files else ()),
        ),
        rows=tuple(_savings_row(row, results) for row in results.trials),
        left=3,
    )


def _savings_row(row: TrialResult, results: Results) -> tuple[Cell | str | None, ...]:
    return (
        row.label,
        row.outcome.server,
        row.verdict.value if row.verdict else row.outcome.kind,
        size(row.bytes),
        percent(row.saving_percent),
        size(row.projection.size.bytes if row.projection else None),
        _read_change(main_read(row.reads)),
        worst_read(worst_of(row.reads)),
        *(_writes(row) if results.writes_measured else ()),
        row.projection.status.value if row.projection and row.projection.status else None,
        seconds(row.cost.seconds),
        seconds(row.cost.cpu_seconds),
        size(row.cost.wal_bytes),
        size(row.cost.peak_bytes),
        *((size(row.outside_bytes),) if results.has_files else ()),
    )


def _writes(row: TrialResult) -> tuple[str | None, str | None]:
    main = main_write(row.writes)
    return write_tables.rate(main) if main else None, write_tables.worst_write(worst_of_writes(row.writes))


def main_read_head(results: Results) -> str:
    """The name of the application's first query, above what became of it."""
    main = next((read for row in results.trials if (read := main_read(row.reads))), None)
    return main.query if main else "first read"


def worst_read(read: WorstRead | None) -> str | None:
    """The query that suffers most, its median or its 95th percentile; None where none was compared."""
    if read is None:
        return None
    return f"{read.query} {ratio_text(read.ratio)} x" if read.query else "none slower"


def _read_change(read: ReadResult | None) -> str | None:
    if read is None or read.change is Difference.UNKNOWN:
        return None
    return f"{ratio_text(read.ratio)} x" if read.named else "same"


def reads(results: Results) -> Table:
    """Every query that takes longer or shorter after a strategy than two baselines differ."""
    return Table(
        title="Reads",
        heads=(
            "scenario",
            "server",
            "query",
            "columns",
            "baseline",
            "after",
            "ratio",
            "between",
            "p95 before",
            "p95 after",
            "CPU before",
            "CPU after",
            "blocks before",
            "blocks after",
        ),
        rows=tuple(_read_row(row, read) for row in results.measured for read in row.reads or () if read.named),
        left=4,
    )


def _read_row(row: TrialResult, read: ReadResult) -> tuple[Cell | str | None, ...]:
    sides = (read.before, read.after)
    return (
        row.outcome.scenario,
        row.outcome.server,
        read.query,
        read.columns,
        *(duration_text(side.median) for side in sides),
        f"{ratio_text(read.ratio)} x",
        f"{ratio_text(read.low)}-{ratio_text(read.high)}",
        *(duration_text(side.p95) for side in sides),
        *(None if side.cpu_seconds is None else duration_text(side.cpu_seconds) for side in sides),
        *(count(side.blocks) for side in sides),
    )


def full_size(results: Results) -> Table:
    """The size of each scenario at full size, and its growth; the first row is the database as it is."""
    case = results.experiment.case
    projected = [_full_size_row(row, row.projection, results) for row in results.measured if row.projection]
    return Table(
        title="At full size, and afterwards",
        heads=(
            "scenario",
            "server",
            "at full size",
            "at least",
            "at most",
            f"B/kept {results.experiment.workload.unit}",
            "growth a day",
            "stays at",
            "target passed" if case.target_bytes is None else f"{bytes_text(case.target_bytes)} passed",
            *(("files outside", "their growth") if results.has_files else ()),
        ),
        rows=(_as_profiled(case, results), *projected),
        left=2,
    )


def _as_profiled(case: CaseFacts, results: Results) -> tuple[Cell | str | None, ...]:
    passed = "over already" if results.over_target else None
    return (
        "as profiled",
        None,
        size(case.database_bytes),
        *(None,) * 3,
        size(case.growth_bytes_per_day),
        None,
        passed,
        *((None, None) if results.has_files else ()),
    )


def _full_size_row(row: TrialResult, projection: FullSizeProjection, results: Results) -> tuple[Cell | str | None, ...]:
    return (
        row.outcome.scenario,
        row.outcome.server,
        *sizes(projection.size.bytes, projection.size.low, projection.size.high),
        Cell(value=projection.bytes_per_unit, unit=Unit.FEW_BYTES, bare=True),
        size(projection.bytes_per_day),
        "grows without end" if row.facts.keeps_days is None else size(projection.steady_bytes),
        projection.target_eta,
        *((size(projection.outside), size(projection.outside_per_day)) if results.has_files else ()),
    )


def by_parameter(results: Results, parameter: Parameter) -> Table:
    """How much depends on a parameter of the workload."""
    workload = results.experiment.workload
    tables = (f"saving of the {workload.detail} tables", f"of the {workload.snapshot} tables", "of all")
    return Table(
        title=f"How much depends on {parameter.meaning}",
        heads=("scenario", parameter.name, *tables),
        rows=tuple(
            (row.scenario, f"{row.value:g}", *(percent(saved) for saved in (row.details, row.parents, row.all)))
            for row in results.by_parameter
            if row.parameter == parameter.name
        ),
    )


def kinds(results: Results) -> Table:
    """Bytes by table and kind, tables above 1 % of their scenario only."""
    return Table(
        title="By table and kind (tables above 1 %)",
        heads=("scenario", "table", "heap", "maps", "TOAST", "indexes", "total", "baseline", "at full size"),
        rows=tuple(_kinds_row(row) for row in results.tables if row.share > _LARGE),
        left=2,
    )


def _kinds_row(row: TableResult) -> tuple[Cell | str, ...]:
    by_kind = (row.footprint.heap, row.footprint.maps, row.footprint.toast, row.footprint.indexes)
    sizes = (*by_kind, row.footprint.total, row.control_bytes, row.projected_bytes)
    return (row.scenario, row.footprint.table, *(size(value) for value in sizes))


def fidelity(figures: Sequence[Figure]) -> Table:
    """Published against generated, with the tolerance each figure must keep."""
    return Table(
        title="Published against generated",
        heads=("figure", "", "unit", "published", "generated", "difference", "tolerance"),
        rows=tuple(_fidelity_row(figure) for figure in figures),
        left=3,
    )


def _fidelity_row(figure: Figure) -> tuple[Cell | str, ...]:
    verdict = {True: "holds", False: "OUTSIDE", None: "not measured"}[figure.holds]
    numbers = (figure.published, figure.generated, figure.distance)
    return (
        figure.name,
        verdict,
        figure.unit,
        *(Cell(value=value, unit=Unit.OTHER) for value in numbers),
        Cell(value=figure.allowed, unit=Unit.OTHER, digits=4, prefix="±"),
    )
