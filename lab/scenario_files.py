"""Reads the files of `scenarios/`, and refuses a broken one with an error.

A file is a family. It holds `SCENARIO` (named like the file), `VARIANTS` (names that begin with the file's name), or
`FAMILY` (a function of declared parameters, with names for some of their values). A file whose name begins with `_` holds
shared code and no scenario.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType

import scenarios
from lab import names
from lab.errors import InputError
from lab.scenario import Category, Family, Scenario
from lab.values import ScenarioFacts, Setting, Value


@dataclass(frozen=True, kw_only=True)
class Registered:
    """A scenario with its name, the file it comes from and that file's docstring."""

    name: str
    family: str
    description: str
    scenario: Scenario
    settings: tuple[Setting, ...] = ()
    """Its parameters with their values; of a combination, those of all parts."""
    kin: Family | None = None
    """What makes it with other values; None where it has no parameters."""

    @property
    def values(self) -> dict[str, Value]:
        """Parameter to value."""
        return {setting.parameter: setting.value for setting in self.settings}

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
            empties_after_days=scenario.empties_after_days,
            settings=self.settings,
            recurring=scenario.recurring,
            archives=tuple(scenario.archives),
            archives_after_days=scenario.archives_after_days,
        )


def registered() -> dict[str, Registered]:
    """Every scenario by name: the controls first, then by file name."""
    files = (info.name for info in pkgutil.iter_modules(scenarios.__path__))
    modules = (importlib.import_module(f"scenarios.{file}") for file in files if not file.startswith("_"))
    entries = [entry for module in modules for entry in _of(module)]
    entries.sort(key=lambda entry: entry.scenario.category is not Category.CONTROL)
    return {entry.name: entry for entry in entries}


def _of(module: ModuleType) -> Iterator[Registered]:
    """The scenarios of one file. Errors: `InputError` that names the file and what is missing or misnamed."""
    family = module.__name__.rpartition(".")[2]
    description = inspect.getdoc(module)
    if not description:
        raise InputError(
            f"scenarios/{family}.py has no docstring.",
            hint="The report prints it: write why the strategy should work.",
        )
    for entry in _declared(module, family, description):
        _require_sound(entry)
        yield entry


def _declared(module: ModuleType, family: str, description: str) -> Iterator[Registered]:
    """As the file declares them; a scenario may be something else, which `_require_sound` finds."""
    kin = getattr(module, "FAMILY", None)
    if isinstance(kin, Family):
        for name, given in _named(family, kin).items():
            values = {**kin.defaults, **given}
            yield Registered(
                name=name,
                family=family,
                description=description,
                scenario=kin.scenario(values),
                settings=kin.settings(family, values),
                kin=kin,
            )
        return
    variants = getattr(module, "VARIANTS", None) or {family: getattr(module, "SCENARIO", None)}
    for name, scenario in variants.items():
        yield Registered(name=name, family=family, description=description, scenario=scenario)


def _named(family: str, kin: Family) -> Mapping[str, Mapping[str, Value]]:
    """Name to its values. Errors: `InputError` for a value outside of its domain, or where no name stands for the defaults."""
    named = kin.named or {family: {}}
    for values in (kin.defaults, *named.values()):
        for one, value in values.items():
            domain = kin.parameters.get(one)
            if domain is None or domain.read(str(value)) != value or names.RESERVED & set(f"{one}{value}"):
                raise InputError(
                    f"scenarios/{family}.py gives {one} the value '{value}'.",
                    hint=f"Declare the parameter with that value, without any of {' '.join(sorted(names.RESERVED))}.",
                )
    if kin.defaults not in [{**kin.defaults, **values} for values in named.values()]:
        raise InputError(
            f"scenarios/{family}.py has no name for the defaults of its parameters.",
            hint="Let one of `named` stand for them.",
        )
    return named


def _require_sound(entry: Registered) -> None:
    file, name, scenario = f"scenarios/{entry.family}.py", entry.name, entry.scenario
    if not isinstance(scenario, Scenario):
        raise InputError(
            f"{file} defines no scenario.",
            hint="Set SCENARIO = Scenario(…), VARIANTS = {name: Scenario(…)} or FAMILY = Family(…).",
        )
    if any(loss.table is None for loss in scenario.losses) != (scenario.keeps is not None):
        raise InputError(
            f"{file}: {name} declares `keeps` without lost_rows(…), or lost_rows(…) without `keeps`.",
            hint="Declare both or neither.",
        )
    if any(loss.rows is not None for loss in scenario.losses) != (scenario.empties is not None):
        raise InputError(
            f"{file}: {name} declares `empties` without lost_values(…), or lost_values(…) without `empties`.",
            hint="Declare both or neither.",
        )
    if not name.startswith(entry.family) or names.RESERVED & set(name):
        raise InputError(
            f"{file} names a variant '{name}'.",
            hint=f"Let its name begin with '{entry.family}' and contain none of {' '.join(sorted(names.RESERVED))}.",
        )
