"""What `pipx install .` gives: the wheel holds every file that the lab needs, and the command works far from the sources."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support import ROOT

PACKAGES = ("lab", "data_gen", "scenarios")


def copy_sources(folder: Path) -> None:
    """All that a wheel is built from."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_its_packages_and_its_command_works(tmp_path: Path) -> None:
    """Built from a copy, because a build writes beside the sources; scenarios, cases, templates and scripts are among them."""
    copy_sources(tmp_path)
    wanted = {
        path.relative_to(tmp_path).as_posix()
        for package in PACKAGES
        for path in (tmp_path / package).rglob("*")
        if path.is_file()
    }
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--wheel-dir", "dist", "."], cwd=tmp_path, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
        (points,) = (name for name in held if name.endswith("/entry_points.txt"))
        assert "lab = lab.cli:main" in archive.read(points).decode()
    assert len(wanted) > 300
    assert not wanted - held
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site)]
    subprocess.run([*command, str(wheel)], check=True, capture_output=True)
    elsewhere.mkdir()
    where = (
        "import lab, sys; print(lab.__file__); from lab.cli import main; sys.argv = ['lab', 'list', '--json']; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", where],
        cwd=elsewhere,
        env=os.environ | {"PYTHONPATH": str(site)},
        check=True,
        capture_output=True,
        text=True,
    )
    origin, listed = done.stdout.split("\n", 1)
    assert Path(origin).is_relative_to(site)
    assert json.loads(listed)["scenarios"]
    assert not json.loads(listed)["broken"]
