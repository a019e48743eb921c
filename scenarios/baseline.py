"""The control: the same clone, settled, measured and verified like every other, with nothing done to it.

It runs twice on every server. The gap between the two is the noise floor, and nothing under it is called a change.
"""

from lab.scenario import Category, Database, Scenario


def apply(_: Database) -> None:
    """Do nothing."""


SCENARIO = Scenario(
    title="Nothing done",
    category=Category.CONTROL,
    hypothesis="Two identical trials weigh the same.",
    apply=apply,
)
