"""Which combinations are candidates: computed from declarations, nothing illegal, nothing pointless."""

from __future__ import annotations

from lab import registry
from lab.registry import Registered
from lab.scenario import Category, Choice, Database, Family, Scenario, Shape, lost_column, lost_rows, lost_values
from lab.search import space


def nothing(_: Database) -> None:
    pass


def part(name: str, **declared: object) -> Registered:
    scenario = Scenario(title=name, category=Category.COMPRESS, hypothesis="", apply=nothing, **declared)  # type: ignore[arg-type]
    return Registered(name=name, family=name, description=name, scenario=scenario)


TRIM = part("trim", changes={"t": Shape.TABLE})
VIEW = part("view", changes={"t": Shape.VIEW})
OTHER_VIEW = part("other_view", changes={"t": Shape.VIEW})
DROP = part("drop", losses=(lost_column("u.payload"),))
PACK = part("pack", needs_columns=("u.payload",))
WEEK = part("week", losses=(lost_rows("rows"),), keeps=lambda _: {}, keeps_days=7)
EMPTY = part("empty", losses=(lost_values("u.payload", "of old rows"),), empties=lambda _: {}, empties_after_days=7)


def test_the_baseline_and_every_part_alone_come_first() -> None:
    assert space.legal((TRIM, DROP))[:3] == ((), ("trim",), ("drop",))


def test_parts_stand_in_the_order_that_works() -> None:
    assert ("trim", "view") in space.legal((VIEW, TRIM))


def test_what_conflicts_in_every_order_is_no_candidate() -> None:
    assert space.legal((VIEW, OTHER_VIEW)) == ((), ("view",), ("other_view",))


def test_a_column_is_not_packed_and_dropped() -> None:
    assert len(space.legal((DROP, PACK))) == 3


def test_a_column_is_not_stored_in_another_way_and_packed_but_packed_and_emptied() -> None:
    packs = part("packs", needs_columns=("u.payload",), decodes={"u.payload": lambda _: None})
    empties = part("empties", needs_columns=("u.payload",), losses=EMPTY.scenario.losses, empties=lambda _: {})
    assert space.legal((PACK, packs, empties))[4:] == (("pack", "empties"), ("packs", "empties"))


def test_values_that_go_with_their_rows_are_not_emptied_before() -> None:
    assert len(space.legal((WEEK, EMPTY))) == 3


def test_no_more_parts_than_asked_for() -> None:
    assert max(map(len, space.legal((TRIM, VIEW, DROP), 2))) == 2


def test_each_value_of_a_choice_is_a_part_and_a_number_is_not_varied() -> None:
    names = [entry.name for entry in space.parts(registry.registered().values())]
    chosen = [
        (entry.family, parameter, len(domain.values))
        for entry in registry.registered().values()
        if isinstance(entry.kin, Family) and entry.scenario.leads
        for parameter, domain in entry.kin.parameters.items()
        if isinstance(domain, Choice)
    ]
    assert chosen
    for family, parameter, values in chosen:
        assert sum(name.startswith(f"{family}({parameter}=") for name in names) >= values - 2
    assert not any("days=" in name for name in names)


def test_every_combination_of_real_scenarios_can_be_resolved() -> None:
    among = space.parts(registry.registered().values())[:12]
    combinations = space.legal(among, 3)
    assert len(registry.resolve(map(space.name_of, combinations))) == len(combinations)
