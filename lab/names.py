"""The names of scenarios as they are written: `name`, `name(parameter=value,parameter=value)`, and several joined by `+`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lab.errors import InputError
from lab.values import ScenarioParameter, Value

_PART = re.compile(r"(?P<name>[^()=,+]+)(?:\((?P<settings>[^()]*)\))?")
RESERVED = frozenset("()=,+")
"""What separates the parts of a name; no name and no value contains one of these."""


WORDS = frozenset({"all", "best"})
"""What `--scenario` understands by itself; no scenario has such a name."""


@dataclass(frozen=True, kw_only=True)
class NamedScenario:
    """One scenario of a name, with the values of parameters that were written behind it."""

    name: str
    settings: Mapping[str, str]
    """Parameter to the text of its value, in the order written; not checked yet."""


def parse(text: str) -> tuple[NamedScenario, ...]:
    """The parts of a name. Errors: `InputError` where it is not written like one."""
    return tuple(_part(part) for part in text.split("+"))


def value(part: NamedScenario, parameter: str, declared: Mapping[str, ScenarioParameter]) -> Value:
    """The value that was written for a parameter. Errors: `InputError` that names its domain, or the parameters there are."""
    if parameter not in declared:
        known = "; ".join(f"{name}, {domain.domain}" for name, domain in declared.items())
        raise InputError(f"{part.name} has no parameter '{parameter}'.", hint=f"It has {known}.")
    text, domain = part.settings[parameter], declared[parameter]
    read = domain.read(text)
    if read is None:
        raise InputError(f"{part.name} cannot have {parameter}={text}.", hint=f"{parameter} is {domain.domain}.")
    return read


def written(name: str, settings: Mapping[str, object]) -> str:
    """The name of one scenario with these values: the plain name where there are none."""
    values = ",".join(f"{parameter}={value}" for parameter, value in settings.items())
    return f"{name}({values})" if values else name


def _part(text: str) -> NamedScenario:
    match = _PART.fullmatch(text.strip())
    if match is None:
        raise _unreadable(text)
    pairs = [] if match["settings"] is None else [pair.partition("=") for pair in match["settings"].split(",")]
    settings = {parameter.strip(): value.strip() for parameter, _, value in pairs}
    if not all(parameter and value for parameter, value in settings.items()):
        raise _unreadable(text)
    if len(settings) < len(pairs):
        raise InputError(f"'{text}' gives a parameter twice.", hint="Give each parameter one value.")
    return NamedScenario(name=match["name"].strip(), settings=settings)


def _unreadable(text: str) -> InputError:
    return InputError(
        f"'{text}' is not written like a scenario.",
        hint="Write NAME or 'NAME(PARAMETER=VALUE,PARAMETER=VALUE)', in quotes, and + between the parts of a combination.",
    )
