"""Whether the column is read, from what was found, and what that answer does not know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lab.units import counted
from lab.usage.values import Access, Hit, Passed, Place, Reading

FAR = (Place.TEST, Place.MIGRATION)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How far the sources were looked at."""

    assumed: tuple[str, ...] | None
    """The tables that are meant where no source says which have the column; None where one does."""
    unfollowed: tuple[str, ...]
    """Mappers that are imported and whose loads are not followed."""
    unparsed: tuple[Passed, ...]
    skipped: tuple[Passed, ...]
    computed: Mapping[str, int]
    worded: int
    """Files looked through by words only."""


def reading(hits: Sequence[Hit]) -> Reading:
    """The strongest evidence of a read; what lies in documents is none."""
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
    """The answer in words; it never says more than was seen."""
    code = [hit for hit in hits if hit.place is Place.CODE]
    unclear = counted(sum(hit.access is Access.UNCLEAR for hit in code), "unclear place", "unclear places")
    loads = sum(hit.access is Access.READ and hit.whole for hit in code)
    whole = f"; {counted(loads, 'place loads', 'places load')} whole rows, and so the column too" if loads else ""
    return {
        Reading.READ: f"{column} is read by name in {_named(code)}{whole}.",
        Reading.PERHAPS: f"Nothing is known to read {column} by name, except perhaps {unclear}{whole}.",
        Reading.LOADED: f"Nothing reads {column} by name{whole}: its content is fetched and not seen to be used.",
        Reading.ELSEWHERE: f"Only tests or migrations read {column}, or may; the application itself is not seen to.",
        Reading.NOT_READ: f"{column} is written or declared, and nothing is seen to read it{_except(limits)}.",
        Reading.UNKNOWN: f"The code given does not mention {column}: is it the right source?",
    }[reading(hits)]


def _named(code: Sequence[Hit]) -> str:
    named = [hit for hit in code if hit.access is Access.READ and not hit.whole]
    sizes = sum(hit.size_only for hit in named)
    files = counted(len({hit.path for hit in named}), "file", "files")
    return f"{counted(len(named), 'place', 'places')} of {files}" + (f", in {sizes} only for its size" if sizes else "")


def _except(limits: Limits) -> str:
    """Where else a read could stand."""
    worded, skipped = limits.worded + len(limits.unparsed), len(limits.skipped)
    words = ["which table has it is not known"] if limits.assumed is not None else []
    words += [f"rows that {name} loads are not followed" for name in limits.unfollowed]
    words += [f"{counted(worded, 'file was', 'files were')} looked through by words only"] if worded else []
    words += [f"{counted(skipped, 'file or folder was', 'files or folders were')} not looked at"] if skipped else []
    return f"; {', '.join(words)}" if words else ""


def uncertainty(hits: Sequence[Hit], limits: Limits) -> list[str]:
    """Each thing that the answer does not know, as a sentence."""
    return [*_places(hits), *_limits(limits)]


def _places(hits: Sequence[Hit]) -> Iterator[str]:
    for place in Place:
        there = [hit for hit in hits if hit.place is place]
        if (unclear := sum(hit.access is Access.UNCLEAR for hit in there)) and place is not Place.DOCUMENT:
            yield f"{counted(unclear, 'hit is', 'hits are')} unclear in {_place(place)}: see how each was found."
        if there and place is Place.DOCUMENT:
            yield f"{counted(len(there), 'line', 'lines')} of documents have the name; they were not judged."
    fields = sum(hit.other_class for hit in hits)
    if fields:
        classes = counted(fields, "attribute", "attributes")
        yield f"{classes} of that name in classes that are no table: who fills them was not followed."


def _limits(limits: Limits) -> Iterator[str]:
    if limits.assumed is not None:
        taken = f": {' and '.join(limits.assumed)} are taken for it" if limits.assumed else ""
        yield f"No source says which table has the column{taken}."
    for name in limits.unfollowed:
        yield f"{name} is imported: rows that its models load are not followed."
    if limits.unparsed:
        yield f"{counted(len(limits.unparsed), 'file was', 'files were')} not parsed in full, and looked through by words there."
    for kind, count in sorted(limits.computed.items()):
        yield f"{counted(count, 'use', 'uses')} of {kind}: what they touch is known only when the program runs."
    if limits.worded:
        yield f"{counted(limits.worded, 'file', 'files')} of other languages were looked through by words only."
    yield "Code outside of the given sources, people with psql and reports by other programs are not seen."


def _place(place: Place) -> str:
    return {Place.CODE: "code", Place.TEST: "tests", Place.MIGRATION: "migrations"}[place]
