"""Which scenario runs on which server: the first one, in the order of preference, that offers what it needs."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence

from lab.errors import InputError, UnavailableError
from lab.registry import BASELINE, Registered
from lab.scenario import Need
from lab.values import Capabilities, PlannedTrial

EMBEDDED = ("native", "pglite")
"""What `--server auto` tries, in this order."""

Probe = Callable[[str], Capabilities]
"""Capabilities of a kind of server, started if need be; `UnavailableError` where this machine cannot have it."""


def kinds(server: str) -> tuple[str, ...]:
    """The kinds of server that `--server` stands for; `InputError` with the nearest names for any other."""
    if server == "auto":
        return EMBEDDED
    if server in EMBEDDED:
        return (server,)
    known = ("auto", *EMBEDDED)
    near = difflib.get_close_matches(server, known, cutoff=0.4) or known
    raise InputError(f"There is no server '{server}'.", hint=f"Did you mean {' or '.join(near)}?")


def missing(capabilities: Capabilities, needs: Iterable[Need]) -> tuple[Need, ...]:
    """Which of `needs` a server does not offer."""
    offered = {
        Need.LZ4: capabilities.lz4,
        Need.COLUMNSTORE: capabilities.timescaledb_edition == "community",
    }
    return tuple(need for need in needs if not offered[need])


def trials(entries: Sequence[Registered], among: Sequence[str], probe: Probe) -> tuple[PlannedTrial, ...]:
    """Every trial in the order it runs: server by server, between two trials of the baseline.

    A server is probed only once a scenario needs it; what cannot run anywhere is planned with its reason.
    """
    placed = [_place(entry, among, probe) for entry in entries]
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


def _place(entry: Registered, among: Sequence[str], probe: Probe) -> PlannedTrial:
    reasons = []
    for kind in among:
        try:
            lacking = missing(probe(kind), sorted(entry.scenario.needs))
        except UnavailableError as error:
            reasons.append(f"{kind}: {error}")
            continue
        if not lacking:
            return PlannedTrial(scenario=entry.name, server=kind)
        reasons.append(f"{kind} has no {' and no '.join(lacking)}")
    return PlannedTrial(scenario=entry.name, server=None, reason="; ".join(reasons))
