"""The account that runs PostgreSQL where the lab runs as root, because PostgreSQL refuses to."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.errors import ServerError


@dataclass(frozen=True, kw_only=True)
class Account:
    """An unprivileged account that root starts servers as."""

    name: str
    uid: int
    gid: int

    def own(self, folder: Path) -> None:
        """Give the folder to the account, readable by nobody else."""
        os.chown(folder, self.uid, self.gid)
        folder.chmod(0o700)

    def require_entrance(self, folder: Path) -> None:
        """Refuse a folder that the account cannot pass through, for instance because TMPDIR is private to root."""
        command = ["test", "-x", str(folder)]
        environment = {"PATH": os.defpath}
        if subprocess.run(command, check=False, cwd="/", env=environment, **popen_options(self)).returncode != 0:
            raise ServerError(
                f"The account {self.name} cannot enter {folder}.",
                hint="Set TMPDIR to a folder that others may pass through.",
            )


def server_account() -> Account | None:
    """The account that servers run as; None where the lab itself does not run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        entry = _entry(name)
        if entry and entry.pw_uid != 0:
            return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise ServerError(
        "PostgreSQL does not run as root, and there is no account 'postgres' or 'nobody' to run it.",
        hint="Start the lab as a normal user.",
    )


def popen_options(account: Account | None) -> dict[str, Any]:
    """Arguments for `subprocess` to start a process as the account."""
    return {} if account is None else {"user": account.uid, "group": account.gid, "extra_groups": []}


def _entry(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None
