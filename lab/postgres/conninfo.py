"""Parses, checks and completes connection strings, so that the environment cannot redirect a connection.

libpq fills every parameter that a connection string omits from an environment variable. It also reads a few variables
that no parameter can override. Neither may influence connections to the lab's own servers.
"""

from __future__ import annotations

import os
import threading
from urllib.parse import unquote

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lab.errors import InputError

SERVICE = "PGSERVICE"
HIDDEN = (SERVICE, "PGOPTIONS", "PGTZ", "PGDATESTYLE", "PGGEQO")
"""Variables that are hidden from libpq. Most would change how a session reads and shows values; `PGSERVICE` cannot be
overridden by a parameter, so a user's value is passed on as the parameter `service`."""

_NOT_EMPTY = {"connect_timeout": "10", "sslcertmode": "disable", "require_auth": "!gss"}
"""Parameters that must not be empty, although libpq has no built-in value for them."""

_PROTOCOLS = {"min_protocol_version": "3.0", "max_protocol_version": "3.0"}
"""The same, for parameters that libpq has since release 18."""

_OWN = {
    "sslmode": "disable",
    "gssencmode": "disable",
    "client_encoding": "utf8",
    "options": "-c statement_timeout=0",
}

_HINT = "Write %40 for @, %2F for /, %3F for ?, %23 for # and %25 for %, or set PGPASSWORD instead."


def address(dsn: str = "", **parts: str) -> str:
    """The libpq connection string `dsn`, a URL or `key=value` pairs, with some of its parts replaced.

    Errors: `InputError` where it cannot be parsed. The message never shows it, because it may contain a password.
    """
    try:
        return make_conninfo(dsn, **parts)
    except (psycopg.ProgrammingError, UnicodeEncodeError):
        raise _unreadable() from None


def parts_of(dsn: str) -> dict[str, str]:
    """The parts of a connection string by libpq's names, password included; errors as `address`."""
    parts = {name: str(value) for name, value in conninfo_to_dict(address(dsn)).items() if value is not None}
    if not all(port.isdecimal() for port in parts.get("port", "5432").split(",")):
        raise _unreadable()  # libpq's message would show the "port", which may be a password whose @host is missing
    return parts


def own_server(**parts: str) -> str:
    """The connection string of a server that the lab started; it states every parameter that has a variable.

    `parts` must contain host, port, user, password and dbname. Give any password to a server that asks for none;
    otherwise libpq looks for a password file. No default of a database ends the first statements of a session.
    """
    return address(**_stated() | _OWN | parts)


def users_server(dsn: str, **defaults: str) -> str:
    """The connection string of a user's server. libpq's variables, except `HIDDEN`, fill in what it omits.

    `defaults` apply to parts that the string omits. `PGHOSTADDR` does not override a host in the string.
    Errors: `InputError` where the string cannot be parsed or is ambiguous.
    """
    require_unambiguous(dsn)
    parts = parts_of(dsn)
    service = hidden_variables.value(SERVICE)
    if service and "service" not in parts:
        parts["service"] = service
    if "host" in parts and "service" not in parts:
        parts.setdefault("hostaddr", "")
    return address(**defaults | parts | {"client_encoding": "utf8"})


def require_unambiguous(dsn: str) -> None:
    """Refuse a URL whose user or password contains an unescaped special character.

    libpq would take part of the password for a host and show it in its messages.
    Errors: `InputError`; the message shows no part of the string.
    """
    scheme, separator, rest = dsn.partition("://")
    if not (separator and scheme.startswith("postgres")):
        return
    userinfo, _, host = rest.rpartition("@")
    password = unquote(userinfo.partition(":")[2])
    if set("@/?# ") & set(userinfo) or "@" in host or (userinfo and password != parts_of(dsn).get("password", "")):
        raise InputError(
            "The connection string is ambiguous: its user or password contains a character that must be escaped.",
            hint=_HINT,
        )


def portable(parts: dict[str, str]) -> str:
    """A connection string that older releases of libpq understand."""
    return address(**{name: value for name, value in parts.items() if name not in _PROTOCOLS})


class _HiddenVariables:
    """Takes the `HIDDEN` variables out of this process's environment while at least one thread is inside."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._taken: dict[str, str] = {}

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            self._taken.update({name: os.environ.pop(name) for name in HIDDEN if name in os.environ})

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                os.environ.update(self._taken)
                self._taken.clear()

    def value(self, name: str) -> str:
        """The user's value, even while it is hidden; empty where the variable is not set."""
        with self._lock:
            return self._taken.get(name) or os.environ.get(name, "")


hidden_variables = _HiddenVariables()
"""Enter it around each connection attempt; several threads may be inside at a time."""


def _stated() -> dict[str, str]:
    """Each parameter that has a variable, with libpq's built-in value; `service` would need an existing service."""
    options = [option for option in pq.Conninfo.get_defaults() if option.envvar and option.keyword != b"service"]
    built_in = {option.keyword.decode(): (option.compiled or b"").decode() for option in options}
    return built_in | {name: value for name, value in (_NOT_EMPTY | _PROTOCOLS).items() if name in built_in}


def _unreadable() -> InputError:
    return InputError(
        "The connection string cannot be read.",
        hint="Write postgresql://user@host:5432/database, with %40 for an @ in a name or a password.",
    )
