"""The calibration check: loads a workload once and compares its figures with the published or profiled ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from lab.analysis.fidelity import Figure, Published, figures
from lab.postgres.database import Database
from lab.runner.server_pool import open_pool
from lab.servers import Options, open_workspace
from lab.trial.load import load
from lab.workload import Dataset


class Imitation(Protocol):
    """A workload with the numbers that its database must show."""

    @property
    def figures(self) -> Sequence[Published]:
        """The figures as published, or as in the profile."""

    def measure(self, database: Database, *, lz4: bool) -> Mapping[str, float | None]:
        """The same figures of a loaded dataset, by name; None where the server cannot show one."""


def measure(
    imitation: Imitation, dataset: Dataset, *, server: str, options: Options, progress: Callable[[str], None]
) -> tuple[Figure, ...]:
    """Every published figure with the figure of the generated dataset."""
    with open_workspace() as workspace, open_pool(workspace, options, progress) as pool:
        chosen = pool.server(server)
        progress(f"{server}: generating and loading {dataset.description}")
        chosen.create("lab_fidelity")
        with chosen.connect("lab_fidelity") as database:
            load(chosen, database, dataset)
            measured = imitation.measure(database, lz4=chosen.capabilities.lz4)
    return figures(imitation.figures, measured)
