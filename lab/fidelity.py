"""How well the generated workload imitates the published or profiled database: load it once, weigh it, compare."""

from __future__ import annotations

from collections.abc import Callable

from data_gen import Dataset, widths
from lab.analysis.fidelity import Figure, figures
from lab.runner.server_pool import open_pool
from lab.servers import Options, open_workspace
from lab.trial.load import load


def measure(dataset: Dataset, *, server: str, options: Options, progress: Callable[[str], None]) -> tuple[Figure, ...]:
    """Every published figure of the dataset's case beside the generated one."""
    with open_workspace() as workspace, open_pool(workspace, options, progress) as pool:
        chosen = pool.server(server)
        progress(f"{server}: generating and loading the workload")
        chosen.create("lab_fidelity")
        with chosen.connect("lab_fidelity") as database:
            load(chosen, database, dataset)
            measured = widths.measure(database, lz4=chosen.capabilities.lz4)
    return figures(dataset.case.figures, measured)
