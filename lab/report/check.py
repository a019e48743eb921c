"""The answers of a database to the requirements of a strategy, as tables."""

from __future__ import annotations

from collections.abc import Iterator

from lab.report.table import Table
from lab.units import counted
from lab.values import DatabaseCheck, RequirementAnswer


def headline(check: DatabaseCheck) -> str:
    """Whether the strategy may run, in one sentence."""
    broken = [answer for answer in check.requirements if not answer.holds]
    if not broken:
        return f"{check.strategy} may run in {check.database}: all {len(check.requirements)} requirements hold."
    if check.absent:
        return (
            f"{check.strategy} cannot run in {check.database}, which has no table {', '.join(check.absent)}. Strategies for"
            " other databases are read with --scenarios."
        )
    verb = "does not hold or is not known" if len(broken) == 1 else "do not hold or are not known"
    return f"{check.strategy} may not run in {check.database}: {counted(len(broken), 'requirement')} {verb}."


def tables(check: DatabaseCheck) -> Iterator[Table]:
    """The requirements, then what depends on the tables."""
    yield Table(
        title="Requirements",
        heads=("requirement", "answer"),
        rows=tuple((answer.name, _words(answer)) for answer in check.requirements),
        left=2,
    )
    if check.dependants:
        yield Table(
            title="Objects that depend on the tables that it changes",
            heads=("table", "kind", "name"),
            rows=tuple((dependant.table, dependant.kind.value, dependant.name) for dependant in check.dependants),
            left=3,
        )


def _words(answer: RequirementAnswer) -> str:
    if answer.broken is None:
        return f"not known: {answer.reason}"
    if answer.holds:
        return "holds"
    return f"does not hold: {answer.reason or _rows(answer.broken)}"


def _rows(broken: int) -> str:
    return f"{counted(broken, 'row')} {'breaks' if broken == 1 else 'break'} it"
