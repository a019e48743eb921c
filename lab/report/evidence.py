"""What a broken trial shows for its verdict: the statement that the server refused, or one row that differs; as plain lines."""

from __future__ import annotations

from collections.abc import Iterator

from lab.values import Completed, DifferingRow, DifferingValue, Failed, Outcome, Refusal

_WIDTH = 72
"""Letters of a line of SQL; a longer one goes on in the next line, so that a caret finds its place on every screen."""
_LINES = 12
"""Lines of SQL that are shown before the place, and after it."""


def evidence(outcome: Outcome) -> list[str]:
    """The lines; none where the outcome is not broken, or an older lab measured it."""
    if isinstance(outcome, Failed) and outcome.refusal:
        return list(refusal(outcome.refusal))
    if isinstance(outcome, Completed) and outcome.verification.row:
        return list(_row(outcome.verification.row))
    return []


def refusal(of: Refusal) -> Iterator[str]:
    """The server's words, and the statement with a caret under the place; of a long one, what is around the place."""
    yield f"ERROR{f' {of.sqlstate}' if of.sqlstate else ''}: {of.message}"
    yield from _words("DETAIL", of.detail)
    yield from _words("HINT", of.hint)
    yield from _words("CONTEXT", of.context)
    yield from _statement(of.sql, of.position)


def _words(head: str, text: str) -> Iterator[str]:
    if text:
        yield f"{head}: {_cut(' '.join(text.split()), 3 * _WIDTH)}"


def _statement(sql: str, position: int | None) -> Iterator[str]:
    lines = list(_lines(sql.expandtabs(1)))
    at = (position or 1) - 1
    place = max((number for number, (start, _) in enumerate(lines) if start <= at), default=0)
    first, last = max(0, place - _LINES), min(len(lines), place + _LINES + 1)
    if first:
        yield f"  … {first} lines before"
    for number, (start, text) in enumerate(lines[first:last], first):
        yield f"  {text}"
        if position and number == place:
            yield f"  {' ' * min(at - start, len(text))}^"
    if last < len(lines):
        yield f"  … {len(lines) - last} lines after"


def _lines(sql: str) -> Iterator[tuple[int, str]]:
    """Lines that fit, each after the place of its first character in the statement; broken between words where they can be."""
    start = 0
    for line in sql.split("\n"):
        rest = line
        while len(rest) > _WIDTH:
            end = rest.rfind(" ", 0, _WIDTH) + 1 or _WIDTH
            yield start, rest[:end]
            start, rest = start + end, rest[end:]
        yield start, rest
        start += len(rest) + 1


def _cut(text: str, letters: int) -> str:
    return text if len(text) <= letters else f"{text[:letters]}…"


def _row(row: DifferingRow) -> Iterator[str]:
    yield f"One row of {row.answer} {_what(row)}:"
    width = max((len(value.column) for value in row.values), default=0)
    for value in row.values:
        yield f"  {'>' if value.differs else ' '} {value.column:<{width}}  {_value(value, row)}"
    if row.more_columns:
        differ = f", {row.more_differ} of them with other values" if row.more_differ else ""
        yield f"  … {row.more_columns} more columns{differ}"


def _what(row: DifferingRow) -> str:
    if not row.found_times:
        return "is missing"
    if not row.expected_times:
        return "should not be there"
    if row.expected_times != row.found_times:
        return f"is there {row.found_times} times instead of {row.expected_times}"
    return "is not the same (expected -> found)"


def _value(value: DifferingValue, row: DifferingRow) -> str:
    if value.differs:
        return f"{_quoted(value.expected)} -> {_quoted(value.found)}"
    return _quoted(value.expected if row.expected_times else value.found)


def _quoted(text: str | None) -> str:
    return "NULL" if text is None else repr(text)
