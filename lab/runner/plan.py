"""Assigns each scenario to a server: the first, in the order of preference, that meets its needs."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence

from lab.errors import InputError, UnavailableError
from lab.needs import missing
from lab.registry import Registered
from lab.values import BASELINE, Capabilities, PlannedTrial

EMBEDDED = ("native", "pglite")
"""Servers that need no set-up."""

AUTO = ("container", *EMBEDDED)
"""The kinds of server that `--server auto` tries, in this order."""

Probe = Callable[[str], Capabilities]
"""Capabilities of a kind of server, which is started if necessary; `UnavailableError` if this machine cannot run it."""


def kinds(server: str) -> tuple[str, ...]:
    """The kinds of server that `--server` stands for; a connection string is a server that exists already.

    Errors: `InputError` for any other word, with the names nearest to it. It is not shown: it may be a password.
    """
    if server == "auto":
        return AUTO
    if server in AUTO:
        return (server,)
    if any(sign in server for sign in ("://", "=", "@")):  # a mistyped one, too: it may hold a password
        return ("external",)
    words = ("auto", *AUTO)
    near = difflib.get_close_matches(server, words, cutoff=0.4) or (*words, "postgresql://…")
    raise InputError("--server names no kind of server.", hint=f"Did you mean {' or '.join(near)}?")


def trials(entries: Sequence[Registered], among: Sequence[str], probe: Probe) -> tuple[PlannedTrial, ...]:
    """Every trial in the order it runs: server by server, between two trials of the baseline.

    A server is probed only once a scenario needs it; what cannot run anywhere is planned with its reason.
    """
    placed = [place(entry, among, probe) for entry in entries]
    alone = [trial for trial in placed if trial.scenario == BASELINE]
    placed = [trial for trial in placed if trial.scenario != BASELINE]
    # The baseline needs nothing: it goes where the others go, and decides for itself only where there is no other.
    used = [kind for kind in among if any(trial.server == kind for trial in placed or alone)]
    lanes = tuple(trial for kind in used for trial in _lane(kind, placed))
    return lanes + tuple(trial for trial in (placed if used else [*alone, *placed]) if trial.server is None)


def _lane(kind: str, placed: Iterable[PlannedTrial]) -> Iterator[PlannedTrial]:
    yield PlannedTrial(scenario=BASELINE, server=kind)
    yield from (trial for trial in placed if trial.server == kind)
    yield PlannedTrial(scenario=BASELINE, server=kind, repeat=2)


def place(entry: Registered, among: Sequence[str], probe: Probe) -> PlannedTrial:
    """A trial of it on the first kind of server that meets its needs; without a server, and with the reasons, where none does."""
    reasons = []
    for kind in among:
        try:
            lacking = missing(probe(kind), sorted(entry.scenario.needs))
        except UnavailableError as error:
            reasons.append(f"{kind}: {error.message}")  # what to do about it was said when it was tried
            continue
        if not lacking:
            return PlannedTrial(scenario=entry.name, server=kind)
        reasons.append(f"{kind} has {' and '.join(lacking)}")
    return PlannedTrial(scenario=entry.name, server=None, reason="; ".join(reasons))
