"""The tables of a run and of several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import pandas as pd

from lab.analysis import comparison
from lab.analysis.fidelity import Figure
from lab.analysis.rates import by_rate
from lab.report.table import MISSING, Table, formatted, size
from lab.units import bytes_text
from lab.values import KINDS, Experiment

_Row: TypeAlias = dict[Any, Any]


def savings(experiment: Experiment) -> Table:
    """What each scenario saves and costs."""
    frame = comparison.savings(experiment)
    return Table(
        title="Savings against the baseline of the same server",
        heads=(
            "scenario",
            "server",
            "verdict",
            "size",
            "saving",
            "at full size",
            "target",
            "apply",
            "CPU",
            "WAL",
            "peak disk",
        ),
        rows=tuple(_savings_row(row) for row in _rows(frame)),
        left=3,
    )


def _savings_row(row: _Row) -> tuple[str, ...]:
    return (
        _labelled(row),
        _text(row["server"]),
        row["verdict"] or row["outcome"],
        size(row["bytes"]),
        formatted(row["saving_percent"], "{:.1f} %"),
        size(row["projected_bytes"]),
        _text(row["target"]),
        formatted(row["apply_seconds"], "{:.2f} s"),
        formatted(row["cpu_seconds"], "{:.2f} s"),
        size(row["wal_bytes"]),
        size(row["peak_bytes"]),
    )


def _labelled(row: _Row) -> str:
    again = " (again)" if (row["repeat"] or 1) > 1 else ""
    return str(row["scenario"]) + again


def full_size(experiment: Experiment) -> Table:
    """What each scenario comes to at full size, and what becomes of it; the first line is the database as it is."""
    frame, case = comparison.savings(experiment), experiment.case
    known = frame[frame["projected_bytes"].notna() & (frame["repeat"] == 1)]
    growth = case.growth_bytes_per_day
    passed = "over already" if case.database_bytes >= case.target_bytes else MISSING
    today = ("as profiled", MISSING, size(case.database_bytes), *(MISSING,) * 3, size(growth), MISSING, passed)
    return Table(
        title="At full size, and afterwards",
        heads=(
            "scenario",
            "server",
            "at full size",
            "at least",
            "at most",
            "B/kept market row",
            "growth a day",
            "stays at",
            f"{bytes_text(case.target_bytes)} passed",
        ),
        rows=(today, *(_full_size_row(row, experiment) for row in _rows(known))),
        left=2,
    )


def _full_size_row(row: _Row, experiment: Experiment) -> tuple[str, ...]:
    ages = experiment.scenarios[row["scenario"]].keeps_days is not None
    return (
        row["scenario"],
        row["server"],
        *(size(row[name]) for name in ("projected_bytes", "projected_low", "projected_high")),
        formatted(row["bytes_per_market_row"], "{:.0f}"),
        size(row["bytes_per_day"]),
        size(row["steady_bytes"]) if ages else "grows without end",
        row["until"],
    )


def steps(experiment: Experiment) -> Table:
    """When space comes back: the whole footprint after every step."""
    frame = comparison.by_step(experiment)
    return Table(
        title="When space comes back",
        heads=("scenario", "step", "size after", "seconds", "server CPU", "WAL", "peak disk"),
        rows=tuple(
            (
                row["scenario"],
                row["step"],
                size(row["bytes"]),
                formatted(row["seconds"], "{:.2f}"),
                formatted(row["cpu_seconds"], "{:.2f} s"),
                size(row["wal_bytes"]),
                size(row["peak_bytes"]),
            )
            for row in _rows(frame)
        ),
        left=2,
    )


def rates(experiment: Experiment) -> Table:
    """How much depends on how often prices change."""
    return Table(
        title="How much depends on how often prices change",
        heads=("scenario", "change rate", "saving of the market tables", "of the snapshot tables", "of all"),
        rows=tuple(
            (
                row["scenario"],
                f"{row['change_rate']:g}",
                *(formatted(row[name], "{:.1f} %") for name in ("markets", "snapshots", "all")),
            )
            for row in _rows(by_rate(experiment))
        ),
    )


def kinds(experiment: Experiment) -> Table:
    """Bytes by table and kind, tables above 1 % of their scenario only."""
    frame = comparison.by_table(experiment)
    whole = frame.groupby(["scenario", "server"])["total"].transform("sum")
    large = frame[frame["total"] > 0.01 * whole]
    return Table(
        title="By table and kind (tables above 1 %)",
        heads=("scenario", "table", "heap", "maps", "TOAST", "indexes", "total", "baseline", "at full size"),
        rows=tuple(
            (
                row["scenario"],
                row["table"],
                *(size(row[name]) for name in (*KINDS, "total", "baseline_total", "projected_bytes")),
            )
            for row in _rows(large)
        ),
        left=2,
    )


def fidelity(figures: Sequence[Figure]) -> Table:
    """Published against generated, with the tolerance each figure must keep."""
    return Table(
        title="Published against generated",
        heads=("figure", "", "unit", "published", "generated", "difference", "tolerance"),
        rows=tuple(_fidelity_row(figure) for figure in figures),
        left=3,
    )


def _fidelity_row(figure: Figure) -> tuple[str, ...]:
    verdict = {True: "holds", False: "OUTSIDE", None: "not measured"}[figure.holds]
    numbers = (figure.published, figure.generated, figure.distance)
    return (
        figure.name,
        verdict,
        figure.unit,
        *(formatted(one, "{:,.5g}") for one in numbers),
        f"±{figure.allowed:,.4g}",
    )


def side_by_side(frame: pd.DataFrame) -> Table:
    """Saving of each scenario in several runs; `frame` as `lab.analysis.side_by_side.side_by_side` makes it."""
    names = [name for name in frame.columns if name not in ("scenario", "server")]
    return Table(
        title="Saving by run",
        heads=("scenario", "server", *names),
        rows=tuple(
            (row["scenario"], _text(row["server"]), *(formatted(row[name], "{:.1f} %") for name in names))
            for row in _rows(frame)
        ),
        left=2,
    )


def _rows(frame: pd.DataFrame) -> list[_Row]:
    """Its rows by the names of its columns, None where nothing was measured."""
    rows: list[_Row] = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return rows


def _text(value: object) -> str:
    return MISSING if value is None else str(value)
