"""The control: a clone that nothing is done to, settled, measured and verified like every other.

It runs twice on every server. The difference between the two trials is the noise floor: a smaller change is not reported.
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
