"""An empty cluster: initdb makes it once for each build of PostgreSQL; later clusters are copies, five times as fast."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from lab.errors import ServerError
from lab.servers import cache
from lab.servers.account import Account
from lab.servers.installation import Installation, runner
from lab.servers.workspace import copy_tree, writing

_OPTIONS = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")


def copy_to(data: Path, installation: Installation, account: Account | None) -> None:
    """Make the data directory `data`, which does not exist yet, for those programs and that account.

    Errors: `ServerError` where initdb fails or the disk is full.
    """

    def make(folder: Path) -> None:
        _initdb(data, installation, account)
        shutil.copytree(data, folder, dirs_exist_ok=True)

    try:
        kept = cache.kept(f"cluster-{_digest(installation)}", make)
    except OSError:  # without a writable home the run only takes longer
        kept = None
    if not data.exists():
        if kept:
            _copy(kept, data, account)
        else:
            _initdb(data, installation, account)


def _initdb(data: Path, installation: Installation, account: Account | None) -> None:
    done = runner(account)([str(installation.bin / "initdb"), *_OPTIONS, "-D", str(data)])
    if done.returncode != 0:
        raise ServerError(f"PostgreSQL could not make a cluster:\n{done.stdout.strip()}")


def _copy(kept: Path, data: Path, account: Account | None) -> None:
    copy_tree(kept, data)
    with writing(data):
        data.chmod(0o700)
        if account:
            for path in (data, *data.rglob("*")):
                os.chown(path, account.uid, account.gid)


def _digest(installation: Installation) -> str:
    """Digest of everything that decides a cluster's content. A path does not: builds move, and paths are reused."""
    with (installation.bin / "postgres").open("rb") as program:
        build = hashlib.file_digest(program, "sha256")
    build.update("\0".join(_OPTIONS).encode())
    return build.hexdigest()[:12]
