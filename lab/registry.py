"""Finds the scenarios in their folder, and refuses a broken file with an error.

A file is a family. It holds `SCENARIO` (named like the file) or `VARIANTS` (names that begin with the file's name). A
file whose name begins with `_` holds shared code and no scenario.
Combinations are written `first+second` and applied in that order. The declarations of the scenarios decide which
combinations are possible and which belong to `all`: no file names another scenario.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TypeVar

import scenarios
from lab.errors import InputError
from lab.scenario import Category, Database, Scenario, Shape
from lab.values import ScenarioFacts

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Registered:
    """A scenario with its name, the file it comes from and that file's docstring."""

    name: str
    family: str
    description: str
    scenario: Scenario

    @property
    def facts(self) -> ScenarioFacts:
        """The declarations that plans and reports need."""
        scenario = self.scenario
        return ScenarioFacts(
            title=scenario.title,
            category=scenario.category,
            description=self.description,
            hypothesis=scenario.hypothesis,
            given_up=scenario.given_up,
            deletes_rows=scenario.keeps is not None,
            keeps_days=scenario.keeps_days,
            costs=scenario.costs,
            losses=scenario.losses,
            origins=dict(scenario.origins),
            changes=dict(scenario.changes),
            requires=scenario.requirements,
        )


def registered() -> dict[str, Registered]:
    """Every scenario by name: the controls first, then by file name."""
    names = (info.name for info in pkgutil.iter_modules(scenarios.__path__))
    modules = (importlib.import_module(f"scenarios.{name}") for name in names if not name.startswith("_"))
    entries = [entry for module in modules for entry in _of(module)]
    entries.sort(key=lambda entry: entry.scenario.category is not Category.CONTROL)
    return {entry.name: entry for entry in entries}


def everything() -> tuple[str, ...]:
    """The names that `all` stands for: every scenario, and every combination that `follows` declares."""
    entries = registered()
    combined = (
        f"{first.name}+{second.name}"
        for first in entries.values()
        for second in entries.values()
        if first.scenario.category in second.scenario.follows and conflict((first, second)) is None
    )
    return (*entries, *combined)


def conflict(parts: Sequence[Registered]) -> str | None:
    """Why these cannot be applied in this order, such as a part that no longer finds its table or column; None if they can."""
    shapes: dict[str, Registered] = {}
    dropped: dict[str, Registered] = {}
    for part in parts:
        scenario = part.scenario
        for table in scenario.changes:
            if table in shapes:
                first = shapes[table]
                return f"{part.name} needs the table {table}, which {first.name} turns into a {first.scenario.changes[table]}"
        for column in scenario.needs_columns:
            if column in dropped:
                return f"{part.name} needs the column {column}, which {dropped[column].name} drops"
        shapes |= {table: part for table, shape in scenario.changes.items() if shape is not Shape.TABLE}
        dropped |= dict.fromkeys(scenario.drops, part)
    keeping = [part.name for part in parts if part.scenario.keeps]
    return f"{' and '.join(keeping)} are retentions, and only one can be part" if len(keeping) > 1 else None


def resolve(names: Iterable[str]) -> tuple[Registered, ...]:
    """The scenarios that a user named: `all`, a name, a file's name (all its variants), or names joined by `+`.

    Errors: `InputError` with the nearest names.
    """
    entries = registered()
    wanted = dict.fromkeys(name for given in names for name in _expand(given, entries))
    return tuple(_combination(name, entries) for name in wanted)


def _expand(given: str, entries: Mapping[str, Registered]) -> Iterable[str]:
    if given == "all":
        return everything()
    if given in entries or "+" in given:
        return (given,)
    variants = tuple(name for name, entry in entries.items() if entry.family == given)
    return variants or (given,)


def _combination(name: str, entries: Mapping[str, Registered]) -> Registered:
    parts = tuple(_lookup(part, entries) for part in name.split("+"))
    return parts[0] if len(parts) == 1 else _combined(name, parts)


def _lookup(name: str, entries: Mapping[str, Registered]) -> Registered:
    if name in entries:
        return entries[name]
    names = list(dict.fromkeys(("all", *entries, *(entry.family for entry in entries.values()))))
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.4)
    hint = f"Did you mean {' or '.join(near)}?" if near else "`lab list` shows them all."
    raise InputError(f"There is no scenario '{name}'.", hint=hint)


