"""What all Python sources together declare about a column: which classes hold it, and which only share its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lab.usage.python.facts import Declared, Function, declared, functions, heirs
from lab.usage.python.filled import filled, reaching
from lab.usage.python.module import UnparsableError, parse
from lab.usage.values import Access, Source


@dataclass(frozen=True, kw_only=True)
class Schema:
    """Names of classes, functions and attributes; two classes of the same name count as one."""

    names: frozenset[str]
    """The column's name, and attributes of other names that hold it."""
    tables: frozenset[str]
    """Tables of the classes that declare the column."""
    entities: frozenset[str]
    """Classes and variables of tables that have the column."""
    eager_models: frozenset[str]
    """Entities that fetch the column with every row, and classes that load such an entity with them."""
    homonyms: frozenset[str]
    """Classes that are no table and have an attribute of that name."""
    schemas: Mapping[str, Access]
    """Classes with a field for the column that are filled from rows (read), or may be (unclear)."""
    relations: Mapping[str, frozenset[str]]
    """Attributes that lead to a class that loads the column, with the classes that have them."""
    class_aliases: Mapping[str, frozenset[str]]
    """By name of a class, function or attribute, the classes above that it stands for."""
    parameters: frozenset[str]
    """Functions with a parameter of that name."""


def gather(sources: Sequence[Source], column: str, tables: frozenset[str], likely: frozenset[str]) -> Schema:
    """Read what matters: files that name the column, then those that name a class found there, until nothing is new.

    `tables` narrows to classes of these tables; empty for all. Classes of tables that are `likely` to have the column have
    it where their columns are those that the database says.
    """
    facts: list[Declared] = []
    signatures: list[Function] = []
    left = list(sources)
    wanted = {column, *tables, *likely}
    while True:
        words = {name.lower() for name in wanted}
        fresh = [candidate for candidate in left if not candidate.words.isdisjoint(words)]
        left = [candidate for candidate in left if candidate.words.isdisjoint(words)]
        for source in fresh:
            _add(source, column, facts, signatures)
        schema = _schema(column, facts, signatures, tables, likely)
        reached = wanted | schema.names | schema.entities | schema.eager_models | reaching(facts, schema.homonyms)
        if not fresh or reached == wanted:
            return schema
        wanted = reached


def _add(source: Source, column: str, facts: list[Declared], signatures: list[Function]) -> None:
    try:
        module = parse(source)
    except UnparsableError:
        return  # reported where the file is searched by words
    facts += declared(module, column)
    signatures += functions(module, column)


def _schema(
    column: str,
    facts: Sequence[Declared],
    signatures: Sequence[Function],
    tables: frozenset[str],
    likely: frozenset[str],
) -> Schema:
    mapped = heirs(facts, {model.name for model in facts if model.mapped})
    reflected = {model.name for model in facts if model.reflected and (model.table or "").lower() in likely}
    holders = {model.name for model in facts if model.attributes or (model.table or "").lower() in tables} | reflected
    having = heirs(facts, holders)
    foreign = {model.name for model in facts if tables and model.table and model.table.lower() not in tables}
    entities = (having & mapped) - foreign
    deferred_models = heirs(facts, {model.name for model in facts if model.deferred})
    names = {column}.union(*(model.attributes for model in facts if model.name not in foreign))
    plain = {model.name for model in facts if model.name not in mapped}
    homonyms = (having & plain) | (having & foreign)
    eager_models = _eager(facts, entities - deferred_models)
    class_aliases = _class_aliases(facts, signatures, entities | homonyms | eager_models)
    return Schema(
        names=frozenset(names),
        tables=frozenset(model.table.lower() for model in facts if model.table and model.name in entities),
        entities=frozenset(entities),
        eager_models=frozenset(eager_models),
        homonyms=frozenset(homonyms),
        schemas=filled(facts, signatures, names, mapped),
        relations=_relations(facts, eager_models),
        class_aliases=class_aliases,
        parameters=frozenset(function.name for function in signatures if function.has_parameter),
    )


def _eager(facts: Sequence[Declared], eager_models: set[str]) -> set[str]:
    while more := {model.name for model in facts if model.eager & eager_models} - eager_models:
        eager_models = eager_models | more
    return eager_models


def _relations(facts: Sequence[Declared], eager_models: set[str]) -> dict[str, frozenset[str]]:
    by_name: dict[str, frozenset[str]] = {}
    for model in facts:
        for name, to in model.relationships.items():
            if to & eager_models:
                by_name[name] = by_name.get(name, frozenset()) | {model.name}
    return by_name


def _class_aliases(
    facts: Sequence[Declared], signatures: Sequence[Function], classes: set[str]
) -> dict[str, frozenset[str]]:
    aliases: dict[str, frozenset[str]] = {}
    pairs = [(name, to) for model in facts for both in (model.refers, model.relationships) for name, to in both.items()]
    pairs += [(function.name, function.returns) for function in signatures]
    for name, to in pairs:
        if to & classes:
            aliases[name] = aliases.get(name, frozenset()) | (to & classes)
    return aliases | {name: frozenset({name}) for name in classes}
