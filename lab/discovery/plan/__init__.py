"""The plan in numbered files, and the objects that depend on the tables that it replaces."""

from lab.discovery.plan.files import (
    PROGRAM,
    RECURRING,
    Library,
    PlanFile,
    plan_files,
    unknown_to,
)
from lab.discovery.plan.order import removal_steps
from lab.discovery.plan.programs import AGAIN, HEADER, READ, UNDO

__all__ = [
    "AGAIN",
    "HEADER",
    "PROGRAM",
    "READ",
    "RECURRING",
    "UNDO",
    "Library",
    "PlanFile",
    "plan_files",
    "removal_steps",
    "unknown_to",
]
