"""Documents and outcomes that are wider or narrower than the generator makes them come back from their profile."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from data_gen import Case, Dataset, load_case, published, widths
from data_gen.calibration import calibrated
from data_gen.case import case_file
from data_gen.curve import Curve
from data_gen.document import Constants
from data_gen.fixtures import Fixture
from data_gen.naming import renamed
from data_gen.odds import Feed
from data_gen.offer import Depth, MarketRow, Offer, Platform
from data_gen.payloads import BETPAWA, COMPETITORS
from data_gen.snapshots import Response
from lab.analysis.fidelity import figures
from lab.servers import Server
from lab.values import Profile
from tests.data_gen.conftest import MB, TOTAL, loaded, outside, profiled
from tests.thin import thinned

_BASE = "2026-02-17"
_MATCH = Fixture(3, 1, 1_770_000_000_000_000)
_PRICE = re.compile(r"~[Po](\d+)~")
_PLATFORMS = pytest.mark.parametrize("platform", [BETPAWA, *COMPETITORS], ids=lambda platform: platform.name)
_RESHAPED = (
    """CREATE FUNCTION copies(place bigint, scale float) RETURNS SETOF int LANGUAGE sql
       RETURN generate_series(1, (floor(place * scale) - floor((place - 1) * scale))::int)""",
    """CREATE FUNCTION scaled(part json, scale float) RETURNS json LANGUAGE sql RETURN CASE json_typeof(part)
       WHEN 'array' THEN (SELECT json_agg(value ORDER BY copy, place)
            FROM json_array_elements(part) WITH ORDINALITY AS e(value, place), copies(place, scale) AS copy)
       ELSE (SELECT json_object_agg(key || repeat('+', copy - 1), value ORDER BY copy, place)
            FROM json_each(part) WITH ORDINALITY AS e(key, value, place), copies(place, scale) AS copy) END""",
    """CREATE FUNCTION reshape() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.raw_response := (
       SELECT json_object_agg(key, CASE WHEN key IN ('markets', 'O', 'MK', 'TRANS')
              THEN scaled(value, TG_ARGV[0]::float) ELSE value END)
       FROM json_each(NEW.raw_response::json)); RETURN NEW; END $$""",
    """CREATE FUNCTION lengthen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.outcomes := regexp_replace(
       NEW.outcomes::text, '"name": "[^"]*', '\\&, in 90 minutes', 'g'); RETURN NEW; END $$""",
    "CREATE TRIGGER reshape BEFORE INSERT ON odds_snapshots FOR EACH ROW EXECUTE FUNCTION reshape(1.5)",
    "CREATE TRIGGER reshape BEFORE INSERT ON competitor_odds_snapshots FOR EACH ROW EXECUTE FUNCTION reshape(0.5)",
    "CREATE TRIGGER lengthen BEFORE INSERT ON market_odds FOR EACH ROW EXECUTE FUNCTION lengthen()",
    "CREATE TRIGGER lengthen BEFORE INSERT ON competitor_market_odds FOR EACH ROW EXECUTE FUNCTION lengthen()",
)
"""Makes the lists of one side's documents longer, those of the other's shorter, and every name longer, without the
generator's help."""


@pytest.mark.slow
def test_a_database_with_other_documents_and_longer_outcomes_is_imitated(native: Server) -> None:
    plain = Dataset.plan(thinned(load_case(_BASE), 8), size_bytes=64 * MB, seed=6)
    profile = profiled(native, plain, "reshaped", _RESHAPED)
    calibration = calibrated(profile)
    again = Dataset.plan(calibration.case, size_bytes=64 * MB, seed=1)
    with loaded(native, again, "like_reshaped") as database:
        measured = widths.measure(database, lz4=native.capabilities.lz4)
        size = database.value(TOTAL)
    assert outside(figures(calibration.case.figures, measured)) == []
    assert len(calibration.case.figures) >= 27
    assert again.expected_bytes == pytest.approx(float(size), rel=0.03)


def _depth(rows: float, document: float) -> Depth:
    return Depth(rows=rows, document=document)


def _kept(row: MarketRow) -> object:
    """A row without the numbers of its prices."""
    return replace(row, outcomes=tuple((name, 0) for name, _ in row.outcomes))


def _shown(offer: Offer) -> set[int]:
    """Numbers of the prices in the document."""
    return {int(number) for number in _PRICE.findall(json.dumps(offer.document))}


