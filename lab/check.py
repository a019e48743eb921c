"""Asks a real database, read-only, whether a strategy may run there; nothing is written, and nothing waits for long."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from lab import files
from lab.errors import DatabaseError, ServerError
from lab.needs import missing
from lab.profiling.catalog import dependants
from lab.profiling.catalog.absent import locked
from lab.profiling.catalog.session import ReadOnlySession, open_session
from lab.profiling.catalog.tables import read_tables
from lab.profiling.migration import from_format_1
from lab.scenario import Need, Requirement, Scenario
from lab.servers.probe import capabilities_of
from lab.values import Capabilities, DatabaseCheck, RequirementAnswer
from lab.values.events import Message, Progress

FORMAT = 2
# 2  As of a profile: a foreign key has a field for its table.

_AGAIN = "`lab check`"
_OTHER_KINDS = {"v": "it is a view", "m": "it is a materialized view", "f": "it is a foreign table"}


def check(dsn: str, strategy: str, scenario: Scenario, progress: Progress) -> DatabaseCheck:
    """What the database behind `dsn` answers; a requirement that takes more than a minute is not known.

    Errors: `InputError` for an unusable `dsn`, `ServerError` where the connection cannot be made or is lost.
    """
    with open_session(dsn) as source:
        offered = capabilities_of(source)
        needs = (_offers(offered, need) for need in sorted(scenario.needs))
        rows = (_answer(source, requirement, progress) for requirement in scenario.requirements)
        tables = read_tables(source, without=locked(source), standby=False)
        return DatabaseCheck(
            format=FORMAT,
            strategy=strategy,
            database=source.value("SELECT current_database()::text"),
            server=offered.postgres,
            taken=datetime.now(UTC).isoformat(timespec="seconds"),
            requirements=(*needs, *rows),
            dependants=dependants.read(source, [table for table in tables if table.label in scenario.changes]),
            absent=tuple(table for table in scenario.changes if table not in {each.label for each in tables}),
        )


def _offers(offered: Capabilities, need: Need) -> RequirementAnswer:
    lacking = missing(offered, [need])
    return RequirementAnswer(name=f"The server offers {need}", broken=len(lacking), reason=", ".join(lacking))


def _answer(source: ReadOnlySession, requirement: Requirement, progress: Progress) -> RequirementAnswer:
    progress(Message(text=requirement.name))
    try:
        ((broken,),) = source.fetch_public(requirement.sql)
    except (DatabaseError, ServerError) as error:
        if source.closed:
            raise
        return RequirementAnswer(name=requirement.name, broken=None, reason=error.message)
    return RequirementAnswer(
        name=requirement.name,
        broken=broken,
        reason=_instead(source, requirement) if broken and requirement.table else "",
    )


def _instead(source: ReadOnlySession, requirement: Requirement) -> str:
    """What is there in place of the table that the requirement needs."""
    kinds = source.fetch_public(f"SELECT relkind::text FROM pg_class WHERE oid = to_regclass('{requirement.table}')")
    if not kinds:
        return f"there is no table {requirement.table}"
    ((kind,),) = kinds
    return _OTHER_KINDS.get(kind, requirement.otherwise)


def text(answer: DatabaseCheck) -> str:
    """The check as JSON; no connection string is in it."""
    return files.to_json(DatabaseCheck, answer)


def load(path: Path) -> DatabaseCheck:
    """Read a check; errors as `lab.files.load`."""
    return files.load(DatabaseCheck, path, expected=FORMAT, again=_AGAIN, older={1: from_format_1})
