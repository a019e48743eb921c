"""What tests of every room share: where things lie, and how to wait for another process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "results" / "sample"
FORMAT_1 = ROOT / "tests" / "lab" / "format_1"
"""A run that the lab wrote in its first format, with a few of its trials."""
CASES = ROOT / "data_gen" / "cases"


def sampled(values: Iterable[Any], *, every: int) -> list[Any]:
    """The values as parameters of a test; only each `every`-th of them, from the first, is tried in a quick run."""
    return [pytest.param(value, marks=pytest.mark.slow if place % every else ()) for place, value in enumerate(values)]


def wait_until(condition: Callable[[], object], *, seconds: float = 120) -> None:
    """Ask again and again until it holds; fail after so long, which is far more than it takes."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"This did not come to hold within {seconds:g} s."
        time.sleep(0.02)
