"""Whether the column is read, judged by the hits, and the limits of that answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lab.units import counted
from lab.usage.values import Access, Hit, Place, Reading, SkippedPath

FAR = (Place.TEST, Place.MIGRATION)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What the search could not see."""

    assumed: tuple[str, ...] | None
    """The tables assumed to have the column, where no source declares one; None where a source does."""
    unfollowed: tuple[str, ...]
    """Imported mappers whose loads the search does not follow."""
    unparsed: tuple[SkippedPath, ...]
    skipped: tuple[SkippedPath, ...]
    computed: Mapping[str, int]
    worded: int
    """Files searched by words only."""


def reading(hits: Sequence[Hit]) -> Reading:
    """The strongest evidence of a read; a document is no evidence."""
    code = [hit for hit in hits if hit.place is Place.CODE]
    if any(hit.access is Access.READ and not hit.whole for hit in code):
        return Reading.READ
    if any(hit.access is Access.UNCLEAR for hit in code):
        return Reading.PERHAPS
    if any(hit.access is Access.READ for hit in code):
        return Reading.LOADED
    if any(hit.access in (Access.READ, Access.UNCLEAR) for hit in hits if hit.place in FAR):
        return Reading.ELSEWHERE
    return Reading.NOT_READ if any(hit.place is not Place.DOCUMENT for hit in hits) else Reading.UNKNOWN


def sentence(column: str, hits: Sequence[Hit], limits: Limits) -> str:
    """The answer as a sentence; it claims no more than the hits show."""
    code = [hit for hit in hits if hit.place is Place.CODE]
    unclear = counted(sum(hit.access is Access.UNCLEAR for hit in code), "unclear place", "unclear places")
    loads = sum(hit.access is Access.READ and hit.whole for hit in code)
    whole = f"; {counted(loads, 'place loads', 'places load')} whole rows, including the column" if loads else ""
    return {
        Reading.READ: f"{column} is read by name in {_named(code)}{whole}.",
        Reading.PERHAPS: f"No code certainly reads {column} by name, but {unclear} may read it{whole}.",
        Reading.LOADED: f"No code reads {column} by name{whole}: its content is fetched, but no use of it was found.",
        Reading.ELSEWHERE: f"Only tests and migrations (may) read {column}. No read was found in application code.",
        Reading.NOT_READ: f"{column} is written or declared, and no read of it was found{_except(limits)}.",
        Reading.UNKNOWN: f"The given sources do not mention {column}. Are they the right ones?",
    }[reading(hits)]


def _named(code: Sequence[Hit]) -> str:
    named = [hit for hit in code if hit.access is Access.READ and not hit.whole]
    sizes = sum(hit.size_only for hit in named)
    files = counted(len({hit.path for hit in named}), "file", "files")
    return f"{counted(len(named), 'place', 'places')} of {files}" + (f", in {sizes} only for its size" if sizes else "")


def _except(limits: Limits) -> str:
    """Where a read may be hidden."""
    worded, skipped = limits.worded + len(limits.unparsed), len(limits.skipped)
    words = ["the table of the column is not known"] if limits.assumed is not None else []
    words += [f"rows loaded by {name} were not followed" for name in limits.unfollowed]
    words += [f"{counted(worded, 'file was', 'files were')} searched by words only"] if worded else []
    words += [f"{counted(skipped, 'file or folder was', 'files or folders were')} skipped"] if skipped else []
    return f", but {', '.join(words)}" if words else ""


def uncertainty(hits: Sequence[Hit], limits: Limits) -> list[str]:
    """The limits of the answer, one sentence each."""
    return [*_places(hits), *_limits(limits)]


def _places(hits: Sequence[Hit]) -> Iterator[str]:
    for place in Place:
        there = [hit for hit in hits if hit.place is place]
        if (unclear := sum(hit.access is Access.UNCLEAR for hit in there)) and place is not Place.DOCUMENT:
            yield f"{counted(unclear, 'hit is', 'hits are')} unclear in {_place(place)}: see the list of places."
        if there and place is Place.DOCUMENT:
            yield f"{counted(len(there), 'line contains', 'lines contain')} the name in documents; documents do not count."
    fields = sum(hit.other_class for hit in hits)
    if fields:
        classes = counted(fields, "attribute", "attributes")
        yield f"{classes} of that name in classes that are not tables: the search does not follow who fills them."


def _limits(limits: Limits) -> Iterator[str]:
    if limits.assumed is not None:
        assumption = f", so {' and '.join(limits.assumed)} are assumed" if limits.assumed else ""
        yield f"No source says which table has the column{assumption}."
    for name in limits.unfollowed:
        yield f"{name} is imported: the search does not follow rows that its models load."
    if limits.unparsed:
        yield f"{counted(len(limits.unparsed), 'file was', 'files were')} not fully parsed; the rest was searched by words."
    for kind, count in sorted(limits.computed.items()):
        yield f"{counted(count, 'use', 'uses')} of {kind}: only the running program knows which columns they touch."
    if limits.worded:
        yield f"{counted(limits.worded, 'file', 'files')} in other languages were searched by words only."
    yield "The search does not cover code outside the given sources, people with psql, and reports by other programs."


def _place(place: Place) -> str:
    return {Place.CODE: "code", Place.TEST: "tests", Place.MIGRATION: "migrations"}[place]
