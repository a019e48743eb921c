"""Every server of a run holds the same rows, or is not compared with the others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab.errors import LabError
from lab.runner.server_pool import ServerPool
from lab.trial.template import Bench


def test_templates_of_one_dataset_that_differ_are_not_compared(pool: ServerPool, bench: Bench) -> None:
    loaded = replace(bench.template.loaded, server="pglite")
    pool._require_equal(bench.template.dataset, loaded)
    # The first server of the pool that loaded the dataset is named, whichever test asked for it.
    with pytest.raises(
        LabError, match=r"generated differently for two servers: \w+ for (native|pglite), f+ for pglite"
    ):
        pool._require_equal(bench.template.dataset, replace(loaded, digest="f" * 64))
