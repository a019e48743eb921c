"""Is TOAST effective? Stored and raw bytes tell."""

from __future__ import annotations

from lab.discovery.inputs import DiscoveryInputs, MeasuredStrategy
from lab.discovery.values import Finding
from lab.units import bytes_text
from lab.values import Category, ColumnProfile, Shape, TableProfile

_TOAST_BEGINS = 2000
"""Bytes of a row below which TOAST compresses nothing."""
_CODEC = "SET COMPRESSION"
"""What a statement says that names the codec of a column."""


def toast(inputs: DiscoveryInputs) -> Finding:
    """Whether TOAST saves bytes, by the stored and raw bytes in the profile; a run only adds evidence of its workload."""
    pairs = list(inputs.columns())
    ratios = [line for pair in pairs if (line := _ratio(*pair))]
    recompressed = [line for pair in pairs if (line := _recompressed(*pair))]
    trial = next((strategy for strategy in inputs.strategies if _recompresses(strategy)), None)
    evidence = (*ratios, *recompressed, *(_small(*pair) for pair in pairs if _is_small(pair[1])), *_by_run(trial))
    missing = []
    if not ratios:
        missing.append("The profile lacks the raw bytes of the JSON columns. `lab profile DSN` samples them.")
    if not recompressed and trial is None:
        missing.append(
            "No other codec was tried. `lab profile DSN` tries them."
            if inputs.limits
            else f"No other codec was tried. `lab profile DSN` or {inputs.propose(Category.COMPRESS)} tries them."
        )
    effective = [column for _, column in pairs if column.ratio is not None and column.ratio < 1]
    return Finding(
        question="Is TOAST effective?",
        conclusion=("yes" if effective else "no") if ratios else "unknown",
        words=_by_ratio(effective) if ratios else _without_ratio(trial),
        evidence=evidence,
        missing=tuple(missing),
    )


def _recompresses(strategy: MeasuredStrategy) -> bool:
    """Whether it gives plain tables another codec of TOAST."""
    facts = strategy.candidate.facts
    if facts.category is not Category.COMPRESS or set(facts.changes.values()) != {Shape.TABLE}:
        return False
    return any(_CODEC in statement.sql for step in strategy.steps for statement in step.statements)


def _by_ratio(effective: list[ColumnProfile]) -> str:
    if not effective:
        return "No JSON column is stored smaller than its text."
    best = min(effective, key=lambda column: column.ratio or 1.0)
    return f"{best.name} is stored in {best.ratio:.2f} times the bytes of its text."


def _without_ratio(trial: MeasuredStrategy | None) -> str:
    if trial is None:
        return "Neither the profile nor a run tells."
    percent = f"{trial.expected.percent:.1f} %"
    effect = f"saves {percent}" if trial.is_smaller else f"gains nothing ({percent})"
    return f"The profile does not tell. On the run's workload, `{trial.name}` {effect}."


def _ratio(table: TableProfile, column: ColumnProfile) -> str:
    if column.ratio is None:
        return ""
    error = "" if column.error is None else f" ± {100 * column.error:.2f} %"
    stored, raw = bytes_text(column.stored_bytes or 0), bytes_text(column.raw_bytes or 0)
    return f"{table.table}.{column.name}: {stored}{error} stored for {raw} of text ({column.ratio:.3f})."


def _recompressed(table: TableProfile, column: ColumnProfile) -> str:
    if not column.restored:
        return ""
    codecs = ", ".join(f"{codec} {100 * (ratio - 1):+.1f} %" for codec, ratio in column.restored.items())
    return f"{table.table}.{column.name}: {column.documents} documents recompressed: {codecs}."


def _is_small(column: ColumnProfile) -> bool:
    return column.mean_bytes is not None and column.mean_bytes < _TOAST_BEGINS


def _small(table: TableProfile, column: ColumnProfile) -> str:
    return (
        f"{table.table}.{column.name} has {column.mean_bytes:,.0f} B per value."
        f" TOAST compresses nothing in rows below about {_TOAST_BEGINS:,} B."
    )


def _by_run(trial: MeasuredStrategy | None) -> tuple[str, ...]:
    return tuple(f"Workload of the run: {note}." for note in trial.trial.notes) if trial else ()
