"""Can the outcomes be normalised? A run tells."""

from __future__ import annotations

from collections.abc import Iterator

from lab.analysis.rows import TrialResult
from lab.discovery.inputs import DiscoveryInputs, MeasuredStrategy
from lab.discovery.values import Finding
from lab.units import bytes_text
from lab.values import Category, ColumnProfile, Verdict


def outcomes(inputs: DiscoveryInputs) -> Finding:
    """Whether a normalised form is verified and smaller; unknown without a run."""
    question = "Can `outcomes` be normalised?"
    normalized = [strategy for strategy in inputs.strategies if strategy.candidate.facts.category is Category.NORMALIZE]
    smaller = [strategy for strategy in normalized if strategy.is_smaller]
    wrong = list(_wrong(inputs))
    if not normalized and not wrong:
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
            *(f"`{strategy.name}` saves {strategy.expected.percent:.1f} %." for strategy in normalized),
            *(f"`{row.outcome.scenario}` gives answers that differ: {row.reason}." for row in wrong),
            *_sizes(inputs),
            *(f"It costs: {cost}" for cost in (best.candidate.costs if best else ())),
        ),
        missing=tuple(_missing(best)),
    )


def _missing(best: MeasuredStrategy | None) -> Iterator[str]:
    """What the run did not measure of the smallest form."""
    if best and best.candidate.worst_write is None:
        yield "The speed of writes afterwards is unknown, because it was not measured."


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


def _wrong(inputs: DiscoveryInputs) -> Iterator[TrialResult]:
    """The normalised forms whose answers differ."""
    for row in inputs.results.trials if inputs.results else ():
        if row.facts.category is Category.NORMALIZE and row.verdict is Verdict.DIFFERS:
            yield row
