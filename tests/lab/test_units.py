"""Sizes are read and written in powers of 1024."""

from __future__ import annotations

import pytest

from lab.errors import InputError
from lab.report.table import sizes
from lab.units import bytes_text, parse_bytes, parse_days, parse_duration, parse_ratio


@pytest.mark.parametrize(
    ("text", "count"), [("256MB", 256 << 20), ("1.5 GB", 3 << 29), ("64mib", 64 << 20), ("2048", 2048), ("1k", 1024)]
)
def test_a_size_is_read(text: str, count: int) -> None:
    assert parse_bytes(text) == count


@pytest.mark.parametrize("text", ["", "MB", "ten MB", "-5MB", "0", "256 elephants", "1e3MB", "0.0001B"])
def test_what_is_not_a_size_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InputError, match=r"is not a size.*256MB"):
        parse_bytes(text)


@pytest.mark.parametrize("text", ["9" * 30, "9" * 400 + "MB", "8388608TB"])
def test_a_size_that_no_file_can_have_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"larger than any file can be.*256MB"):
        parse_bytes(text)


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1024, "1.00 KB"), (268435456, "256 MB"), (63.25 * 2**30, "63.2 GB")],
)
def test_a_size_is_written_with_three_digits(count: float, text: str) -> None:
    assert bytes_text(count) == text


@pytest.mark.parametrize(("text", "days"), [("90d", 90), ("7", 7), (" 10000D ", 10_000)])
def test_days_are_read_as_people_write_them(text: str, days: int) -> None:
    assert parse_days(text) == days


@pytest.mark.parametrize(("text", "seconds"), [("100ms", 0.1), ("2s", 2.0), ("0.5", 0.5), ("1.5 min", 90.0)])
def test_durations_are_read_as_people_write_them(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(("text", "ratio"), [("1.1x", 1.1), ("2", 2.0), ("1X", 1.0)])
def test_ratios_are_read_as_people_write_them(text: str, ratio: float) -> None:
    assert parse_ratio(text) == ratio


BAD_AMOUNTS = ["", "x", "-1", "1e3", "nan", "inf", "٣", "1.2.3", "1 hour", "9" * 400]


@pytest.mark.parametrize("text", [*BAD_AMOUNTS, "0d", "0.5d", "10001d", "7ms"])
def test_what_is_no_number_of_days_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no number of days"):
        parse_days(text)


@pytest.mark.parametrize("text", [*BAD_AMOUNTS, "0ms", "7d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no duration"):
        parse_duration(text)


@pytest.mark.parametrize("text", [*BAD_AMOUNTS, "0.9x", "110%"])
def test_what_is_no_ratio_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no ratio"):
        parse_ratio(text)


def test_sizes_that_are_compared_have_one_unit() -> None:
    assert [cell.text for cell in sizes(1.01 * (1 << 30), 999 * (1 << 20), None)] == ["1.01 GB", "0.98 GB", "–"]  # noqa: RUF001 - a dash
