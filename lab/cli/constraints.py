"""Constraints as they are written on the command line."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from functools import partial, wraps
from inspect import Parameter, Signature, signature
from typing import Annotated, Any, TypeAlias

import typer

from lab.errors import InputError
from lab.units import parse_bytes, parse_days, parse_duration, parse_ratio
from lab.values import Constraints

Target = Annotated[
    str | None,
    typer.Option("--target", help="The size that the database must stay under, such as 10GB; default: the case's."),
]
Horizon = Annotated[
    str | None, typer.Option("--horizon", help="For how many days of growth the target must hold, such as 90d.")
]
KeepHistory = Annotated[bool, typer.Option("--keep-history", help="No row may be deleted.")]
Keep = Annotated[
    list[str] | None,
    typer.Option(
        "--keep", metavar="COLUMN[:DAYS]", help="A column whose values must stay, such as raw_response:7d; repeatable."
    ),
]
MaxRead = Annotated[
    str | None,
    typer.Option("--max-read", help="How many times as long as before a read may take, such as 1.1x."),
]
MaxLock = Annotated[
    str | None, typer.Option("--max-lock", help="How long a migration may keep anybody waiting, such as 100ms.")
]


Asked: TypeAlias = Callable[[], Constraints]
"""Reads what was asked; errors as `constraints`."""


def constrained(command: Callable[..., None]) -> Callable[..., None]:
    """A command with the options of `constraints` in the place of its parameter `asked: Asked`.

    It reads them when it calls `asked`: after the scenarios of own folders, which may name further columns.
    """
    options = signature(constraints, eval_str=True).parameters

    @wraps(command)
    def with_options(**values: Any) -> None:
        asked = partial(constraints, **{name: values.pop(name) for name in options})
        command(**values, asked=asked)

    own = signature(command, eval_str=True).parameters.values()
    shown = [option for parameter in own for option in (options.values() if parameter.name == "asked" else [parameter])]
    # typer reads both.
    vars(with_options)["__signature__"] = Signature([option.replace(kind=Parameter.KEYWORD_ONLY) for option in shown])
    with_options.__annotations__ = {option.name: option.annotation for option in shown}
    return with_options


def constraints(
    *,
    target: Target = None,
    horizon: Horizon = None,
    keep_history: KeepHistory = False,
    keep: Keep = None,
    max_read: MaxRead = None,
    max_lock: MaxLock = None,
) -> Constraints:
    """The constraints that the options state. Errors: `InputError` for a value that cannot be read, in one sentence."""
    return Constraints(
        target_bytes=None if target is None else parse_bytes(target),
        horizon_days=None if horizon is None else parse_days(horizon),
        keep_history=keep_history,
        keep=dict(_columns(keep or ())),
        max_read=None if max_read is None else parse_ratio(max_read),
        max_lock_seconds=None if max_lock is None else parse_duration(max_lock),
    )


def _columns(texts: Sequence[str]) -> Iterator[tuple[str, int | None]]:
    known = _columns_given_up()
    for text in texts:
        column, colon, days = text.partition(":")
        if column not in known:
            near = difflib.get_close_matches(column, known) or sorted(known)
            raise InputError(
                f"No strategy gives up a column '{column}', so nothing has to keep it.",
                hint=f"Did you mean {' or '.join(near)}?",
            )
        yield column, parse_days(days) if colon else None


def _columns_given_up() -> set[str]:
    """The columns that any scenario drops or empties, with and without their tables."""
    from lab import registry

    losses = [loss for entry in registry.registered().values() for loss in entry.scenario.losses if loss.column]
    return {str(loss.column) for loss in losses} | {f"{loss.table}.{loss.column}" for loss in losses}
