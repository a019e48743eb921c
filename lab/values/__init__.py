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

__all__ = [
    "EXTENSION_CATALOG",
    "Answer",
    "Capabilities",
    "CaseFacts",
    "Completed",
    "DatasetSpec",
    "Environment",
    "Experiment",
    "Failed",
    "Footprint",
    "LoadedTemplate",
    "Mismatch",
    "Outcome",
    "Plan",
    "PlannedTrial",
    "RateTrial",
    "ScenarioFacts",
    "Skipped",
    "Statement",
    "StepRecord",
    "TableFootprint",
    "Verdict",
    "Verification",
]
