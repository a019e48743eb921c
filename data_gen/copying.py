"""Rows and moments as COPY text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lab.postgres.copying import NULL, chunked, field, row

__all__ = ["NULL", "chunked", "field", "naive", "row", "zoned"]


def zoned(microseconds: int) -> str:
    """Moment since 1970 as timestamptz text."""
    return naive(microseconds) + "+00"


def naive(microseconds: int) -> str:
    """Moment since 1970 as timestamp text, in UTC."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    return moment.replace(tzinfo=None).isoformat(sep=" ")
