"""A column's name in text whose language has no parser here: found by words, and never more than unclear."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lab.usage.values import Access, Found, Source

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
    """As a front end spells a column: raw_response, rawResponse."""
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)


def look(source: Source, column: str) -> Iterator[Found]:
    """Every line with the column's name or its camel-case spelling, lines of comment apart."""
    names = re.compile("|".join(word(name).pattern for name in dict.fromkeys((column, camel(column)))))
    comment = re.compile(rf"\s*({COMMENT.get(source.language, '(?!)')})")
    for number, line in enumerate(source.lines, start=1):
        if names.search(line) and not comment.match(line):
            yield Found(line=number, access=Access.UNCLEAR, how="a word in text that is not parsed")
