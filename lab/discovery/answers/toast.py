"""Is TOAST effective? Stored and raw bytes say so."""

from __future__ import annotations

from lab.discovery.inputs import DiscoveryInputs, Measured
from lab.discovery.values import Answer
from lab.units import bytes_text
from lab.values import Category, ColumnProfile, Shape, TableProfile

_TOAST_BEGINS = 2000
"""Bytes of a row below which TOAST compresses nothing."""


def toast(inputs: DiscoveryInputs) -> Answer:
    """Is TOAST effective? By stored and raw bytes of the database, else only of the run's workload."""
    pairs = list(inputs.columns())
    ratios = [strategy for pair in pairs if (strategy := _ratio(*pair))]
    again = [strategy for pair in pairs if (strategy := _anew(*pair))]
    trial = next((strategy for strategy in inputs.strategies if strategy.is_right and _recompresses(strategy)), None)
    evidence = (*ratios, *again, *(_small(*pair) for pair in pairs if _is_small(pair[1])), *_by_run(trial))
    missing = []
    if not ratios:
        missing.append("Raw bytes of the JSON columns are not in the profile: `lab profile DSN` samples them.")
    if not again and trial is None:
        missing.append(f"Other codecs were not tried: `lab profile DSN`, or {inputs.propose(Category.COMPRESS)}.")
    effective = [column for _, column in pairs if column.ratio is not None and column.ratio < 1]
    return Answer(
        question="Is TOAST effective?",
        verdict=("yes" if effective else "no") if ratios else "unknown",
        words=_toast_words(effective) if ratios else _unseen(trial),
        evidence=evidence,
        missing=tuple(missing),
    )


def _recompresses(strategy: Measured) -> bool:
    """Whether it compresses tables and leaves them the plain tables that they are."""
    facts = strategy.candidate.facts
    return facts.category is Category.COMPRESS and set(facts.changes.values()) == {Shape.TABLE}


def _toast_words(effective: list[ColumnProfile]) -> str:
    if not effective:
        return "No JSON column is stored smaller than its text."
    best = min(effective, key=lambda column: column.ratio or 1.0)
    return f"{best.name} is stored at {best.ratio:.2f} of its text."


def _unseen(trial: Measured | None) -> str:
    if trial is None:
        return "Neither the profile nor a run says."
    found = (
        f"saves {trial.expected.percent:.1f} %"
        if trial.is_smaller
        else f"gains nothing ({trial.expected.percent:.1f} %)"
    )
    return f"The profile does not say; on the run's workload, lz4 instead of pglz {found}."


def _ratio(table: TableProfile, column: ColumnProfile) -> str:
    if column.ratio is None:
        return ""
    error = "" if column.error is None else f" ± {100 * column.error:.2f} %"
    stored, raw = bytes_text(column.stored_bytes or 0), bytes_text(column.raw_bytes or 0)
    return f"{table.table}.{column.name}: {stored}{error} for {raw} of text ({column.ratio:.3f})."


def _anew(table: TableProfile, column: ColumnProfile) -> str:
    if not column.restored:
        return ""
    codecs = ", ".join(f"{codec} {100 * (ratio - 1):+.1f} %" for codec, ratio in column.restored.items())
    return f"{table.table}.{column.name}: {column.documents} documents recompressed: {codecs}."


def _is_small(column: ColumnProfile) -> bool:
    return column.mean_bytes is not None and column.mean_bytes < _TOAST_BEGINS


def _small(table: TableProfile, column: ColumnProfile) -> str:
    return (
        f"{table.table}.{column.name} has {column.mean_bytes:,.0f} B a value:"
        f" TOAST compresses nothing in rows below about {_TOAST_BEGINS:,} B."
    )


def _by_run(trial: Measured | None) -> tuple[str, ...]:
    return tuple(f"Workload of the run: {note}." for note in trial.trial.notes) if trial else ()
