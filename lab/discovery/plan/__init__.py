"""The plan's SQL in numbered files, and what depends on the tables that it replaces."""

from lab.discovery.plan.files import HEADER, PlanFile, plan_files
from lab.discovery.plan.order import removal_steps

__all__ = ["HEADER", "PlanFile", "plan_files", "removal_steps"]
