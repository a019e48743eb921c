"""Reads the files of `scenarios/` and of further folders; a broken file is kept apart, and the others are read all the same.

A file is a family. It holds `SCENARIO` (named like the file), `VARIANTS` (names that begin with the file's name), or
`FAMILY` (a function of declared parameters, with names for some of their values). A file whose name begins with `_` holds
shared code and no scenario.
"""

from __future__ import annotations

import importlib
import inspect
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
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
    def removed(self) -> tuple[str, ...]:
        """The columns that lose values in the database: dropped, emptied in some rows, or moved into files."""
        return (*self.scenario.drops, *self.scenario.emptied, *self.scenario.archives)

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


@dataclass(frozen=True, kw_only=True)
class BrokenFile:
    """A file of scenarios that cannot be used; none of its scenarios exists."""

    family: str
    file: str
    line: int | None
    """Where the error arose, in this file or in one that it imports; None where it is about the whole file."""
    error: str
    hint: str

    @property
    def words(self) -> str:
        """Where and why, in a line."""
        return f"{self.file}{f', line {self.line}' if self.line else ''}: {self.error}"


def add(folder: Path) -> None:
    """Also read the scenarios in that folder, from now on; its files may import each other as `scenarios.NAME`.

    Errors: `InputError` where it is no folder, or a name in it exists already.
    """
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}.", hint="--scenarios names a folder with files of scenarios.")
    path = str(folder.resolve())
    if path in scenarios.__path__:
        return
    taken = {file.stem: file for file in _files()}
    for file in sorted(folder.glob("*.py")):
        if other := taken.get(file.stem):
            raise InputError(f"{file} has the name of {_shown(other)}.", hint="Give it a name of its own.")
    scenarios.__path__.append(path)
    names_so_far: dict[str, Registered] = {}
    for entry in _read()[0]:
        if other_entry := names_so_far.get(entry.name):
            scenarios.__path__.remove(path)
            raise InputError(
                f"{folder / entry.family}.py names a scenario '{entry.name}', which {other_entry.family}.py has already.",
                hint="Give it a name of its own.",
            )
        names_so_far[entry.name] = entry


def registered() -> dict[str, Registered]:
    """Every scenario by name: the controls first, then by folder and file name."""
    entries, _ = _read()
    entries.sort(key=lambda entry: entry.scenario.category is not Category.CONTROL)
    return {entry.name: entry for entry in entries}


def broken() -> tuple[BrokenFile, ...]:
    """Every file that cannot be used."""
    return tuple(_read()[1])


def _files() -> Iterator[Path]:
    return (file for folder in scenarios.__path__ for file in sorted(Path(folder).glob("*.py")))


def _read() -> tuple[list[Registered], list[BrokenFile]]:
    entries: list[Registered] = []
    broken: list[BrokenFile] = []
    for file in (file for file in _files() if not file.stem.startswith("_")):
        try:
            entries += _of(importlib.import_module(f"scenarios.{file.stem}"), file.stem)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - it is somebody's code, and may raise anything
            broken.append(_broken(file, error))
    return entries, broken


def _broken(file: Path, error: BaseException) -> BrokenFile:
    at, line = _place(error) or (file, None)
    if isinstance(error, InputError):
        words, hint = error.message, error.hint
    else:
        said = error.msg if isinstance(error, SyntaxError) else str(error)
        words = f"{type(error).__name__}: {said}"
        hint = f"Mend the file; until then nothing of {_shown(file)} can be used."
    return BrokenFile(family=file.stem, file=_shown(at), line=line, error=words, hint=hint)


def _place(error: BaseException) -> tuple[Path, int | None] | None:
    """The innermost file of scenarios that the error passed through, and the line; None where there is none."""
    if isinstance(error, SyntaxError) and error.filename:
        return Path(error.filename), error.lineno
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if str(Path(frame.filename).parent) in scenarios.__path__:
            return Path(frame.filename), frame.lineno
    return None


def _shown(file: Path) -> str:
    """The file as a person knows it."""
    return f"scenarios/{file.name}" if str(file.parent) == scenarios.__path__[0] else str(file)


@cache  # a search resolves thousands of names; a file that is read anew is another module
def _of(module: ModuleType, family: str) -> tuple[Registered, ...]:
    """The scenarios of one file. Errors: `InputError` that says what is missing or misnamed."""
    description = inspect.getdoc(module)
    if not description:
        raise InputError("It has no docstring.", hint="The report prints it: write why the strategy should work.")
    entries = tuple(_declared(module, family, description))
    for entry in entries:
        _require_sound(entry)
    return entries


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
        for parameter, value in values.items():
            domain = kin.parameters.get(parameter)
            if domain is None or domain.read(str(value)) != value or names.RESERVED & set(f"{parameter}{value}"):
                raise InputError(
                    f"It gives {parameter} the value '{value}'.",
                    hint=f"Declare the parameter with that value, without any of {' '.join(sorted(names.RESERVED))}.",
                )
    if kin.defaults not in [{**kin.defaults, **values} for values in named.values()]:
        raise InputError(
            "It has no name for the defaults of its parameters.",
            hint="Let one of `named` stand for them.",
        )
    return named


def _require_sound(entry: Registered) -> None:
    name, scenario = entry.name, entry.scenario
    if not isinstance(scenario, Scenario):
        raise InputError(
            "It defines no scenario.",
            hint="Set SCENARIO = Scenario(…), VARIANTS = {name: Scenario(…)} or FAMILY = Family(…).",
        )
    if any(loss.table is None for loss in scenario.losses) != (scenario.keeps is not None):
        raise InputError(
            f"{name} declares `keeps` without lost_rows(…), or lost_rows(…) without `keeps`.",
            hint="Declare both or neither.",
        )
    if any(loss.rows is not None for loss in scenario.losses) != (scenario.empties is not None):
        raise InputError(
            f"{name} declares `empties` without lost_values(…), or lost_values(…) without `empties`.",
            hint="Declare both or neither.",
        )
    keys = [step.key for step in scenario.client]
    if "" in keys or len({*keys}) < len(keys):
        raise InputError(
            f"{name} declares a client's step without a key, or two with the same key.",
            hint="Give each ClientStep in `client` a key of its own, such as 'pack-readings'.",
        )
    if name in names.WORDS:
        raise InputError(
            f"It names a scenario '{name}', which has a meaning of its own.", hint="Give the file another name."
        )
    if not name.startswith(entry.family) or names.RESERVED & set(name):
        raise InputError(
            f"It names a variant '{name}'.",
            hint=f"Let its name begin with '{entry.family}' and contain none of {' '.join(sorted(names.RESERVED))}.",
        )
