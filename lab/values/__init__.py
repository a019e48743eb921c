"""The frozen values that travel between the steps of a run; standard library only.

Bytes are bytes on disk, seconds are wall-clock seconds, and what was not measured is `None`, never 0.
"""

from lab.values.experiment import (
    Capabilities,
    CaseFacts,
    DatasetSpec,
    Environment,
    Experiment,
    LoadedTemplate,
    Plan,
    PlannedTrial,
    RateTrial,
    ScenarioFacts,
)
from lab.values.footprint import EXTENSION_CATALOG, Footprint, TableFootprint
from lab.values.outcome import (
    Answer,
    Completed,
    Failed,
    Mismatch,
    Outcome,
    Skipped,
    Statement,
    StepRecord,
    Verdict,
    Verification,
)
from lab.values.profile import (
    ColumnProfile,
    Day,
    Forecast,
    Growth,
    IndexProfile,
    Profile,
    Retention,
    Series,
    TableProfile,
    TimePath,
)

__all__ = [
    "EXTENSION_CATALOG",
    "Answer",
    "Capabilities",
    "CaseFacts",
    "ColumnProfile",
    "Completed",
    "DatasetSpec",
    "Day",
    "Environment",
    "Experiment",
    "Failed",
    "Footprint",
    "Forecast",
    "Growth",
    "IndexProfile",
    "LoadedTemplate",
    "Mismatch",
    "Outcome",
    "Plan",
    "PlannedTrial",
    "Profile",
    "RateTrial",
    "Retention",
    "ScenarioFacts",
    "Series",
    "Skipped",
    "Statement",
    "StepRecord",
    "TableFootprint",
    "TableProfile",
    "TimePath",
    "Verdict",
    "Verification",
]
