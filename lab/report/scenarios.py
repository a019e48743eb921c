"""What each file of scenarios declares, as sections of a document that people write on."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from lab.report import markers
from lab.report.templating import TEMPLATES
from lab.values import ScenarioFacts


def section(family: str, names: Mapping[str, ScenarioFacts], needs: Collection[str]) -> str:
    """One file of scenarios: what it does, why, what it loses and costs. `names` begins with the one that represents it."""
    (name, leader), *others = names.items()
    return TEMPLATES.get_template("scenario.md.j2").render(
        family=family,
        name=name,
        leader=leader,
        others=others,
        needs=sorted(needs),
        what=" ".join(leader.description.split("\n\n")[0].split()),
        guarantees=[loss.words for loss in leader.losses if loss.guarantee],
    )


def attach(document: str, sections: Mapping[str, str]) -> str:
    """The document with these sections by family, each between markers; what people wrote around them stays.

    Errors: `InputError` where markers are damaged or do not pair.
    """
    return markers.put(document, {family.replace("_", "-"): body for family, body in sections.items()})
