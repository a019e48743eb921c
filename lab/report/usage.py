"""Whether a column is read: tables and lines for people."""

from __future__ import annotations

from collections import Counter

from lab.report.table import Table
from lab.usage.values import Access, Hit, Place, Usage

KINDS = ("read by name", "read with the whole row", "unclear", "written", "declared")
_KINDS = {Access.UNCLEAR: KINDS[2], Access.WRITE: KINDS[3], Access.DECLARE: KINDS[4]}


def counts(usage: Usage) -> Table:
    """The number of hits by kind of hit and kind of file."""
    counted = Counter((kind(hit), hit.place) for hit in usage.hits)
    return Table(
        title=f"{usage.column} in the sources",
        heads=("", *(place.value for place in Place)),
        rows=tuple((name, *(str(counted[name, place]) for place in Place)) for name in KINDS),
    )


def places(usage: Usage) -> Table:
    """Every hit with file and line, code first and reads before writes; hits in documents are left out."""
    shown = [hit for hit in usage.hits if hit.place is not Place.DOCUMENT]
    shown.sort(key=lambda hit: (list(Place).index(hit.place), KINDS.index(kind(hit)), hit.path, hit.line))
    return Table(
        title=f"Places that use {usage.column}",
        heads=("what", "where", "in", "how", "line"),
        rows=tuple((kind(hit), f"{hit.path}:{hit.line}", hit.place.value, hit.how, hit.text) for hit in shown),
        left=5,
    )


def doubts(usage: Usage) -> list[str]:
    """The tables of the column, the limits of the verdict, and everything that was not searched, one line each."""
    return [
        f"Searched as a column of {' and '.join(usage.tables)}.",
        *usage.uncertainty,
        *(f"Searched by words only: {file.path} ({file.reason})." for file in usage.unparsed),
        *(f"Not searched: {file.path} ({file.reason})." for file in usage.skipped),
    ]


def kind(hit: Hit) -> str:
    """The kind of a hit, as the tables name it."""
    if hit.access is Access.READ:
        return KINDS[1] if hit.whole else KINDS[0]
    return _KINDS[hit.access]
