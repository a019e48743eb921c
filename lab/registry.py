"""What scenarios there are, by their names, and how they combine.

A name says all that a trial needs: values other than the defaults stand in parentheses, `retention(days=10)`, and the
same values always have the same name. Combinations are written `first+second` and applied in that order. The declarations
of the scenarios decide which combinations are possible and which belong to `all`: no file names another scenario.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import TypeVar

from lab import names
from lab.errors import InputError, LabError
from lab.scenario import Archive, Database, Decoding, Empties, Family, Scenario, Shape, Writing
from lab.scenario_files import BrokenFile, Registered, add, broken, registered
from lab.values import Value

__all__ = ["BrokenFile", "Registered", "add", "broken", "conflict", "everything", "order", "registered", "resolve"]

T = TypeVar("T")
R = TypeVar("R", Archive, Decoding)


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


@dataclass(frozen=True, kw_only=True)
class _Effects:
    """What the parts so far have done to tables and columns, each with the part that did it."""

    shapes: dict[str, Registered] = field(default_factory=dict)
    dropped: dict[str, Registered] = field(default_factory=dict)
    packed: dict[str, Registered] = field(default_factory=dict)
    archived: dict[str, Registered] = field(default_factory=dict)
    taken: dict[str, Registered] = field(default_factory=dict)
    """Columns some of whose values are no longer where or what they were."""
    client: dict[str, Registered] = field(default_factory=dict)
    """Keys of a client's steps."""

    def add(self, part: Registered) -> None:
        scenario = part.scenario
        self.shapes.update({table: part for table, shape in scenario.changes.items() if shape is not Shape.TABLE})
        self.dropped.update(dict.fromkeys(scenario.drops, part))
        self.packed.update(dict.fromkeys(scenario.decodes, part))
        self.archived.update(dict.fromkeys(scenario.archives, part))
        self.taken.update(dict.fromkeys((*scenario.archives, *scenario.decodes, *scenario.emptied), part))
        self.client.update(dict.fromkeys((step.key for step in scenario.client), part))

    def obstacles(self, part: Registered) -> Iterator[str]:
        """Why the part cannot come next."""
        name, scenario = part.name, part.scenario
        for table, first in _of(self.shapes, scenario.changes):
            yield f"{name} needs the table {table}, which {first.name} turns into a {first.scenario.changes[table]}"
        for column, first in _of(self.dropped, scenario.needs_columns):
            yield f"{name} needs the column {column}, which {first.name} drops"
        for column, first in _of(self.packed, scenario.needs_columns):
            if column not in part.removed:
                yield f"{name} needs the values of {column} as they were, which {first.name} packs"
        for column, first in _of(self.taken, scenario.archives):
            yield f"{name} needs every value of {column}, and {first.name} moves, packs or empties them"
        for column, first in _of(self.archived, scenario.emptied):
            yield f"{name} empties {column}, whose older values {first.name} moves into files"
        for key, first in _of(self.client, [step.key for step in scenario.client]):
            yield f"{name} lets a client do '{key}', and so does {first.name}"


def _of(effects: Mapping[str, Registered], names: Iterable[str]) -> Iterator[tuple[str, Registered]]:
    return ((name, effects[name]) for name in names if name in effects)


def conflict(parts: Sequence[Registered]) -> str | None:
    """Why these cannot be applied in this order, such as a part that no longer finds its table or column; None if they can."""
    effects = _Effects()
    for part in parts:
        if obstacle := next(effects.obstacles(part), None):
            return obstacle
        effects.add(part)
    keeping = [part.name for part in parts if part.scenario.keeps]
    return f"{' and '.join(keeping)} delete rows, and only one such strategy can be part" if len(keeping) > 1 else None


def resolve(given: Iterable[str]) -> tuple[Registered, ...]:
    """The scenarios that a user named, each once and under the one name that it has.

    `all`, a name, a file's name (all its variants), a name with values of its parameters, or such names joined by `+`.
    Errors: `InputError` with the nearest names, with what is wrong with its file, or with the domain that a value is outside of.
    """
    entries = registered()
    wanted = (_combination(name, entries) for text in given for name in _expand(text, entries))
    return tuple({entry.name: entry for entry in wanted}.values())


def _expand(given: str, entries: Mapping[str, Registered]) -> Iterable[str]:
    if given == "all":
        return everything()
    if given in entries:
        return (given,)
    variants = tuple(name for name, entry in entries.items() if entry.family == given)
    return variants or (given,)


def _combination(name: str, entries: Mapping[str, Registered]) -> Registered:
    parts = tuple(_lookup(part, entries) for part in names.parse(name))
    return parts[0] if len(parts) == 1 else _combined("+".join(part.name for part in parts), parts)


def _lookup(part: names.NamedScenario, entries: Mapping[str, Registered]) -> Registered:
    if part.settings:
        return _with_values(part, entries)
    if part.name in entries:
        return entries[part.name]
    raise _unknown(part.name, entries)


def _unknown(name: str, entries: Mapping[str, Registered]) -> InputError:
    for file in broken():
        if name.startswith(file.family):
            return InputError(f"{name} cannot be used. {file.words}", hint=file.hint)
    known = list(dict.fromkeys(("all", *entries, *(entry.family for entry in entries.values()))))
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    hint = f"Did you mean {' or '.join(near)}?" if near else "`lab list` shows them all."
    return InputError(f"There is no scenario '{name}'.", hint=hint)


