"""The plan in numbered files, and the objects that depend on the tables that it replaces."""

from lab.discovery.plan.files import (
    PROGRAM,
    RECURRING,
    Library,
    PlanFile,
    client_statements,
    plan_files,
    unknown_to,
)
from lab.discovery.plan.order import removal_steps
from lab.discovery.plan.programs import HEADER

__all__ = [
    "HEADER",
    "PROGRAM",
    "RECURRING",
    "Library",
    "PlanFile",
    "client_statements",
    "plan_files",
    "removal_steps",
    "unknown_to",
]
