"""The tables that people read: rows of text cells, the same for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lab.analysis import comparison
from lab.analysis.fidelity import Figure
from lab.analysis.rates import by_rate
from lab.units import bytes_text
from lab.values import KINDS, Experiment

MISSING = "–"  # noqa: RUF001 - a dash, not a minus


@dataclass(frozen=True, kw_only=True)
class Table:
    """A title, column heads and rows of cells; the first `left` columns are text, the others numbers."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: int = 1

    def markdown(self) -> str:
        """As a Markdown table, without the title."""
        ruler = ["---"] * self.left + ["---:"] * (len(self.heads) - self.left)
        lines = [self.heads, tuple(ruler), *self.rows]
        return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


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
        rows=tuple(_savings_row(row) for row in frame.to_dict("records")),
        left=3,
    )


def _savings_row(row: dict[Hashable, Any]) -> tuple[str, ...]:
    verdict = row["outcome"] if pd.isna(row["verdict"]) else row["verdict"]
    return (
        _labelled(row),
        _text(row["server"]),
        verdict,
        size(row["bytes"]),
        _number(row["saving_percent"], "{:.1f} %"),
        size(row["projected_bytes"]),
        _text(row["target"]),
        _number(row["apply_seconds"], "{:.2f} s"),
        _number(row["cpu_seconds"], "{:.2f} s"),
        size(row["wal_bytes"]),
        size(row["peak_bytes"]),
    )


def _labelled(row: dict[Hashable, Any]) -> str:
    again = " (again)" if not pd.isna(row["repeat"]) and row["repeat"] > 1 else ""
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
        rows=(today, *(_full_size_row(row, experiment) for row in known.to_dict("records"))),
        left=2,
    )


def _full_size_row(row: dict[Hashable, Any], experiment: Experiment) -> tuple[str, ...]:
    ages = experiment.scenarios[row["scenario"]].keeps_days is not None
    return (
        row["scenario"],
        row["server"],
        *(size(row[name]) for name in ("projected_bytes", "projected_low", "projected_high")),
        _number(row["bytes_per_market_row"], "{:.0f}"),
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
                _number(row["seconds"], "{:.2f}"),
                _number(row["cpu_seconds"], "{:.2f} s"),
                size(row["wal_bytes"]),
                size(row["peak_bytes"]),
            )
            for row in frame.to_dict("records")
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
                *(_number(row[name], "{:.1f} %") for name in ("markets", "snapshots", "all")),
            )
            for row in by_rate(experiment).to_dict("records")
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
            for row in large.to_dict("records")
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
    return (figure.name, verdict, figure.unit, *(_number(one, "{:,.5g}") for one in numbers), f"±{figure.allowed:,.4g}")


def side_by_side(frame: pd.DataFrame) -> Table:
    """Saving of each scenario in several runs; `frame` as `lab.analysis.runs.side_by_side` makes it."""
    names = [name for name in frame.columns if name not in ("scenario", "server")]
    return Table(
        title="Saving by run",
        heads=("scenario", "server", *names),
        rows=tuple(
            (row["scenario"], _text(row["server"]), *(_number(row[name], "{:.1f} %") for name in names))
            for row in frame.to_dict("records")
        ),
        left=2,
    )


def size(value: Any) -> str:
    """Bytes in words, or the sign for a missing value."""
    return MISSING if pd.isna(value) else bytes_text(value)


def _number(value: Any, form: str) -> str:
    return MISSING if value is None or pd.isna(value) else form.format(value)


def _text(value: Any) -> str:
    return MISSING if value is None or pd.isna(value) else str(value)
