"""The calibration check: loads a workload once and compares its figures with the published or profiled ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from lab.analysis.fidelity import Figure, Published, figures
from lab.postgres.database import Database
from lab.runner.room import check_room, needed_bytes
from lab.runner.server_pool import open_pool
from lab.servers import Options, open_workspace
from lab.trial.load import load
from lab.values.events import Message, Progress
from lab.workload import Workload


class Imitation(Workload, Protocol):
    """A workload with the numbers that its database must show."""

    @property
    def figures(self) -> Sequence[Published]:
        """The figures as published, or as in the profile."""

    def measure(self, database: Database, *, lz4: bool) -> Mapping[str, float | None]:
        """The same figures of a loaded dataset, by name; None where the server cannot show one."""


@dataclass(frozen=True, kw_only=True)
class FidelityRequest:
    """What to generate and where."""

    workload: Imitation
    size_bytes: int
    seed: int
    parameters: Mapping[str, float]
    server: str
    options: Options


def measure(request: FidelityRequest, progress: Progress) -> tuple[Figure, ...]:
    """Every published figure with the figure of the generated dataset.

    Errors: `InputError` where the dataset would not fit on the server's disk, or cannot be planned.
    """
    workload = request.workload
    with (
        open_workspace(needed_bytes=needed_bytes(request.size_bytes, jobs=0)) as workspace,
        open_pool(workspace, request.options, progress) as pool,
    ):
        server = pool.server(request.server)
        # Before the dataset is planned, which would take all memory for a size mistyped by a few zeros.
        check_room([server], request.size_bytes, jobs=0)
        dataset = workload.plan(size_bytes=request.size_bytes, seed=request.seed, parameters=request.parameters)
        progress(Message(server=server.kind, text=f"generating and loading {dataset.description}"))
        server.create("lab_fidelity")
        with server.connect("lab_fidelity") as database:
            load(server, database, dataset)
            measured = workload.measure(database, lz4=server.capabilities.lz4)
    return figures(workload.figures, measured)
