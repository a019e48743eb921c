"""The text files of source trees, and the skipped files with the reasons."""

from __future__ import annotations

import io
import os
import re
import stat
import tokenize
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from lab import paths
from lab.errors import InputError
from lab.usage.values import Place, SkippedPath, Source

LARGEST = 4 << 20
"""Bytes; nobody writes a larger source file by hand."""

NOT_OURS = {
    ".git": "the history, not the code",
    ".hg": "the history, not the code",
    ".svn": "the history, not the code",
    "node_modules": "installed packages",
    "site-packages": "installed packages",
    "__pycache__": "compiled code",
    ".mypy_cache": "a cache",
    ".pytest_cache": "a cache",
    ".ruff_cache": "a cache",
    ".tox": "test environments",
    ".nox": "test environments",
}
LANGUAGES = {".py": "Python", ".pyi": "Python", ".pyw": "Python", ".sql": "SQL", ".psql": "SQL", ".ddl": "SQL"}
DOCUMENTS = {".md", ".rst", ".adoc", ".txt", ".csv", ".tsv", ".log", ".lock"}
TEST = re.compile(r"(^|/)(tests?|__tests__|e2e|spec)/|(^|/)(test_[^/]*|[^/]*_test|conftest)\.py$|\.(test|spec)\.\w+$")
MIGRATION = re.compile(r"(^|/)(migrations?|alembic)/")
_READABLE = "Name a folder or file of the application's sources that you may read."
REVISION = re.compile(r"^down_revision\b", re.MULTILINE)


def collect(roots: Sequence[Path]) -> tuple[list[Source], list[SkippedPath]]:
    """Every text file below `roots` once, in the order of paths, and the files that were skipped.

    Errors: `InputError` where a root does not exist, cannot be read or is no file or folder, or none is given.
    """
    if not roots:
        raise InputError("No source was given.", hint="Name the folders or files of the application.")
    sources: list[Source] = []
    skipped: list[SkippedPath] = []
    seen: set[str] = set()
    for root, called in zip(roots, _called([Path(os.path.realpath(root)) for root in roots]), strict=True):
        for path, shown in _files(root, called, skipped):
            if (real := os.path.realpath(path)) not in seen:
                seen.add(real)
                result = _source(path, shown)
                (sources if isinstance(result, Source) else skipped).append(result)  # type: ignore[arg-type]
    return sources, skipped


def _called(roots: Sequence[Path]) -> Iterator[str]:
    """The prefix of the paths below each root: the end of its path that differs from the others; empty for a single root."""
    for root in roots:
        others = [path.parts for path in roots if path != root]
        tails = (root.parts[-count:] for count in range(1, len(root.parts) + 1))
        tail = next(tail for tail in tails if not any(other[-len(tail) :] == tail for other in others))
        yield PurePosixPath(*tail).as_posix() if others else ""


def _files(root: Path, called: str, skipped: list[SkippedPath]) -> Iterator[tuple[Path, str]]:
    if not _is_folder(root):
        yield root, called or root.name
        return
    prefix = f"{called}/" if called else ""

    def unreadable(error: OSError) -> None:
        if Path(error.filename) == root:
            raise InputError(f"{root} cannot be listed: {error.strerror}.", hint=_READABLE) from error
        shown = Path(error.filename).relative_to(root).as_posix()
        skipped.append(SkippedPath(path=f"{prefix}{shown}/", reason=f"cannot be listed: {error.strerror}"))

    for folder, folders, names in os.walk(root, onerror=unreadable):
        below = Path(folder)
        shown = f"{prefix}{'' if below == root else below.relative_to(root).as_posix() + '/'}"
        for name in sorted(folders):
            if reason := _folder_reason(below / name):
                skipped.append(SkippedPath(path=f"{shown}{name}/", reason=reason))
                folders.remove(name)
        folders.sort()
        yield from ((below / name, shown + name) for name in sorted(names))


def _is_folder(root: Path) -> bool:
    """Whether it is a folder, not a file; `InputError` if it is neither."""
    try:
        mode = root.stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"There is no {root}.", hint=_READABLE) from error
    except OSError as error:
        raise InputError(f"{root} cannot be read: {error.strerror}.", hint=_READABLE) from error
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise InputError(f"{root} is neither a file nor a folder.", hint=_READABLE)
    return stat.S_ISDIR(mode)


def _folder_reason(folder: Path) -> str | None:
    try:
        if folder.is_symlink():
            return "a symbolic link to a folder: give its target as a source if it holds code"
        if (folder / "pyvenv.cfg").exists():
            return "a virtual environment"
    except OSError as error:
        return f"cannot be listed: {error.strerror}"
    return NOT_OURS.get(folder.name)


def _source(path: Path, shown: str) -> Source | SkippedPath:
    try:
        data = paths.read(path, largest=LARGEST)
    except OSError as error:
        return SkippedPath(path=shown, reason=f"cannot be read: {error.strerror}")
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    if b"\0" in data and not wide:
        return SkippedPath(path=shown, reason="binary")
    suffix = PurePosixPath(shown).suffix.lower()
    language = LANGUAGES.get(suffix, suffix or "no suffix")
    text, encoded = _decoded(data, "utf-16" if wide else _encoding(data, language))
    return Source(path=shown, language=language, place=_place(shown, suffix, text), text=text, encoded=encoded)


def _encoding(data: bytes, language: str) -> str:
    """UTF-8, or the encoding that a Python file declares; empty if there is no such encoding."""
    if language != "Python":
        return "utf-8-sig"
    try:
        return tokenize.detect_encoding(io.BytesIO(data).readline)[0]
    except SyntaxError:
        return ""


def _decoded(data: bytes, encoding: str) -> tuple[str, bool]:
    try:
        text, encoded = data.decode(encoding), True
    except (UnicodeDecodeError, LookupError):
        text, encoded = data.decode("latin-1"), False
    return text.replace("\r\n", "\n").replace("\r", "\n"), encoded


def _place(shown: str, suffix: str, text: str) -> Place:
    if MIGRATION.search(shown) or (suffix == ".py" and REVISION.search(text)):
        return Place.MIGRATION
    if TEST.search(shown):
        return Place.TEST
    return Place.DOCUMENT if suffix in DOCUMENTS else Place.CODE
