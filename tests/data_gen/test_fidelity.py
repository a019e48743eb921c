"""A generated database has the published widths, shares and compressibility."""

from __future__ import annotations

import pytest

from data_gen import Dataset, load_case, widths
from data_gen.case import PublishedFigure
from lab.analysis.fidelity import figures
from lab.postgres.database import Database
from lab.servers import Server
from tests.data_gen.conftest import MB, TOTAL, loaded


@pytest.mark.slow
@pytest.mark.parametrize(("case", "seed"), [("2026-02-17", 1), ("2026-02-06", 2)])
def test_all_published_figures_hold_at_256_mb(native: Server, case: str, seed: int) -> None:
    dataset = Dataset.plan(load_case(case), size_bytes=256 * MB, seed=seed)
    with loaded(native, dataset, f"fidelity_{case}_{seed}") as database:
        measured = widths.measure(database, lz4=native.capabilities.lz4)
        size = database.value(TOTAL)
    compared = figures(load_case(case).figures, measured)
    assert [figure for figure in compared if figure.holds is not True] == []
    assert size >= 256 * MB
    assert dataset.expected_bytes == pytest.approx(float(size), rel=0.03)


def test_every_published_figure_is_measured(small_database: Database, native: Server) -> None:
    measured = widths.measure(small_database, lz4=native.capabilities.lz4)
    assert {figure.name for figure in load_case("2026-02-17").figures} <= set(measured)


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
