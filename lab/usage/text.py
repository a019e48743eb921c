"""A column's name in text that the lab does not parse: found as a word, so every hit is unclear."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from lab.usage.values import Access, ColumnSearch, Occurrence, Place, Source

REACH = 400
"""Maximum number of characters between `SELECT *` and its FROM."""
STAR = re.compile(r"(?<![(/])\*(?![)/])")
COMMENT = {
    suffix: mark
    for suffixes, mark in (
        (
            (".ts", ".tsx", ".js", ".jsx", ".mjs", ".vue", ".svelte", ".go", ".java", ".kt", ".rs", ".c", ".cpp"),
            r"//|/?\*",
        ),
        ((".yaml", ".yml", ".toml", ".sh", ".ini", ".cfg", ".env", ".rb", "Python"), r"#"),
        (("SQL",), r"--"),
    )
    for suffix in suffixes
}


def word(name: str) -> re.Pattern[str]:
    """Finds `name` as a whole word; an underscore belongs to a word."""
    return re.compile(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])")


def camel(name: str) -> str:
    """The spellings of a column in a front end: raw_body, rawBody."""
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)


def look(source: Source, search: ColumnSearch, classes: Collection[str] = ()) -> Iterator[Occurrence]:
    """Every line with the column's name or its camel-case spelling, except comments, and loads of whole rows.

    `classes` are those of Python whose objects have the column.
    """
    names = re.compile(_either(dict.fromkeys((search.column, camel(search.column)))))
    comment = re.compile(rf"\s*({COMMENT.get(source.language, '(?!)')})")
    loads = _loads(source, search, classes) if source.place is not Place.DOCUMENT else {}
    for number, line in enumerate(source.lines, start=1):
        if comment.match(line):
            continue
        if names.search(line):
            yield Occurrence(line=number, access=Access.UNCLEAR, how="a word in text that is not parsed")
        elif how := loads.get(number):
            yield Occurrence(line=number, access=Access.UNCLEAR, how=f"{how}, in text that is not parsed", whole=True)


def _loads(source: Source, search: ColumnSearch, classes: Collection[str]) -> dict[int, str]:
    """Lines that load whole rows, and how: `SELECT * FROM t`, `COPY t TO`, and in Python the class given to a call."""
    loads: dict[int, str] = {}
    table = rf"[\"'`\\]*(\w+[\"`\\]*\.[\"`\\]*)?{_either(search.tables)}"
    for match in re.finditer(
        rf"\b(FROM|JOIN|COPY)\s+{table}(?P<copied>[^;]{{0,20}}\bTO\b)?", source.text, re.IGNORECASE
    ):
        *_, before = source.text[max(match.start() - REACH, 0) : match.start()].split(";")
        if match["copied"] or STAR.search(before):
            loads[source.text.count("\n", 0, match.end()) + 1] = "whole rows of the table"
    if classes and source.language in ("Python", ".ipynb"):
        given = re.compile(rf"[(,]\s*(\w+\.)?{_either(classes)}\s*[,)]")
        loads |= {
            number: "the class given to a call" for number, line in enumerate(source.lines, 1) if given.search(line)
        }
    return loads


def _either(names: Iterable[str]) -> str:
    return "(" + "|".join(word(name).pattern for name in names) + ")"
