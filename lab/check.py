"""Asks a real database, read-only, whether a strategy may run there; nothing is written, and nothing waits for long."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from lab import files
from lab.errors import DatabaseError, ServerError
from lab.profiling.catalog import dependants
from lab.profiling.catalog.absent import locked
from lab.profiling.catalog.session import ReadOnlySession, open_session
from lab.profiling.catalog.tables import read_tables
from lab.scenario import Need, Requirement, Scenario
from lab.values import DatabaseCheck, Dependant, RequirementAnswer

FORMAT = 1

_AGAIN = "`lab check`"

_NEEDS: Mapping[Need, Requirement] = {
    Need.LZ4: Requirement(
        name="The server has the TOAST compression lz4",
        sql="SELECT count(*) FROM pg_settings WHERE name = 'default_toast_compression' AND NOT 'lz4' = ANY (enumvals)",
    ),
    Need.COLUMNSTORE: Requirement(
        name="The server offers the extension timescaledb, in the Community edition",
        sql="SELECT count(*) FROM (SELECT) needed WHERE current_setting('timescaledb.license', true) = 'apache'"
        " OR NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')",
    ),
}

Progress = Callable[[str], None]


def check(dsn: str, strategy: str, scenario: Scenario, progress: Progress) -> DatabaseCheck:
    """What the database behind `dsn` answers; a requirement that takes more than a minute is not known.

    Errors: `InputError` for an unusable `dsn`, `ServerError` where the connection cannot be made or is lost.
    """
    with open_session(dsn) as source:
        ((name, server),) = source.fetch("SELECT current_database()::text, current_setting('server_version')")
        return DatabaseCheck(
            format=FORMAT,
            strategy=strategy,
            database=name,
            server=server,
            taken=datetime.now(UTC).isoformat(timespec="seconds"),
            requirements=tuple(_answer(source, one, progress) for one in _requirements(scenario)),
            dependants=_dependants(source, scenario),
        )


def _requirements(scenario: Scenario) -> Iterator[Requirement]:
    yield from (requirement for need, requirement in _NEEDS.items() if need in scenario.needs)
    yield from scenario.requirements


def _answer(source: ReadOnlySession, requirement: Requirement, progress: Progress) -> RequirementAnswer:
    progress(requirement.name)
    try:
        ((broken,),) = source.fetch_public(requirement.sql)
    except (DatabaseError, ServerError) as error:
        if source.closed:
            raise
        return RequirementAnswer(name=requirement.name, broken=None, reason=error.message)
    return RequirementAnswer(name=requirement.name, broken=broken)


def _dependants(source: ReadOnlySession, scenario: Scenario) -> tuple[Dependant, ...]:
    """What depends on the tables that the scenario changes."""
    tables = read_tables(source, without=locked(source), standby=False)
    return dependants.read(source, [table for table in tables if table.label in scenario.changes])


def text(answer: DatabaseCheck) -> str:
    """The check as JSON; no connection string is in it."""
    return files.to_json(DatabaseCheck, answer)


def load(path: Path) -> DatabaseCheck:
    """Read a check; errors as `lab.files.load`."""
    return files.load(DatabaseCheck, path, expected=FORMAT, again=_AGAIN)