def _text(platform: Platform, offer: Offer) -> str:
    """The document after some changes of prices, as the server reads it."""
    feed = Feed(offer, platform, _MATCH.chance(1), Curve.of(load_case(_BASE).workload.price_changes, 1.0))
    response = Response(offer, platform, _MATCH.chance(2), Constants(), always_new=False)
    response.update(feed, feed.all_blocks, _MATCH.kickoff_us)
    for _ in range(20):
        response.update(feed, feed.step(5, forced=True), _MATCH.kickoff_us)
    return response.text().decode().replace("\\\\", "\\")


@_PLATFORMS
@pytest.mark.parametrize(("depth", "document"), [(0.3, 0.9), (0.9, 0.3)])
def test_rows_and_document_have_depths_of_their_own_and_prices_in_common(
    platform: Platform, depth: float, document: float
) -> None:
    offer, both = platform.offer(_MATCH, _depth(depth, document)), min(depth, document)
    rows, shallow = (platform.offer(_MATCH, _depth(alike, alike)).rows for alike in (depth, both))
    assert [_kept(row) for row in offer.rows] == [_kept(row) for row in rows]
    assert len(_shown(offer)) == len(_shown(platform.offer(_MATCH, _depth(document, document))))
    common = [_kept(row) for row in shallow]
    assert {number for row in offer.rows if _kept(row) in common for _, number in row.outcomes} <= _shown(offer)


@_PLATFORMS
def test_documents_grow_with_their_depth_and_stay_whole(platform: Platform) -> None:
    texts = [
        _text(platform, platform.offer(_MATCH, Depth(rows=0.5, document=0.5 * deeper, texts=deeper)))
        for deeper in (0.1, 0.5, 1.0, 1.5, 2.0)
    ]
    assert [len(text) for text in texts] == sorted({len(text) for text in texts})
    assert all(isinstance(json.loads(text), dict) and "~" not in text for text in texts)


@_PLATFORMS
def test_names_grow_with_their_length_and_stay_different_within_a_row(platform: Platform) -> None:
    rows = platform.offer(_MATCH, _depth(1.0, 1.0)).rows
    assert renamed(rows, 1.0) == rows
    cases = [[[name for name, _ in row.outcomes] for row in renamed(rows, length)] for length in (0.1, 0.7, 1, 2, 9)]
    letters = [sum(len(name) for row in names for name in row) for names in cases]
    assert letters == sorted(set(letters))
    assert all(len(set(names)) == len({name for name, _ in row.outcomes})
               for case in cases for names, row in zip(case, rows, strict=True))  # fmt: skip
    assert all(name for case in cases for names in case for name in names)


def _widened(changes: dict[str, float | None]) -> Profile:
    """The published facts of the base, with other mean bytes of some columns."""
    profile = published.load(case_file(_BASE))
    tables = tuple(
        replace(
            table,
            columns=tuple(
                replace(column, mean_bytes=changes.get(f"{table.table}.{column.name}", column.mean_bytes))
                for column in table.columns
            ),
        )
        for table in profile.tables
    )
    return replace(profile, tables=tables)


def test_widths_that_follow_from_the_market_rows_need_no_parameter() -> None:
    calibration = calibrated(_widened({}), load_case(_BASE))
    assert _parameters(calibration.case) == (1.0, 1.0, 1.0, 1.0)
    assert sum("as the generator makes them by itself" in line for line in calibration.taken) == 4


def test_a_profile_without_widths_leaves_the_parameters_and_says_so() -> None:
    blind = dict.fromkeys(("odds_snapshots.raw_response", "competitor_market_odds.outcomes"))
    calibration = calibrated(_widened({**blind}), load_case(_BASE))
    assert _parameters(calibration.case) == (1.0, 1.0, 1.0, 1.0)
    assert {
        "Home documents: as wide as the generator makes them by itself.",
        "Outcomes of competitor market rows: as wide as the generator makes them by itself.",
    } <= set(calibration.assumed)


def test_a_width_that_cannot_be_made_is_the_nearest_one_and_said_with_both_figures() -> None:
    calibration = calibrated(
        _widened({"odds_snapshots.raw_response": 200_000, "market_odds.outcomes": 80}), load_case(_BASE)
    )
    sentences = [line for line in calibration.assumed if "the nearest that the generator can make" in line]
    assert [re.sub(r": [\d,]+ B, ", ": ", line) for line in sentences] == [
        "Home documents: the nearest that the generator can make to 200,000 B.",
        "Outcomes of home market rows: the nearest that the generator can make to 80 B.",
    ]


def _parameters(case: Case) -> tuple[float, ...]:
    load = case.workload
    return (
        load.home_document_markets,
        load.competitor_document_markets,
        load.home_name_length,
        load.competitor_name_length,
    )
