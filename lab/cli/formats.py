"""Every JSON document that the lab writes or prints, with its type; the schemas are made from these."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from data_gen.case import Case
from lab import check, files, runs
from lab.analysis.fidelity import Figure
from lab.analysis.history import RunHeadline
from lab.analysis.profile_change import SizeChange
from lab.cli.event_line import EventLine
from lab.errors import InputError
from lab.profiling import survey
from lab.registry import BrokenFile, Registered
from lab.report import markers
from lab.report.comparison import ComparisonSummary
from lab.report.summary import RunSummary
from lab.report.table import Table
from lab.servers.inventory import Prerequisite
from lab.usage.values import Usage
from lab.values import (
    AuxiliaryTrial,
    Category,
    DatabaseCheck,
    Experiment,
    Outcome,
    PlannedTrial,
    Profile,
    Setting,
)


@dataclass(frozen=True, kw_only=True)
class ListedScenario:
    """A scenario or combination, as it declares itself."""

    scenario: str
    category: Category
    title: str
    needs: tuple[str, ...]
    """Features that the server must offer."""
    gives_up: tuple[str, ...]
    """The data that are lost on purpose, in words."""
    parameters: tuple[Setting, ...]


@dataclass(frozen=True, kw_only=True)
class ScenarioList:
    """Every scenario and combination that `all` includes, and the files that cannot be used."""

    format: Literal[1] = 1
    scenarios: tuple[ListedScenario, ...]
    broken: tuple[BrokenFile, ...]


@dataclass(frozen=True, kw_only=True)
class History:
    """The runs of a folder, oldest first."""

    format: Literal[1] = 1
    runs: tuple[RunHeadline, ...]
    unreadable: tuple[str, ...]
    """Why a run is not among them, a sentence each."""


@dataclass(frozen=True, kw_only=True)
class ProfileChanges:
    """What became of a database between two profiles: the whole database, then its tables."""

    format: Literal[1] = 1
    changes: tuple[SizeChange, ...]


@dataclass(frozen=True, kw_only=True)
class UsageList:
    """How the sources use each column that was asked for."""

    format: Literal[1] = 1
    usages: tuple[Usage, ...]


@dataclass(frozen=True, kw_only=True)
class FigureAnswer:
    """One published number beside the generated one."""

    name: str
    published: float
    generated: float | None
    """None where it could not be measured on this server."""
    unit: str
    allowed: float
    """Largest allowed distance from the published number, in `unit`."""
    holds: bool | None
    """Whether the distance is allowed; None where it was not measured."""


@dataclass(frozen=True, kw_only=True)
class FidelityAnswer:
    """How near a generated database is to the one that it imitates."""

    format: Literal[1] = 1
    figures: tuple[FigureAnswer, ...]
    trust: str
    """Whether a run on it may be trusted, and why not; one sentence."""


@dataclass(frozen=True, kw_only=True)
class MachineDiagnosis:
    """What this machine offers, and on which server each scenario runs."""

    format: Literal[1] = 1
    findings: tuple[Prerequisite, ...]
    trials: tuple[PlannedTrial, ...]


@dataclass(frozen=True, kw_only=True)
class Removed:
    """What was removed, a line each."""

    format: Literal[1] = 1
    removed: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DocumentFormat:
    """One kind of document."""

    kind: Any
    """Its type."""
    made_by: str
    printed: bool = True
    """Whether a command prints it, with every field; a file may be older than some of them."""
    version: int | None = 1
    """Its `format`; None where the document has none, because it lies in a folder that has one, or is told by its fields."""

    def schema(self, name: str) -> str:
        """Its JSON Schema."""
        return files.schema(self.kind, title=name, printed=self.printed)


FORMATS: Mapping[str, DocumentFormat] = {
    "profile": DocumentFormat(
        kind=Profile, made_by="`lab profile -o`, `lab profile --json`", printed=False, version=survey.FORMAT
    ),
    "case": DocumentFormat(kind=Case, made_by="`lab run --profile`: `case.json` of a run", printed=False, version=None),
    "experiment": DocumentFormat(
        kind=Experiment, made_by="`lab run`: `experiment.json` of a run", printed=False, version=runs.FORMAT
    ),
    "outcome": DocumentFormat(
        kind=Outcome, made_by="`lab run`: each file in `outcomes/` of a run", printed=False, version=None
    ),
    "auxiliary": DocumentFormat(
        kind=AuxiliaryTrial, made_by="`lab run`: each file in `auxiliary/` of a run", printed=False, version=None
    ),
    "check": DocumentFormat(
        kind=DatabaseCheck, made_by="`lab check -o`, `lab check --json`", printed=False, version=check.FORMAT
    ),
    "run": DocumentFormat(kind=RunSummary, made_by="`lab run --json`, `lab report --json`", version=2),
    "event": DocumentFormat(kind=EventLine, made_by="`lab run --json=lines`, a line each"),
    "list": DocumentFormat(kind=ScenarioList, made_by="`lab list --json`"),
    "compare": DocumentFormat(kind=ComparisonSummary, made_by="`lab compare --json`"),
    "history": DocumentFormat(kind=History, made_by="`lab history --json`"),
    "changes": DocumentFormat(kind=ProfileChanges, made_by="`lab profile FILE FILE --json`"),
    "usage": DocumentFormat(kind=UsageList, made_by="`lab usage --json`"),
    "fidelity": DocumentFormat(kind=FidelityAnswer, made_by="`lab fidelity --json`"),
    "doctor": DocumentFormat(kind=MachineDiagnosis, made_by="`lab doctor --json`"),
    "clean": DocumentFormat(kind=Removed, made_by="`lab clean --json`"),
}


def table(name: Callable[[str], str] = str) -> Table:
    """Every kind of document under that name of it: what makes it, and its number."""
    rows = tuple(
        (name(kind), form.made_by, None if form.version is None else str(form.version))
        for kind, form in FORMATS.items()
    )
    return Table(title="JSON documents", heads=("schema", "made by", "format"), rows=rows, left=2)


def with_list(document: str) -> str:
    """The document with that table between markers, linked to the schemas beside it. Errors: as `lab.report.markers`."""
    linked = table(lambda kind: f"[{kind}](schemas/{kind}.json)")
    return markers.put(document, {"formats": linked.markdown()})


def schema(name: str) -> str:
    """The JSON Schema of a kind of document. Errors: `InputError` where there is no such kind."""
    if name not in FORMATS:
        raise InputError(f"There is no schema '{name}'.", hint=f"There are {', '.join(FORMATS)}.")
    return FORMATS[name].schema(name)


def listed(entry: Registered) -> ListedScenario:
    """A scenario as `lab list --json` prints it."""
    scenario = entry.scenario
    return ListedScenario(
        scenario=entry.name,
        category=scenario.category,
        title=scenario.title,
        needs=tuple(need.value for need in sorted(scenario.needs)),
        gives_up=scenario.given_up,
        parameters=entry.settings,
    )


def fidelity(figures: Iterable[Figure], trust: str) -> FidelityAnswer:
    """The figures as `lab fidelity --json` prints them."""
    answers = tuple(
        FigureAnswer(
            name=figure.name,
            published=figure.published,
            generated=figure.generated,
            unit=figure.unit,
            allowed=figure.allowed,
            holds=figure.holds,
        )
        for figure in figures
    )
    return FidelityAnswer(figures=answers, trust=trust)