def _combined(name: str, parts: tuple[Registered, ...]) -> Registered:
    """One scenario that applies `parts` in order and gives up what each of them gives up.

    Every field is stated here, so that a new one of `Scenario` cannot be taken from a part by accident.
    """
    _refuse_conflict(name, parts)
    several = tuple(part.scenario for part in parts)

    def apply(db: Database) -> None:
        for scenario in several:
            scenario.apply(db)

    keeping = next((scenario for scenario in several if scenario.keeps), None)
    combined = Scenario(
        title=" + ".join(scenario.title for scenario in several),
        category=several[0].category,
        hypothesis="Savings do not add up: the first strategy changes what is left for the next.",
        apply=apply,
        what="; then ".join(scenario.what for scenario in several if scenario.what),
        needs=frozenset().union(*(scenario.needs for scenario in several)),
        changes={table: shape for scenario in several for table, shape in scenario.changes.items()},
        needs_columns=_each(column for scenario in several for column in scenario.needs_columns),
        requires=_each(requirement for scenario in several for requirement in scenario.requires),
        losses=_each(loss for scenario in several for loss in scenario.losses),
        keeps=keeping.keeps if keeping else None,
        keeps_days=keeping.keeps_days if keeping else None,
        costs=_each(cost for scenario in several for cost in scenario.costs),
        origins={table: of for scenario in several for table, of in scenario.origins.items()},
        varies_with=None,
        leads=False,
        follows=frozenset(),
    )
    description = f"A combination, measured as a whole: {', then '.join(part.name for part in parts)}."
    return Registered(name=name, family=name, description=description, scenario=combined)


def _each(values: Iterable[T]) -> tuple[T, ...]:
    """The distinct values, in order."""
    return tuple(dict.fromkeys(values))


def _refuse_conflict(name: str, parts: tuple[Registered, ...]) -> None:
    """Errors: `InputError` that names the part, what it lacks, and the order that works where there is one."""
    reason = conflict(parts)
    if reason is None:
        return
    working = _order(parts)
    hint = (
        f"Write '{'+'.join(part.name for part in working)}'." if working else "No order works: leave one of them out."
    )
    raise InputError(f"'{name}' cannot be combined: {reason}.", hint=hint)


def _order(parts: Sequence[Registered]) -> tuple[Registered, ...] | None:
    """The parts in an order without a conflict, None where there is none."""
    left, order = list(parts), list[Registered]()
    while left:
        others = {id(part): [other for other in left if other is not part] for part in left}
        free = [part for part in left if all(conflict((part, other)) is None for other in others[id(part)])]
        if not free:
            return None
        order.append(free[0])
        left.remove(free[0])
    return tuple(order) if conflict(order) is None else None


def _of(module: ModuleType) -> Iterator[Registered]:
    """The scenarios of one file. Errors: `InputError` that names the file and what is missing or misnamed."""
    family = module.__name__.rpartition(".")[2]
    variants = getattr(module, "VARIANTS", None) or {family: getattr(module, "SCENARIO", None)}
    description = inspect.getdoc(module)
    if not description:
        raise InputError(
            f"scenarios/{family}.py has no docstring.",
            hint="The report prints it: write why the strategy should work.",
        )
    for name, scenario in variants.items():
        if not isinstance(scenario, Scenario):
            raise InputError(
                f"scenarios/{family}.py defines no scenario.",
                hint="Set SCENARIO = Scenario(…) or VARIANTS = {name: Scenario(…)}.",
            )
        if any(loss.table is None for loss in scenario.losses) != (scenario.keeps is not None):
            raise InputError(
                f"scenarios/{family}.py: {name} declares `keeps` without lost_rows(…), or lost_rows(…) without `keeps`.",
                hint="Declare both or neither.",
            )
        if not name.startswith(family) or "+" in name:
            raise InputError(
                f"scenarios/{family}.py names a variant '{name}'.",
                hint=f"Let its name begin with '{family}' and contain no '+'.",
            )
        yield Registered(name=name, family=family, description=description, scenario=scenario)
