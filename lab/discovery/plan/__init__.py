"""The SQL of the plan in numbered files, and the objects that depend on the tables that it replaces."""

from lab.discovery.plan.files import HEADER, RECURRING, PlanFile, client_statements, plan_files
from lab.discovery.plan.order import removal_steps

__all__ = ["HEADER", "RECURRING", "PlanFile", "client_statements", "plan_files", "removal_steps"]
