"""The container engine, its images and the lab's containers and volumes; the only module that uses testcontainers' core."""

from __future__ import annotations

import json
import os
import platform
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict
from typing import Any

import docker
import requests
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.models.containers import Container
from docker.models.images import Image
from docker.models.volumes import Volume
from testcontainers.core.config import testcontainers_config
from testcontainers.core.docker_client import DockerClient, get_docker_host
from testcontainers.core.labels import create_labels

from lab.errors import ServerError, UnavailableError
from lab.servers.processes import Identity
from lab.values.events import Message, Progress

_OWNER = "storage-lab.owner"
_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_ANSWERING_S = 10
_WORKING_S = 120  # to remove large data, or to start a container on a busy machine
_DEFAULT_HOST = "unix:///var/run/docker.sock"


def reach() -> docker.DockerClient:
    """The engine at `DOCKER_HOST`, at the current context or at the usual socket.

    Errors: `UnavailableError` where no engine answers or this account may not use it.
    """
    host = get_docker_host() or _DEFAULT_HOST
    try:
        client = DockerClient(timeout=_ANSWERING_S).client
        client.ping()
        _settle_reaper(client)
    except (DockerException, requests.RequestException, OSError) as error:
        if "Permission denied" in str(error):
            raise UnavailableError(
                f"This account may not use the container engine at {host}.",
                hint="Add it to the engine's group (sudo usermod -aG docker $USER) and log in again.",
            ) from None
        raise UnavailableError(
            f"No container engine answers at {host}.", hint="Start Docker, or set DOCKER_HOST to its address."
        ) from None
    client.api.timeout = _WORKING_S
    return client


def _settle_reaper(client: docker.DockerClient) -> None:
    """Use testcontainers' reaper only where its image is present; the run's own reaper works everywhere."""
    if "TESTCONTAINERS_RYUK_DISABLED" not in os.environ:
        testcontainers_config.ryuk_disabled = not has_image(client, testcontainers_config.ryuk_image)


def describe(client: docker.DockerClient) -> str:
    """The engine's name, release and address."""
    version = client.version()
    return f"{version['Platform']['Name'] or 'Docker'} {version['Version']} at {get_docker_host() or _DEFAULT_HOST}"


def reaper_image() -> str:
    """The image of testcontainers' own reaper."""
    return testcontainers_config.ryuk_image


def has_image(client: docker.DockerClient, name: str) -> bool:
    """Whether the engine has that image."""
    try:
        client.images.get(name)
    except ImageNotFound:
        return False
    return True


def wanted(name: str) -> list[str]:
    """The image, in words, where an engine answers and does not have it."""
    try:
        client = reach()
    except UnavailableError:
        return []
    with closing(client), asking():
        return [] if has_image(client, name) else [f"the image {name}"]


def image(client: docker.DockerClient, name: str, within_s: float, progress: Progress) -> Image:
    """That image; pulled where the engine does not have it.

    Errors: `UnavailableError` where the pull fails or exceeds the time limit.
    """
    if not has_image(client, name):
        if not within_s:
            raise UnavailableError(f"The container engine does not have the image {name}.", hint=_get(name))
        progress(Message(text=f"pulling the image {name} (for at most {within_s:.0f} s)"))
        _pull(client, name, within_s)
    held: Image = client.images.get(name)
    return held


def _pull(client: docker.DockerClient, name: str, within_s: float) -> None:
    complaints: list[str] = []
    pulling = threading.Thread(target=_pull_to_its_end, args=(client, name, complaints), daemon=True)
    pulling.start()
    pulling.join(within_s)
    hint = _get(name)
    if pulling.is_alive():
        raise UnavailableError(f"The image {name} was not pulled within {within_s:.0f} s.", hint=hint)
    if complaints:
        raise UnavailableError(f"The image {name} cannot be pulled.", hint=f"The engine says: {complaints[0]}. {hint}")


def _get(name: str) -> str:
    return f"Try `docker pull {name}`, or name another with --image."


