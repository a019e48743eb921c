"""A scenario as a trial uses it after its steps: its clients have a deadline, and whatever they raise is explained."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from lab.client import explained
from lab.scenario import Scenario
from lab.trial.deadline import Deadline


def bounded(scenario: Scenario, deadline: Deadline) -> Scenario:
    """The same scenario; the deadline counts only while one of its clients works, anew for each call, and for all rows of one."""
    within = partial(_within, deadline)
    return replace(
        scenario,
        decodes={
            column: replace(decoding, open=within(f"decode {column}", decoding.open))
            for column, decoding in scenario.decodes.items()
        },
        archives={
            column: replace(archive, open=within(f"look up {column}", archive.open))
            for column, archive in scenario.archives.items()
        },
        write={
            table: replace(
                writing,
                client=tuple(replace(step, convert=within(step.name, step.convert)) for step in writing.client),
            )
            for table, writing in scenario.write.items()
        },
    )


def _within(deadline: Deadline, do: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """That function, and what it returns where that is called, or asked for one value after the other, in its turn."""

    def call(*values: object) -> Any:
        with _working(deadline, do):
            result = function(*values)
        if callable(result):
            return _within(deadline, do, result)
        return _each(deadline, do, result) if isinstance(result, Iterator) else result

    return call


def _each(deadline: Deadline, do: str, values: Iterator[Any]) -> Iterator[Any]:
    """All values together have the time of one call, so that one without an end is ended."""
    left, end = deadline.seconds, object()
    while True:
        with _working(deadline, do, left):
            value = next(values, end)
            left = deadline.left
        if value is end:
            return
        yield value


@contextmanager
def _working(deadline: Deadline, do: str, seconds: float | None = None) -> Iterator[None]:
    deadline.restart(seconds)
    try:
        with explained(do):
            yield
    finally:
        deadline.pause()
