"""Sizes are read and written in powers of 1024."""

from __future__ import annotations

import pytest

from lab.errors import InputError
from lab.units import bytes_text, parse_bytes


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
