"""The plan's SQL in numbered files, and what depends on the tables that it replaces."""

from lab.discovery.plan.files import HEADER, PlanFile, plan_files

__all__ = ["HEADER", "PlanFile", "plan_files"]
