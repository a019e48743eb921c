"""Which trials are taken from the cache, and what a cache or a source that cannot be read does to a search."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import pytest

from lab import runs
from lab.errors import InputError
from lab.runner.environment import environment
from lab.search.cache import TrialCache, code_digest
from lab.servers import Server
from lab.values import Capabilities, Completed, Environment, PlannedTrial, TrialRecord, TrialRequest
from tests.support import SAMPLE

EXPERIMENT = runs.load(SAMPLE)
COMPLETED = next(outcome for outcome in EXPERIMENT.outcomes if isinstance(outcome, Completed))
RECORD = TrialRecord(template=EXPERIMENT.templates[0], outcome=COMPLETED, took=1.0)
REQUEST = TrialRequest(
    planned=PlannedTrial(scenario=COMPLETED.scenario, server=COMPLETED.server),
    dataset=EXPERIMENT.plan.dataset,
    case_sha256="",
    timed=True,
    step_seconds=1.0,
)
NOBODY = 65534


@dataclass(frozen=True)
class Described:
    """What the cache asks of a server."""

    origin: str = "programs"
    private: bool = True
    capabilities: Capabilities = field(default_factory=lambda: EXPERIMENT.templates[0].capabilities)


SERVER = cast("Server", Described())


def cache(folder: Path, code: str = "") -> TrialCache:
    return TrialCache(code=code, folder=folder)


@contextmanager
def as_ordinary_user() -> Iterator[None]:
    """Without the rights of root, if it is root."""
    root = os.geteuid() == 0
    try:
        if root:
            os.seteuid(NOBODY)
        yield
    finally:
        if root:
            os.seteuid(0)


def test_a_trial_is_read_as_it_was_measured(tmp_path: Path) -> None:
    cache(tmp_path).put(REQUEST, SERVER, RECORD)
    assert cache(tmp_path).get(REQUEST, SERVER) == RECORD
    assert cache(tmp_path, code="other sources").get(REQUEST, SERVER) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda here: replace(here, cpu="another model"),
        lambda here: replace(here, cpu_governor="another governor"),
        lambda here: replace(here, memory_bytes=1),
        lambda here: replace(here, python="3.0"),
        *(
            lambda here, name=name: replace(here, libraries={**here.libraries, name: "0"})
            for name in ("zstandard", "pyarrow", "duckdb", "psycopg", "faker", "numpy")
        ),
    ],
)
def test_a_trial_of_another_environment_is_made_again(
    change: Callable[[Environment], Environment], tmp_path: Path
) -> None:
    here = cache(tmp_path)
    here.put(REQUEST, SERVER, RECORD)
    elsewhere = replace(here, environment=change(here.environment))
    assert elsewhere.get(REQUEST, SERVER) is None


def test_the_work_of_this_minute_makes_no_trial_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache(tmp_path).put(REQUEST, SERVER, RECORD)
    monkeypatch.setattr(
        "lab.search.cache.environment", lambda: replace(environment(), load_average=99.0, commit="other")
    )
    assert cache(tmp_path).get(REQUEST, SERVER) == RECORD


def test_a_cache_that_may_not_be_read_holds_nothing_and_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "locked" / "trials"
    locked = cache(folder)
    locked.put(REQUEST, SERVER, RECORD)
    folder.parent.chmod(0)
    with as_ordinary_user():
        assert locked.get(REQUEST, SERVER) is None
        locked.put(REQUEST, SERVER, RECORD)
        with pytest.raises(InputError, match=r"Trials cannot be written to .*trials: Permission denied") as caught:
            locked.check()
    assert "XDG_CACHE_HOME" in caught.value.hint


def test_a_cache_where_a_file_lies_says_so(tmp_path: Path) -> None:
    (tmp_path / "trials").write_text("", encoding="utf-8")
    odd = cache(tmp_path / "trials")
    odd.put(REQUEST, SERVER, RECORD)
    assert odd.get(REQUEST, SERVER) is None
    with pytest.raises(InputError, match="it is not a folder"):
        odd.check()


@pytest.mark.parametrize("lay", [os.mkfifo, os.mkdir])
def test_a_pipe_or_a_folder_in_place_of_a_trial_holds_nothing(lay: Callable[[Path], None], tmp_path: Path) -> None:
    here = cache(tmp_path)
    here.put(REQUEST, SERVER, RECORD)
    (file,) = tmp_path.glob("*.json")
    file.unlink()
    lay(file)
    assert here.get(REQUEST, SERVER) is None
    here.put(REQUEST, SERVER, RECORD)


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An importable package of its own, where every account may read."""
    with TemporaryDirectory() as above:
        Path(above).chmod(0o755)
        folder = Path(above, "sources_of_a_test")
        folder.mkdir()
        (folder / "__init__.py").write_text("", encoding="utf-8")
        monkeypatch.syspath_prepend(above)
        importlib.invalidate_caches()
        yield folder
        sys.modules.pop(folder.name, None)


def digest(package: Path) -> str:
    return code_digest([package.name])


def test_the_digest_of_sources_changes_with_their_content_and_their_folder(package: Path) -> None:
    seen = {digest(package)}
    (package / "a").mkdir()
    (package / "a" / "one.sql").write_text("SELECT 1", encoding="utf-8")
    seen.add(digest(package))
    (package / "a" / "one.sql").write_text("SELECT 2", encoding="utf-8")
    seen.add(digest(package))
    (package / "a").rename(package / "b")
    seen.add(digest(package))
    assert len(seen) == 4


@pytest.mark.parametrize(
    "lay", [os.mkdir, os.mkfifo, lambda path: path.symlink_to("nowhere"), lambda path: path.symlink_to(path)]
)
def test_what_is_named_like_a_source_and_is_no_file_is_left_out(lay: Callable[[Path], None], package: Path) -> None:
    before = digest(package)
    lay(package / "odd.py")
    assert digest(package) == before


def test_a_source_may_have_a_name_that_is_not_utf_8(package: Path) -> None:
    before = digest(package)
    (package / os.fsdecode(b"\xff.py")).write_text("", encoding="utf-8")
    assert digest(package) != before


def test_a_source_that_may_not_be_read_is_one_sentence(package: Path) -> None:
    (package / "secret.py").touch(mode=0)
    with as_ordinary_user(), pytest.raises(InputError, match=r"secret\.py cannot be read: Permission denied") as caught:
        digest(package)
    assert caught.value.hint
