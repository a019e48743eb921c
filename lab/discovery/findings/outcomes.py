"""Can the outcomes be normalised? A run tells."""

from __future__ import annotations

from lab.analysis.rows import differences
from lab.discovery.inputs import DiscoveryInputs, MeasuredStrategy
from lab.discovery.values import Finding
from lab.units import bytes_text
from lab.values import Category, ColumnProfile


def outcomes(inputs: DiscoveryInputs) -> Finding:
    """Whether a normalised form is verified and smaller; unknown without a run."""
    question = "Can `outcomes` be normalised?"
    normalized = [strategy for strategy in inputs.strategies if strategy.candidate.facts.category is Category.NORMALIZE]
    smaller = [strategy for strategy in normalized if strategy.is_right and strategy.is_smaller]
    if not normalized:
        return Finding(
            question=question,
            conclusion="unknown",
            words=f"Not measured. {inputs.propose(Category.NORMALIZE)} measures it.",
            evidence=_sizes(inputs),
            missing=("The size of a normalised form is unknown, and so is whether its answers stay the same.",),
        )
    best = min(smaller, key=lambda strategy: strategy.candidate.bytes_now, default=None)
    words = _saves(best) if best else "No measured form is both smaller and correct."
    return Finding(
        question=question,
        conclusion="yes" if best else "no",
        words=words,
        evidence=(
            *(_form(strategy) for strategy in normalized),
            *_sizes(inputs),
            *(f"It costs: {cost}" for cost in (best.candidate.costs if best else ())),
        ),
        missing=("The speed of writes afterwards is unknown, because it was not measured.",),
    )


def _sizes(inputs: DiscoveryInputs) -> tuple[str, ...]:
    markets = {series.markets for series in inputs.profile.series}
    return tuple(
        f"{table.table}.{column.name} holds {bytes_text(column.stored_bytes or 0)}{_mean(column)}."
        for table, column in inputs.columns()
        if table.table in markets
    )


def _mean(column: ColumnProfile) -> str:
    return "" if column.mean_bytes is None else f", {column.mean_bytes:,.0f} B per value"


def _saves(strategy: MeasuredStrategy) -> str:
    verification = strategy.trial.verification
    return (
        f"`{strategy.name}` saves {strategy.expected.percent:.1f} % of the sample. Its {verification.checks} answers on the"
        f" generated workload are {verification.verdict.value}."
    )


def _form(strategy: MeasuredStrategy) -> str:
    differing = differences(strategy.trial)
    return f"`{strategy.name}` saves {strategy.expected.percent:.1f} %" + (
        f", but answers differ: {differing}." if differing else "."
    )
