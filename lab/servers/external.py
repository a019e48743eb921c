"""A server that exists already. The lab creates its own databases there, and removes them."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

from lab.errors import DatabaseError, InputError, LabError, ServerError
from lab.postgres.conninfo import address, parts_of, users_server
from lab.postgres.database import Database
from lab.servers.cluster import MARK, Cluster, drop_database
from lab.servers.installation import OLDEST_MAJOR
from lab.servers.probe import capabilities_of
from lab.servers.settings import SESSION
from lab.servers.workspace import Workspace
from lab.values import Capabilities
from lab.values.events import Message, Progress

_HEARTBEAT = "storage lab, run "
"""A run keeps a connection open as long as it lives; the connection's name is this and the run's token."""

_LOST_AFTER = {
    # A network that drops is noticed within half a minute, not after the two hours of the kernel's own settings.
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
    "connect_timeout": "10",
}
_PAUSES = (0.1, 0.5, 2.0, 5.0)
"""Seconds after each try to remove the databases of a run that did not remove all."""
_ROLE = """
SELECT current_user::text, current_setting('server_version'), current_setting('server_version_num')::int / 10000,
       rolcreatedb OR rolsuper, pg_is_in_recovery()
FROM pg_roles WHERE rolname = current_user
"""


class ExternalServer(Cluster):
    """A managed or local PostgreSQL, by its connection string; its role only needs the right to create databases."""

    kind = "external"
    origin = "a server that existed already"
    private = False

    def __init__(self, workspace: Workspace, dsn: str, progress: Progress) -> None:
        super().__init__(prefix="storage_lab_{token}_")
        self._closed = False
        self._dsn = _checked(dsn)
        self._progress = progress
        progress(Message(text="connecting to the server"))
        self._heartbeat_lock = threading.Lock()
        self._heartbeat = self._open_heartbeat()
        try:
            _require_usable(self._heartbeat)
            workspace.register_for_cleanup(dsn)
            self.capabilities = self._probe()
        except BaseException:
            self.close()
            raise

    def free_bytes(self) -> int | None:
        """None, because the disk of a user's server is not visible."""
        return None

    def close(self) -> None:
        """Remove every database of this run."""
        with self._heartbeat_lock:
            if self._closed:
                return
            self._closed = True
            self._catalogue.close()
        try:
            with _connect(self._dsn) as database:
                _remove_marked(database, self.token)
                for (name,) in database.fetch(_LEFT, [self._prefix]):
                    self._progress(
                        Message(
                            text=f"The database '{name}' does not carry this run's mark any more: it was left alone."
                        )
                    )
        except LabError as error:
            self._progress(
                Message(text=f"databases {self._prefix}… may remain; `lab clean --server …` removes them: {error}")
            )
        self._heartbeat.close()

    def _reach(self, database: str | None = None) -> Database:
        self._keep_heartbeat()
        return _connect(self._dsn, **({"dbname": database} if database else {}))

    def _open_heartbeat(self) -> Database:
        return _connect(self._dsn, application_name=_HEARTBEAT + self.token)

    def _keep_heartbeat(self) -> None:
        """Reopen the heartbeat if the network dropped it; without it another run would take this one for dead."""
        with self._heartbeat_lock:
            self._catalogue.require_running()
            try:
                self._heartbeat.execute("SELECT 1")
            except ServerError:
                self._heartbeat.close()
                self._heartbeat = self._open_heartbeat()

    def _probe(self) -> Capabilities:
        """What the server offers this role; only creating the extension shows whether the role may do so."""
        self.create("probe")
        with self.connect("probe") as database:
            with suppress(DatabaseError):
                database.execute("CREATE EXTENSION timescaledb")
            capabilities = capabilities_of(database)
        self.drop("probe")
        return capabilities


def clean(dsn: str) -> list[str]:
    """Remove the databases of dead runs on that server; returns what was removed, in words.

    Errors: as connecting.
    """
    with _connect(_checked(dsn)) as database:
        tokens = [token for (token,) in database.fetch(_TOKENS, [f"{MARK}%"])]
        alive = {name for (name,) in database.fetch("SELECT application_name FROM pg_stat_activity")}
        dead = [token for token in tokens if _HEARTBEAT + token not in alive]
        return [line for token in dead for line in _remove_marked(database, token)]


_TOKENS = f"""
SELECT DISTINCT substr(shobj_description(oid, 'pg_database'), {len(MARK) + 1})
FROM pg_database WHERE shobj_description(oid, 'pg_database') LIKE %s AND pg_has_role(datdba, 'USAGE')
"""
"""Tokens of the runs whose databases this role may remove."""

_LEFT = "SELECT datname::text FROM pg_database WHERE starts_with(datname, %s) ORDER BY 1"


def _remove_marked(database: Database, token: str) -> list[str]:
    """Remove all databases of that run, also while its own threads still remove some of them; returns those, in words.

    Errors: `DatabaseError` of one that stays; the others are gone all the same.
    """
    removed: list[str] = []
    kept: DatabaseError | None = None
    for seconds in _PAUSES:
        kept = None
        for name in _marked(database, token):
            try:
                drop_database(database, name)
            except DatabaseError as error:
                kept = error  # a thread was first, or its work has not ended within the server's 5 seconds
            else:
                removed.append(f"database {name}")
        if kept is None:
            return removed
        time.sleep(seconds)
    if kept is not None and _marked(database, token):
        raise kept
    return removed


def _marked(database: Database, token: str) -> list[str]:
    return [
        str(name)
        for (name,) in database.fetch(
            "SELECT datname::text FROM pg_database WHERE shobj_description(oid, 'pg_database') = %s ORDER BY 1",
            [MARK + token],
        )
    ]


def _checked(dsn: str) -> str:
    """The connection string with the settings of every session of the lab; errors as `users_server`."""
    asked = users_server(dsn, dbname="postgres", **_LOST_AFTER)
    settings = [f"-c {name}={_escaped(value)}" for name, value in (SESSION | {"timezone": "UTC"}).items()]
    return address(asked, options=" ".join([parts_of(asked).get("options", ""), *settings]).strip())


def _escaped(value: str) -> str:
    """A value inside `options`, where a blank separates and a backslash escapes."""
    return value.replace("\\", "\\\\").replace(" ", "\\ ")


def _connect(dsn: str, **parts: str) -> Database:
    try:
        return Database.connect(address(dsn, **parts))
    except LabError as error:
        raise InputError(f"{error}.", hint=_advice(str(error))) from None


def _advice(words: str) -> str:
    """The next step, chosen by the message of the server or the network."""
    by_message = {
        "password authentication failed": "Check user and password; PGPASSWORD or ~/.pgpass keep it out of sight.",
        "no password supplied": "Give the password as PGPASSWORD or in ~/.pgpass.",
        "does not exist": "Check the name; a database to connect to for administration is usually 'postgres'.",
        "resolve host": "Check the host's name.",
        "Connection refused": "Check host and port, and that the server runs and listens there.",
    }
    return next((advice for part, advice in by_message.items() if part in words), "Check host, port and network.")


def _require_usable(database: Database) -> None:
    ((role, version, major, may_create, replica),) = database.fetch(_ROLE)
    if major < OLDEST_MAJOR:
        raise InputError(f"That server is PostgreSQL {version}. The lab needs {OLDEST_MAJOR} or newer.")
    if replica:
        raise InputError("That server is a replica. The lab cannot create databases there.", hint="Name its primary.")
    if not may_create:
        raise InputError(
            f"The role '{role}' may not create databases on that server.",
            hint=f'Ask an administrator to run: ALTER ROLE "{role}" CREATEDB',
        )
