"""The plan in numbered files, and the objects that depend on the tables that it replaces."""

from lab.discovery.plan.files import (
    PROGRAM,
    RECURRING,
    WRITING,
    Library,
    PlanFile,
    plan_files,
    unknown_to,
)
from lab.discovery.plan.order import removal_steps
from lab.discovery.plan.programs import AGAIN, HEADER, READ, UNDO

BESIDE = (RECURRING, WRITING, AGAIN.name, READ.name, UNDO.name)
"""Files beside the numbered ones, where a strategy has them."""

__all__ = [
    "AGAIN",
    "BESIDE",
    "HEADER",
    "PROGRAM",
    "READ",
    "RECURRING",
    "UNDO",
    "WRITING",
    "Library",
    "PlanFile",
    "plan_files",
    "removal_steps",
    "unknown_to",
]