def _with_values(part: names.NamedScenario, entries: Mapping[str, Registered]) -> Registered:
    """The scenario of that name, or of that file with its defaults, with other values of its parameters."""
    relatives = [entry for entry in entries.values() if part.name in (entry.name, entry.family)]
    if not relatives:
        raise _unknown(part.name, entries)
    origin = entries.get(part.name, relatives[0])
    if origin.kin is None:
        raise InputError(f"{part.name} has no parameters.", hint=f"Write '{part.name}'.")
    given = {parameter: names.value(part, parameter, origin.kin.parameters) for parameter in part.settings}
    values = (origin.values if part.name in entries else origin.kin.defaults) | given
    same = (entry for entry in entries.values() if entry.family == origin.family and entry.values == values)
    return next(same, None) or _other(origin, origin.kin, values)


def _other(origin: Registered, kin: Family, values: Mapping[str, Value]) -> Registered:
    """A scenario that no name stands for: its name states what differs from the defaults, in the order of declaration."""
    name = names.written(
        origin.family, {parameter: value for parameter, value in values.items() if value != kin.defaults[parameter]}
    )
    try:
        scenario = kin.scenario(values)
    except LabError as error:
        raise InputError(f"There is no {name}: {error.message}", hint=error.hint) from error
    return replace(
        origin,
        name=name,
        scenario=scenario,
        settings=kin.settings(origin.family, values),
    )


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
        empties=_emptied(several),
        empties_after_days=min((of.empties_after_days for of in several if of.empties_after_days), default=None),
        costs=_each(cost for scenario in several for cost in scenario.costs),
        origins={table: of for scenario in several for table, of in scenario.origins.items()},
        grows_with_scale=_each(table for scenario in several for table in scenario.grows_with_scale),
        write=_written(several),
        decodes=_read_by_client([scenario.decodes for scenario in several], several),
        archives=_read_by_client([scenario.archives for scenario in several], several),
        archives_after_days=min((of.archives_after_days for of in several if of.archives_after_days), default=None),
        client=_each(step for scenario in several for step in scenario.client),
        undo=_in_turn([scenario.undo for scenario in reversed(several)]),
        again=_in_turn([scenario.again for scenario in several]),
        recurring=tuple(statement for scenario in several for statement in scenario.recurring),
        varies_with=(),
        leads=False,
        follows=frozenset(),
    )
    description = f"A combination, measured as a whole: {', then '.join(part.name for part in parts)}."
    settings = _each(setting for part in parts for setting in part.settings)
    return Registered(name=name, family=name, description=description, scenario=combined, settings=settings)


def _in_turn(parts: Sequence[Callable[[Database], None] | None]) -> Callable[[Database], None] | None:
    """One after the other, of those that there are."""
    there = [part for part in parts if part]

    def work(db: Database) -> None:
        for part in there:
            part(db)

    return work if there else None


def _emptied(several: Sequence[Scenario]) -> Empties | None:
    """What all of them empty: a column of two of them where either does."""
    emptying = [scenario.empties for scenario in several if scenario.empties]

    def conditions(now: datetime) -> Mapping[str, str]:
        by_column: dict[str, list[str]] = defaultdict(list)
        for empties in emptying:
            for column, condition in empties(now).items():
                by_column[column].append(f"({condition})")
        return {column: " OR ".join(of) for column, of in by_column.items()}

    return conditions if emptying else None


def _written(several: Sequence[Scenario]) -> Mapping[str, Writing]:
    """How each table is written; where two of them say the same part of it, neither may be right after the other."""
    by_table: defaultdict[str, list[Writing]] = defaultdict(list)
    for scenario in several:
        for table, writing in scenario.write.items():
            by_table[table].append(writing)
    return {table: joined for table, writings in by_table.items() if (joined := _joined(writings))}


def _joined(writings: Sequence[Writing]) -> Writing | None:
    """The parts that they say, each of them once; None where two of them say the same."""
    said = {part.name: [w for writing in writings if (w := getattr(writing, part.name))] for part in fields(Writing)}
    if any(len(several) > 1 for several in said.values()):
        return None
    return Writing(**{part: statements for part, several in said.items() for statements in several})


def _read_by_client(declared: Sequence[Mapping[str, R]], several: Sequence[Scenario]) -> Mapping[str, R]:
    """How a client reads each column that none of them drops."""
    dropped = {column for scenario in several for column in scenario.drops}
    return {column: read for columns in declared for column, read in columns.items() if column not in dropped}


def _each(values: Iterable[T]) -> tuple[T, ...]:
    """The distinct values, in order."""
    return tuple(dict.fromkeys(values))


def _refuse_conflict(name: str, parts: tuple[Registered, ...]) -> None:
    """Errors: `InputError` that names the part, what it lacks, and the order that works where there is one."""
    reason = conflict(parts)
    if reason is None:
        return
    working = order(parts)
    hint = (
        f"Write '{'+'.join(part.name for part in working)}'." if working else "No order works: leave one of them out."
    )
    raise InputError(f"'{name}' cannot be combined: {reason}.", hint=hint)


def order(parts: Sequence[Registered]) -> tuple[Registered, ...] | None:
    """The parts in an order without a conflict, None where there is none."""
    left, placed = list(parts), list[Registered]()
    while left:
        others = {id(part): [other for other in left if other is not part] for part in left}
        free = [part for part in left if all(conflict((part, other)) is None for other in others[id(part)])]
        if not free:
            return None
        placed.append(free[0])
        left.remove(free[0])
    return tuple(placed) if conflict(placed) is None else None
