"""The command line: parse, call, print, exit code; the only place that prints or exits."""

from lab.cli import discovering, machine, measuring, results, weighing
from lab.cli.app import app, main

__all__ = ["app", "discovering", "machine", "main", "measuring", "results", "weighing"]
