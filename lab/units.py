"""Sizes and counts as people write and read them; sizes in powers of 1024, like PostgreSQL."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from lab.errors import InputError

_POWERS = {"B": 0, "KB": 1, "MB": 2, "GB": 3, "TB": 4}
_LARGEST = float(1 << 63)
_MOST_DAYS = 10_000


def parse_bytes(text: str) -> int:
    """Bytes in '256MB', '1.5 GB' or '1000000'.

    Errors: `InputError` for anything else, for less than a byte, and for more than a file can have.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?I?B?)\s*", text.upper())
    unit = (match[2].replace("I", "").removesuffix("B") + "B") if match else ""
    count = float(match[1]) * 1024.0 ** _POWERS[unit] if match else 0.0
    if count < 1:
        raise InputError(f"'{text}' is not a size.", hint="Write a number and a unit, such as 256MB or 1.5GB.")
    if count >= _LARGEST:
        raise InputError(f"'{text}' is larger than any file can be.", hint="Write a smaller size, such as 256MB.")
    return int(count)


def parse_percent(text: str) -> float:
    """2.0 in '2%', '2 %' or '2'.

    Errors: `InputError` for anything else.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%?\s*", text)
    if match is None:
        raise InputError(f"'{text}' is not a percentage.", hint="Write a number of percent, such as 2% or 0.5%.")
    return float(match[1])


def parse_days(text: str) -> int:
    """Days in '90d' or '90'. Errors: `InputError` for anything else, and for less than a day or more than 10,000."""
    days = _amount(text, {"d": 1.0, "": 1.0})
    if days is None or days != int(days) or not 1 <= days <= _MOST_DAYS:
        hint = f"Write whole days from 1 to {_MOST_DAYS:,}, such as 90d."
        raise InputError(f"'{text}' is no number of days.", hint=hint)
    return int(days)


def parse_duration(text: str) -> float:
    """Seconds in '100ms', '2s' or '0.5'. Errors: `InputError` for anything else, and for 0."""
    seconds = _amount(text, {"ms": 0.001, "s": 1.0, "min": 60.0, "": 1.0})
    if not seconds:
        raise InputError(f"'{text}' is no duration.", hint="Write a number and a unit, such as 100ms or 2s.")
    return seconds


def parse_ratio(text: str) -> float:
    """How many times in '1.1x' or '1.1'. Errors: `InputError` for anything else, and for less than 1."""
    ratio = _amount(text, {"x": 1.0, "": 1.0})
    if ratio is None or ratio < 1:
        hint = "Write how many times as long as before, at least 1, such as 1.1x."
        raise InputError(f"'{text}' is no ratio.", hint=hint)
    return ratio


def _amount(text: str, units: Mapping[str, float]) -> float | None:
    """A number in one of these units; None for anything else, and for more than 15 digits."""
    match = re.fullmatch(r"\s*(\d{1,15}(?:\.\d{1,15})?)\s*([a-z]*)\s*", text.lower(), re.ASCII)
    return float(match[1]) * units[match[2]] if match and match[2] in units else None


class Unit(StrEnum):
    """What a number counts; `number_text` writes each in one way."""

    BYTES = "bytes"
    """A size on disk, in the largest unit that leaves at least 1."""
    FEW_BYTES = "few bytes"
    """The bytes of a row or a value, never in another unit."""
    COUNT = "count"
    PERCENT = "percent"
    SECONDS = "seconds"
    DAYS = "days"
    RATIO = "ratio"
    DURATION = "duration"
    """Seconds, in the unit that leaves at least 1."""
    TIMES = "times"
    """How many times as much, with an x."""
    OTHER = "other"
    """A number whose unit stands beside it."""


_DECIMALS = {Unit.COUNT: 0, Unit.FEW_BYTES: 0, Unit.DAYS: 0, Unit.PERCENT: 1, Unit.SECONDS: 2, Unit.RATIO: 3}
_SUFFIXES = {Unit.FEW_BYTES: " B", Unit.PERCENT: " %", Unit.SECONDS: " s", Unit.DAYS: " days"}
_SIGNIFICANT = 5


def number_text(value: float, unit: Unit, digits: int | None = None, *, bare: bool = False) -> str:
    """A number as people read it; `digits` are decimals (significant ones of `OTHER`), `bare` leaves the unit out."""
    if unit is Unit.BYTES:
        return bytes_text(value)
    if unit is Unit.DURATION:
        return duration_text(value)
    if unit is Unit.TIMES:
        return f"{ratio_text(value)} x"
    if unit is Unit.OTHER:
        return f"{value:,.{_SIGNIFICANT if digits is None else digits}g}"
    decimals = _DECIMALS[unit] if digits is None else digits
    return f"{value:,.{decimals}f}{'' if bare else _SUFFIXES.get(unit, '')}"


def counted(number: int, singular: str, plural: str = "") -> str:
    """'1 table', '2,000 tables'; `plural` may be omitted if it is `singular` with an s."""
    return f"{number:,} {singular if number == 1 else plural or f'{singular}s'}"


def byte_unit(count: float) -> tuple[str, int]:
    """The largest unit that leaves at least 1 of so many bytes (999 B, then 0.98 KB), and the bytes of one."""
    fitting = (unit for unit, power in _POWERS.items() if abs(count) / 1024**power < 1000)
    unit = next(fitting, "TB")
    return unit, 1024 ** _POWERS[unit]


def joined(words: Sequence[str]) -> str:
    """'a', 'a and b' or 'a, b and c'."""
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


def bytes_text(count: float, *, like: float | None = None) -> str:
    """Bytes in the largest unit that leaves at least 1, with three significant digits: '256 MB', '1.42 GB'.

    With `like` in the unit that this number has, so that two numbers can be compared at sight: '0.98 GB'.
    """
    unit, of_unit = byte_unit(count if like is None else like)
    value = count / of_unit
    digits = 0 if unit == "B" or abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f} {unit}"


_TIMES = (("h", 3600.0, 6000.0), ("min", 60.0, 100.0), ("s", 1.0, 1.0), ("ms", 0.001, -math.inf))
"""Units with their seconds, and from how many seconds on a time is shown in them."""


def duration_text(seconds: float) -> str:
    """A time in the unit that leaves it short, with two or three digits: '0.42 ms', '66 ms', '1.2 s', '56 min', '2.6 h'."""
    value, unit = next((seconds / of_unit, unit) for unit, of_unit, least in _TIMES if seconds >= least)
    return f"{value:.{0 if value >= 10 else 1 if value >= 1 else 2}f} {unit}"


def interval_text(low: float, high: float, text: Callable[[float], str]) -> str:
    """Between two values that `text` shows: '4.7 min to 25 min'; 'at most 25 min' where it begins at nothing."""
    return f"{text(low)} to {text(high)}" if low > 0 else f"at most {text(high)}"


def about_text(seconds: float) -> str:
    """A rough time in words: '40 seconds', '12 minutes', '3 hours'."""
    if seconds < 100:
        return counted(max(1, round(seconds / 10) * 10 if seconds > 10 else round(seconds)), "second")
    minutes = seconds / 60
    return counted(round(minutes), "minute") if minutes < 100 else counted(round(minutes / 60), "hour")


def ratio_text(ratio: float) -> str:
    """How many times, with two or three digits: '0.43', '1.08', '5.5', '120'."""
    return f"{ratio:.{0 if ratio >= 10 else 1 if ratio >= 2 else 2}f}"
