"""Classes that are filled from the attributes of rows, such as the schemas of an API: their fields read columns."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from lab.usage.python.facts import Declared, Function, heirs
from lab.usage.values import Access


def filled(
    facts: Sequence[Declared], functions: Sequence[Function], names: Collection[str], tables: Collection[str]
) -> dict[str, Access]:
    """Classes outside `tables` with a field in `names`: a read if rows fill them, unclear if rows may fill them."""
    answers = frozenset[str]().union(*(function.answers for function in functions))
    takes = frozenset[str]().union(*(function.takes for function in functions))
    configured = heirs(facts, {model.name for model in facts if model.from_attributes})
    access: dict[str, Access] = {}
    for name in {model.name for model in facts if not model.refers.keys().isdisjoint(names)}.difference(tables):
        users = reaching(facts, {name})
        answered, taken = not users.isdisjoint(answers), not users.isdisjoint(takes)
        if configured & heirs(facts, {name}):
            access[name] = Access.READ if answered or not taken else Access.UNCLEAR
        elif answered:
            access[name] = Access.UNCLEAR
    return access


def reaching(facts: Sequence[Declared], roots: Collection[str]) -> set[str]:
    """These classes, their subclasses, and classes with a field that holds one of them."""
    roots = set(roots)
    while more := {model.name for model in facts if model.bases.union(*model.refers.values()) & roots} - roots:
        roots |= more
    return roots
