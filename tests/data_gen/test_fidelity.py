"""A generated database has the published widths, shares and compressibility: how they are measured and compared.

That all of them hold is tested in test_calibration.py, on the databases that are loaded there anyway.
"""

from __future__ import annotations

import pytest

from data_gen import load_case, widths
from data_gen.case import PublishedFigure
from lab.analysis.fidelity import figures
from lab.postgres.database import Database
from lab.servers import Server


def test_every_published_figure_is_measured(small_database: Database, native: Server) -> None:
    measured = widths.measure(small_database, lz4=native.capabilities.lz4)
    assert {figure.name for figure in load_case("2026-02-17").figures} <= set(measured)


@pytest.mark.slow
def test_without_lz4_its_figures_are_missing_instead_of_zero(small_database: Database) -> None:
    measured = widths.measure(small_database, lz4=False)
    compared = figures(load_case("2026-02-17").figures, measured)
    assert {figure.name for figure in compared if figure.holds is None} == {
        f"raw_response.{platform}.lz4_per_pglz" for platform in ("betpawa", "sportybet", "bet9ja")
    }


@pytest.mark.parametrize(("generated", "holds"), [(102.9, True), (103.1, False), (96.9, False), (None, None)])
def test_a_figure_holds_within_its_tolerance(generated: float | None, holds: bool | None) -> None:
    published = PublishedFigure(name="width", value=100, unit="B", tolerance=0.03, relative=True)
    (figure,) = figures([published], {"width": generated})
    assert figure.holds is holds


def test_a_tolerance_in_points_is_not_a_share() -> None:
    published = PublishedFigure(name="share", value=0.2, unit="%", tolerance=2, relative=False)
    (figure,) = figures([published], {"share": 1.9})
    assert figure.holds
