"""Whether a column is read, for people: tables and lines."""

from __future__ import annotations

from collections import Counter

from lab.report.table import Table
from lab.usage.values import Access, Hit, Place, Usage

KINDS = ("read by name", "read with the whole row", "unclear", "written", "declared")
_KINDS = {Access.UNCLEAR: KINDS[2], Access.WRITE: KINDS[3], Access.DECLARE: KINDS[4]}


def counts(usage: Usage) -> Table:
    """How many places of each kind lie in which kind of file."""
    counted = Counter((kind(hit), hit.place) for hit in usage.hits)
    return Table(
        title=f"{usage.column} in the sources",
        heads=("", *(place.value for place in Place)),
        rows=tuple((name, *(str(counted[name, place]) for place in Place)) for name in KINDS),
    )


def places(usage: Usage) -> Table:
    """Every place with file and line, the code's first and reads before writes; documents are only counted."""
    shown = [hit for hit in usage.hits if hit.place is not Place.DOCUMENT]
    shown.sort(key=lambda hit: (list(Place).index(hit.place), KINDS.index(kind(hit)), hit.path, hit.line))
    return Table(
        title=f"Where {usage.column} is touched",
        heads=("what", "where", "in", "how", "line"),
        rows=tuple((kind(hit), f"{hit.path}:{hit.line}", hit.place.value, hit.how, hit.text) for hit in shown),
        left=5,
    )


def doubts(usage: Usage) -> list[str]:
    """The tables that are meant, what the verdict does not know, and everything not looked at, one line each."""
    return [
        f"Looked for as a column of {' and '.join(usage.tables)}.",
        *usage.uncertainty,
        *(f"By words only: {file.path} ({file.reason})." for file in usage.unparsed),
        *(f"Not looked at: {file.path} ({file.reason})." for file in usage.skipped),
    ]


def kind(hit: Hit) -> str:
    """What a hit is, in the words of the tables."""
    if hit.access is Access.READ:
        return KINDS[1] if hit.whole else KINDS[0]
    return _KINDS[hit.access]
