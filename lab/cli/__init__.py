"""The command line: parse, call, print, exit code; the only place that prints or exits."""

from lab.cli import comparing, discovering, machine, measuring, results, weighing
from lab.cli.app import app, main

__all__ = ["app", "comparing", "discovering", "machine", "main", "measuring", "results", "weighing"]
