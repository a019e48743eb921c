"""Finds the scenarios by looking into their folder; loud when one is broken.

A file is a family. It holds `SCENARIO` (named like the file) or `VARIANTS` (names that begin with the file's name).
Combinations are written `first+second` and applied in that order.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import ModuleType

import scenarios
from lab.errors import InputError
from lab.scenario import Category, Database, Scenario


@dataclass(frozen=True, kw_only=True)
class Registered:
    """A scenario with its name, the file it comes from and that file's docstring."""

    name: str
    family: str
    description: str
    scenario: Scenario


def registered() -> dict[str, Registered]:
    """Every scenario by name: the controls first, then by file name."""
    modules = (importlib.import_module(f"scenarios.{info.name}") for info in pkgutil.iter_modules(scenarios.__path__))
    found = [entry for module in modules for entry in _of(module)]
    found.sort(key=lambda entry: entry.scenario.category is not Category.CONTROL)
    return {entry.name: entry for entry in found}


def everything() -> tuple[str, ...]:
    """The names that `all` stands for: every scenario, and the combinations that the scenarios ask for."""
    entries = registered()
    combined = (f"{name}+{other}" for name, entry in entries.items() for other in entry.scenario.combine_with)
    return (*entries, *combined)


def resolve(names: Iterable[str]) -> tuple[Registered, ...]:
    """Scenarios for what a user wrote: `all`, a name, a file's name (all its variants), or names joined by `+`.

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
    known = list(dict.fromkeys(("all", *entries, *(entry.family for entry in entries.values()))))
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    hint = f"Did you mean {' or '.join(near)}?" if near else "`lab list` shows them all."
    raise InputError(f"There is no scenario '{name}'.", hint=hint)


def _combined(name: str, parts: tuple[Registered, ...]) -> Registered:
    """One scenario that applies `parts` in order and gives up what each of them gives up."""
    several = tuple(part.scenario for part in parts)

    def apply(db: Database) -> None:
        for scenario in several:
            scenario.apply(db)

    keeping = [scenario for scenario in several if scenario.keeps]
    if len(keeping) > 1:
        raise InputError(f"'{name}' combines two retentions.", hint="Combine one of them with other strategies.")
    combined = replace(
        several[-1],
        title=" + ".join(scenario.title for scenario in several),
        category=several[0].category,
        hypothesis="Savings are not additive: what is left after the first changes what the next can do.",
        apply=apply,
        needs=frozenset().union(*(scenario.needs for scenario in several)),
        drops=tuple(column for scenario in several for column in scenario.drops),
        keeps=keeping[0].keeps if keeping else None,
        keeps_days=keeping[0].keeps_days if keeping else None,
        loses="; ".join(scenario.loses for scenario in several if scenario.loses),
        costs=tuple(dict.fromkeys(cost for scenario in several for cost in scenario.costs)),
        origins={table: of for scenario in several for table, of in scenario.origins.items()},
        depends_on_change_rate=False,
        combine_with=(),
    )
    described = f"A combination, measured as one: {', then '.join(part.name for part in parts)}."
    return Registered(name=name, family=name, description=described, scenario=combined)


def _of(module: ModuleType) -> Iterator[Registered]:
    """The scenarios of one file; what is missing or misnamed is an error with the file's name."""
    family = module.__name__.rpartition(".")[2]
    variants = getattr(module, "VARIANTS", None) or {family: getattr(module, "SCENARIO", None)}
    description = inspect.getdoc(module)
    if not description:
        raise InputError(
            f"scenarios/{family}.py has no docstring.", hint="It is printed in the report: say why it should work."
        )
    for name, scenario in variants.items():
        if not isinstance(scenario, Scenario):
            raise InputError(
                f"scenarios/{family}.py defines no scenario.",
                hint="Set SCENARIO = Scenario(…) or VARIANTS = {name: Scenario(…)}.",
            )
        if not name.startswith(family) or "+" in name:
            raise InputError(
                f"scenarios/{family}.py names a variant '{name}'.", hint=f"A variant's name begins with '{family}'."
            )
        yield Registered(name=name, family=family, description=description, scenario=scenario)
