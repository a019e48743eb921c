"""An experiment of an older format, as this lab reads it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from lab.values import CHANGE_RATE, GuaranteeKind

_ODDS = {
    "name": "odds",
    "scale": "event",
    "reference": "odds_snapshots",
    "parents": {"market_odds": "odds_snapshots", "competitor_market_odds": "competitor_odds_snapshots"},
    "toast_follows": {"odds_snapshots": "market_odds", "competitor_odds_snapshots": "competitor_market_odds"},
    "constant": ["sports", "bookmakers", "tournaments", "competitor_tournaments", "scrape_runs"],
    "unit": "market row",
    "unit_tables": ["market_odds", "competitor_market_odds"],
    "snapshot": "snapshot",
    "detail": "market",
    "reads": "Q1-Q5",
    "parameters": [
        {
            "name": CHANGE_RATE,
            "meaning": "how often prices change",
            "note": "The true rate is not published. 1 is the case's default: a tenth of a feed's blocks of prices per cycle"
            " in calm hours, more often before kick-off.",
        }
    ],
}
"""The only workload that there was in format 1, which does not name it."""
_UNRECORDED = ("commit", "kernel", "cpu", "cpu_governor", "load_average")
"""What format 1 does not say of the machine."""
_COLUMN = re.compile(r"column (\w+)\.(\w+)")
_CONSTRAINTS = {
    "PRIMARY KEY": GuaranteeKind.PRIMARY_KEY,
    "FOREIGN KEY": GuaranteeKind.FOREIGN_KEY,
    "UNIQUE": GuaranteeKind.UNIQUE,
    "CHECK": GuaranteeKind.CHECK,
    "EXCLUDE": GuaranteeKind.EXCLUSION,
}


def from_format_1(raw: dict[str, Any]) -> dict[str, Any]:
    """The experiment with values in place of the sentences of format 1; what it did not record stays unknown.

    `raw` is untouched. A file that is damaged stays so, for the check that follows to name it.
    """
    raw = _renamed(raw, {"side_trials": "auxiliary_trials"})
    lists = {"outcomes": _outcome, "auxiliary_trials": _auxiliary_trial, "calibration": _note}
    changed: dict[str, Any] = {}
    for key, convert in lists.items():
        changed |= _each(raw, key, convert)
    if isinstance(scenarios := raw.get("scenarios"), dict):
        changed["scenarios"] = {name: _facts(facts) for name, facts in scenarios.items()}
    if isinstance(environment := raw.get("environment"), dict):
        changed["environment"] = dict.fromkeys(_UNRECORDED) | environment
    if isinstance(case := raw.get("case"), dict):
        changed["case"] = case | {"system_bytes": case.get("system_bytes") or None}
    if isinstance(plan := raw.get("plan"), dict) and "dataset" in plan:
        changed["plan"] = plan | {"dataset": _dataset(plan["dataset"])}
    return raw | changed | {"format": 2, "workload": _ODDS}


def _each(raw: dict[str, Any], key: str, convert: Callable[[Any], Any]) -> dict[str, Any]:
    """The list under that key, converted; nothing where there is no list."""
    values = raw.get(key)
    return {key: [convert(value) for value in values]} if isinstance(values, list) else {}


def _auxiliary_trial(auxiliary: Any) -> Any:
    if not isinstance(auxiliary, dict):
        return auxiliary
    purpose = CHANGE_RATE if auxiliary.get("purpose") == "rate" else auxiliary.get("purpose")
    changed = {"outcome": _outcome(auxiliary.get("outcome")), "dataset": _dataset(auxiliary.get("dataset"))}
    return auxiliary | changed | {"purpose": purpose}


def _dataset(spec: Any) -> Any:
    """The fields of the only workload that there was under the names that every workload has."""
    if not isinstance(spec, dict) or not {"case", "events", "seed", "change_rate"} <= spec.keys():
        return spec
    parameters = {CHANGE_RATE: spec["change_rate"]}
    return {
        "workload": _ODDS["name"],
        "case": spec["case"],
        "scale": spec["events"],
        "seed": spec["seed"],
        "parameters": parameters,
    }


def _outcome(outcome: Any) -> Any:
    if not isinstance(outcome, dict):
        return outcome
    return outcome | _each(outcome, "lost", lambda line: _guarantee(str(line))) | _each(outcome, "steps", _step)


def _step(step: Any) -> Any:
    """Its one time as a list of samples."""
    if not isinstance(step, dict) or "seconds" not in step:
        return step
    seconds, renamed = step["seconds"], _renamed(step, {"seconds": "timing", "apart": "auxiliary"})
    return renamed | {"timing": None if seconds is None else {"warmups": [], "values": [seconds]}}


def _renamed(raw: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(key, key): value for key, value in raw.items()}


def _guarantee(line: str) -> dict[str, Any]:
    """From 'table: PRIMARY KEY (id)', 'table: index btree (id)', 'table.column: bigint' or 'table: survives a crash'."""
    place, _, definition = line.partition(": ")
    table, _, column = place.partition(".")
    if column:
        return {"table": table, "kind": GuaranteeKind.COLUMN, "column": column, "definition": definition}
    if definition == GuaranteeKind.DURABLE:
        return {"table": table, "kind": GuaranteeKind.DURABLE}
    if definition.startswith("index "):
        return {"table": table, "kind": GuaranteeKind.INDEX, "definition": definition.removeprefix("index ")}
    kind = next((kind for words, kind in _CONSTRAINTS.items() if definition.startswith(words)), GuaranteeKind.OTHER)
    return {"table": table, "kind": kind, "definition": definition}


def _note(line: Any) -> dict[str, str]:
    source, _, words = str(line).partition(": ")
    parameter, _, value = words.partition(": ")
    return {
        "parameter": CHANGE_RATE if parameter == "Share of prices that change in a calm cycle" else parameter,
        "value": value.removesuffix("."),
        "source": "profile" if source == "From the profile" else "assumed",
        "words": words,
    }


def _facts(facts: Any) -> Any:
    if not isinstance(facts, dict) or not isinstance(facts.get("given_up"), list):
        return facts
    return facts | {"losses": [_loss(str(words)) for words in facts["given_up"]]}


def _loss(words: str) -> dict[str, str | None]:
    column = _COLUMN.fullmatch(words)
    return {"table": column[1] if column else None, "column": column[2] if column else None, "words": words}