def _pull_to_its_end(client: docker.DockerClient, name: str, complaints: list[str]) -> None:
    """Pull, and add what the engine complains about to `complaints`."""
    repository, _, tag = name.rpartition(":") if ":" in name.rpartition("/")[2] else (name, "", "latest")
    try:
        with closing(client.api.pull(repository, tag=tag, stream=True, decode=True)) as lines:
            complaints.extend(line["error"] for line in lines if "error" in line)
    except (DockerException, requests.RequestException) as error:
        complaints.append(_words(error))


@contextmanager
def asking() -> Iterator[None]:
    """Turn the engine's errors and time-outs into a `ServerError`."""
    try:
        yield
    except NotFound as error:
        raise ServerError(f"Somebody removed it: {_words(error)}.") from error
    except APIError as error:
        raise ServerError(f"The container engine refused: {_words(error)}.", hint=_advice(_words(error))) from error
    except (DockerException, requests.RequestException) as error:
        raise ServerError("The container engine does not answer any more.", hint="Is it still running?") from error


def _words(error: Exception) -> str:
    said = error.explanation if isinstance(error, APIError) and error.explanation else error
    return str(said).strip().rstrip(".")


def _advice(words: str) -> str:
    if "port is already allocated" in words or "address already in use" in words:
        return "Another program uses that port. Choose another --port, or omit it to let the engine choose."
    return ""


def uninterrupted(request: Callable[[], None]) -> None:
    """Make a request without interruption, so that the lab knows, and can remove, everything that it creates.

    Holds back signals such as Ctrl-C and raises them again afterwards. Only the main thread is ever interrupted.
    """
    if threading.current_thread() is not threading.main_thread():
        request()
        return
    came: list[int] = []
    before = {number: signal.signal(number, lambda number, _: came.append(number)) for number in _ENDINGS}
    try:
        request()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for late in came:
            signal.raise_signal(late)


def labels(owner: Identity) -> dict[str, str]:
    """Labels that mark a container or volume as owned by that process of this machine and user."""
    whose = asdict(owner) | {"machine": platform.node(), "user": os.geteuid()}
    return {_OWNER: json.dumps(whose)}


def new_volume(client: docker.DockerClient, name: str, marks: dict[str, str]) -> Volume:
    """An empty volume, also labelled for testcontainers' reaper."""
    volume: Volume = client.volumes.create(name, labels=create_labels("", marks))
    return volume


def remove(what: Container | Volume) -> None:
    """Remove a container with its anonymous volumes, or a volume; harmless if it is gone."""
    try:
        what.remove(force=True, **({"v": True} if isinstance(what, Container) else {}))
    except NotFound:
        return
    except APIError as error:
        if "already in progress" not in _words(error):  # by another run that cleans up
            raise


def clean(skipped: Callable[[str], None]) -> list[str]:
    """Remove containers and volumes of dead runs of this user and machine; returns a line for each.

    Removes nothing if no engine answers. Calls `skipped` with a sentence for each label that no lab wrote.
    """
    try:
        client = reach()
    except UnavailableError:
        return []
    with asking(), closing(client):
        ours: list[Container | Volume] = [
            *client.containers.list(all=True, filters={"label": _OWNER}, ignore_removed=True),
            *client.volumes.list(filters={"label": _OWNER}),
        ]
        left = [resource for resource in ours if _is_left_behind(resource, skipped)]
        for resource in left:
            remove(resource)
    return [f"{word(resource)} {resource.name}" for resource in left]


def word(what: Container | Volume) -> str:
    """The kind of resource, as a word."""
    return "container" if isinstance(what, Container) else "volume"


def _labels(what: Container | Volume) -> Mapping[str, Any]:
    return what.labels if isinstance(what, Container) else what.attrs["Labels"]


def _is_left_behind(what: Container | Volume, skipped: Callable[[str], None]) -> bool:
    try:
        whose = json.loads(_labels(what)[_OWNER])
        if (whose.pop("machine"), whose.pop("user")) != (platform.node(), os.geteuid()):
            return False
        return Identity.parsed(whose).process() is None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        skipped(f"The {word(what)} {what.name} was left alone: no lab wrote its label {_OWNER}.")
        return False
