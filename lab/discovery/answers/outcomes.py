"""Can the outcomes be normalised? What a run measured says so."""

from __future__ import annotations

from lab.analysis.rows import differences
from lab.discovery.inputs import DiscoveryInputs, Measured
from lab.discovery.values import Answer
from lab.units import bytes_text
from lab.values import Category, ColumnProfile


def outcomes(inputs: DiscoveryInputs) -> Answer:
    """Can the outcomes be normalised? What was verified and is smaller says yes."""
    question = "Can `outcomes` be normalised?"
    tried = [strategy for strategy in inputs.strategies if strategy.candidate.facts.category is Category.NORMALIZE]
    smaller = [strategy for strategy in tried if strategy.is_right and strategy.is_smaller]
    if not tried:
        return Answer(
            question=question,
            verdict="unknown",
            words=f"Not measured: {inputs.propose(Category.NORMALIZE)}.",
            evidence=_weights(inputs),
            missing=("What a normalised form would weigh, and whether its answers are the same.",),
        )
    best = min(smaller, key=lambda strategy: strategy.candidate.bytes_now, default=None)
    words = f"As `{best.name}` {_saves(best)}." if best else "No form that was measured is smaller and right."
    return Answer(
        question=question,
        verdict="yes" if best else "no",
        words=words,
        evidence=(
            *(_form(strategy) for strategy in tried),
            *_weights(inputs),
            *(f"It costs: {cost}" for cost in (best.candidate.costs if best else ())),
        ),
        missing=("How fast writes are afterwards: they were not measured.",),
    )


def _weights(inputs: DiscoveryInputs) -> tuple[str, ...]:
    markets = {series.markets for series in inputs.profile.series}
    return tuple(
        f"{table.table}.{column.name} holds {bytes_text(column.stored_bytes or 0)}{_mean(column)}."
        for table, column in inputs.columns()
        if table.table in markets
    )


def _mean(column: ColumnProfile) -> str:
    return "" if column.mean_bytes is None else f", {column.mean_bytes:,.0f} B a value"


def _saves(strategy: Measured) -> str:
    checked = (
        f"{strategy.trial.verification.checks} answers of the imitation are {strategy.trial.verification.verdict.value}"
    )
    return f"it saves {strategy.expected.percent:.1f} % of the sample, and {checked}"


def _form(strategy: Measured) -> str:
    wrong = differences(strategy.trial)
    return f"`{strategy.name}` saves {strategy.expected.percent:.1f} %" + (
        f", but answers differ: {wrong}." if wrong else "."
    )
