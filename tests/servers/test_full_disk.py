"""A disk that fills while a server works is named by the server, and does not keep it from being removed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from lab.errors import DatabaseError, ServerError
from lab.servers import open_server, open_workspace

_FULL = "No space left on device|disk .* is full"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A disk of 120 MB for temporary files."""
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("only root can mount a small disk, with the command mount")
    folder = Path(tempfile.mkdtemp(prefix="lab-test-"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=120m,mode=711", "tmpfs", folder], check=False, capture_output=True
    )
    if mounted.returncode == 0:
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        yield folder
        subprocess.run(["umount", folder], check=True)
    folder.rmdir()
    if mounted.returncode != 0:
        pytest.skip("a small disk cannot be mounted here")


@pytest.mark.parametrize("kind", ["native", pytest.param("pglite", marks=pytest.mark.slow)], indirect=True)
def test_a_full_disk_is_named_and_nothing_is_left(kind: str, small: Path) -> None:
    with open_workspace() as workspace:
        with open_server(kind, workspace=workspace, progress=lambda _: None) as server:
            server.create("a")
            server.seal("a")
            server.clone("a", "b")
            with server.connect("b") as database:
                database.execute("CREATE TABLE t (x text)")
                _fill(small)
                with pytest.raises((DatabaseError, ServerError), match=_FULL):
                    server.copy_in(database, "t", ["x"], [b"x" * 1000 + b"\n"] * 10_000)
            with pytest.raises(ServerError, match=_FULL):
                server.clone("a", "c")
        assert [file.name for file in workspace.path.iterdir()] == ["owner.json"]
        _fill(small)
        with (
            pytest.raises(ServerError, match=_FULL),
            open_server(kind, workspace=workspace, progress=lambda _: None),
        ):
            pass
    assert not workspace.path.exists()


def _fill(disk: Path) -> None:
    with suppress(OSError), (disk / "ballast").open("ab", buffering=0) as ballast:
        while True:
            ballast.write(bytes(65536))
