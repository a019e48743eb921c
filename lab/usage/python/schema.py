"""What the Python sources together declare about a column: which classes hold it, which only have its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lab.usage.python.facts import Declared, Function, declared, functions, heirs
from lab.usage.python.filled import filled, reaching
from lab.usage.python.module import UnparsableError, parse
from lab.usage.values import Access, Source


@dataclass(frozen=True, kw_only=True)
class Schema:
    """Names of classes, functions and attributes; two classes of one name are one here."""

    names: frozenset[str]
    """The column's name, and attributes of other names that hold it."""
    tables: frozenset[str]
    """Tables of the classes that declare the column."""
    entities: frozenset[str]
    """Classes and variables of tables that have the column."""
    heavy: frozenset[str]
    """Those of them that fetch the column with every row, and classes that load such a one with them."""
    rivals: frozenset[str]
    """Classes that are no table and have an attribute of that name."""
    schemas: Mapping[str, Access]
    """Classes with a field for the column that are filled from rows (read), or may be (unclear)."""
    relations: Mapping[str, frozenset[str]]
    """Attributes that lead to a heavy class, and the classes that they are attributes of."""
    speaks: Mapping[str, frozenset[str]]
    """Name of a class, function or attribute to the classes above that it stands for."""
    parameters: frozenset[str]
    """Functions with a parameter of that name."""


def gather(sources: Sequence[Source], column: str, tables: frozenset[str], likely: frozenset[str]) -> Schema:
    """Read what matters: files that name the column, then those that name a class found there, until nothing is new.

    `tables` narrows to classes of these tables; empty for all. Classes of tables that are `likely` to have the column have
    it where their columns are those that the database says.
    """
    facts: list[Declared] = []
    made: list[Function] = []
    left = list(sources)
    wanted = {column, *tables, *likely}
    while True:
        words = {name.lower() for name in wanted}
        fresh = [one for one in left if not one.words.isdisjoint(words)]
        left = [one for one in left if one.words.isdisjoint(words)]
        for source in fresh:
            _add(source, column, facts, made)
        schema = _schema(column, facts, made, tables, likely)
        known = wanted | schema.names | schema.entities | schema.heavy | reaching(facts, schema.rivals)
        if not fresh or known == wanted:
            return schema
        wanted = known


def _add(source: Source, column: str, facts: list[Declared], made: list[Function]) -> None:
    try:
        module = parse(source)
    except UnparsableError:
        return  # reported where the file is looked through by words
    facts += declared(module, column)
    made += functions(module, column)


def _schema(
    column: str,
    facts: Sequence[Declared],
    made: Sequence[Function],
    tables: frozenset[str],
    likely: frozenset[str],
) -> Schema:
    mapped = heirs(facts, {one.name for one in facts if one.mapped})
    reflected = {one.name for one in facts if one.reflected and (one.table or "").lower() in likely}
    holders = {one.name for one in facts if one.attributes or (one.table or "").lower() in tables} | reflected
    having = heirs(facts, holders)
    foreign = {one.name for one in facts if tables and one.table and one.table.lower() not in tables}
    entities = (having & mapped) - foreign
    light = heirs(facts, {one.name for one in facts if one.deferred})
    names = {column}.union(*(one.attributes for one in facts if one.name not in foreign))
    plain = {one.name for one in facts if one.name not in mapped}
    rivals = (having & plain) | (having & foreign)
    heavy = _heavy(facts, entities - light)
    speaks = _speaks(facts, made, entities | rivals | heavy)
    return Schema(
        names=frozenset(names),
        tables=frozenset(one.table.lower() for one in facts if one.table and one.name in entities),
        entities=frozenset(entities),
        heavy=frozenset(heavy),
        rivals=frozenset(rivals),
        schemas=filled(facts, made, names, mapped),
        relations=_relations(facts, heavy),
        speaks=speaks,
        parameters=frozenset(one.name for one in made if one.has_parameter),
    )


def _heavy(facts: Sequence[Declared], heavy: set[str]) -> set[str]:
    while more := {one.name for one in facts if one.eager & heavy} - heavy:
        heavy = heavy | more
    return heavy


def _relations(facts: Sequence[Declared], heavy: set[str]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for one in facts:
        for name, to in one.relationships.items():
            if to & heavy:
                found[name] = found.get(name, frozenset()) | {one.name}
    return found


def _speaks(facts: Sequence[Declared], made: Sequence[Function], known: set[str]) -> dict[str, frozenset[str]]:
    said: dict[str, frozenset[str]] = {}
    pairs = [(name, to) for one in facts for both in (one.refers, one.relationships) for name, to in both.items()]
    pairs += [(one.name, one.returns) for one in made]
    for name, to in pairs:
        if to & known:
            said[name] = said.get(name, frozenset()) | (to & known)
    return said | {name: frozenset({name}) for name in known}
