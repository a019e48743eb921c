"""The combinations of scenarios that can be applied and are worth a trial, computed from what the scenarios declare.

Two parts go together where an order of application has no conflict, and where neither makes the other pointless. A
combination that contains a pointless part is dominated by the one without it, so it is never a candidate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import TypeAlias

from lab import names, registry
from lab.registry import Registered
from lab.scenario import Category
from lab.values import BASELINE, Choice

Combination: TypeAlias = tuple[str, ...]
"""The names of its parts in the order of application; empty is the baseline."""


def name_of(combination: Combination) -> str:
    """The scenario's name, as `lab run --scenario` takes it."""
    return "+".join(combination) or BASELINE


def parts(entries: Iterable[Registered]) -> tuple[Registered, ...]:
    """Every strategy, those that represent their file first, then the same ones with each other value of each choice.

    A whole number, such as how many days stay, says what is given up and not how it is stored: it is never varied.
    """
    strategies = [entry for entry in entries if entry.scenario.category is not Category.CONTROL]
    strategies.sort(key=lambda entry: not entry.scenario.leads)
    varied = (name for entry in strategies if entry.scenario.leads for name in _other_choices(entry))
    by_name = {entry.name: entry for entry in (*strategies, *registry.resolve(varied))}
    return tuple(by_name.values())


def represents(part: Registered) -> bool:
    """Whether it stands for its file: with the file's own values, and not a further form of the same idea."""
    return part.scenario.leads and part.name in registry.registered()


def _other_choices(entry: Registered) -> Iterator[str]:
    for parameter, domain in entry.kin.parameters.items() if entry.kin else ():
        if isinstance(domain, Choice):
            yield from (
                names.written(entry.name, {parameter: value})
                for value in domain.values
                if value != entry.values[parameter]
            )


def legal(among: Sequence[Registered], most: int | None = None) -> tuple[Combination, ...]:
    """Every combination of up to `most` parts that can be applied, the baseline first, smaller ones before larger."""
    together = {
        frozenset((first.name, second.name))
        for first, second in combinations(among, 2)
        if first.family != second.family and _go_together(first, second)
    }
    candidates: list[Combination] = [()]
    level: list[tuple[Registered, ...]] = [()]
    for _ in range(len(among) if most is None else most):
        level = [
            (*chosen, part)
            for chosen in level
            for part in among[among.index(chosen[-1]) + 1 if chosen else 0 :]
            if all(frozenset((earlier.name, part.name)) in together for earlier in chosen)
        ]
        ordered = (registry.order(chosen) for chosen in level)
        candidates += [tuple(part.name for part in chosen) for chosen in ordered if chosen]
        if not level:
            break
    return tuple(candidates)


def _go_together(first: Registered, second: Registered) -> bool:
    pointless = _makes_pointless(first, second) or _makes_pointless(second, first)
    return not pointless and registry.order((first, second)) is not None


def _makes_pointless(first: Registered, second: Registered) -> bool:
    """Whether `first` takes away all that `second` works on, so that the combination stores what `first` alone stores.

    What packs a column stores it in its own way, whatever was done to the values before; afterwards they can only be removed.
    """
    scenario, other = first.scenario, second.scenario
    taken = set(scenario.drops) if second.removed else {*scenario.drops, *scenario.decodes}
    columns = bool(other.needs_columns) and set(other.needs_columns) <= taken
    leaving = [days for days in (other.empties_after_days, other.archives_after_days) if days is not None]
    values = scenario.keeps_days is not None and any(scenario.keeps_days <= days for days in leaving)
    return columns or values
