"""The sections of a user's document that the lab writes: each between two markers; nothing outside them is changed.

A section begins with `<!-- lab:begin NAME -->` and ends with `<!-- lab:end NAME -->`, each alone on its line. The section
with the tables of a run has no name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from lab.errors import InputError

_MARKER = re.compile(r"^<!-- lab:(begin|end)(?: ([a-z0-9-]+))? -->[ \t]*(?:\r?\n|\r?\Z)", re.MULTILINE)
_ALIKE = re.compile(r"^.*(?:<.*lab:\s*(?:begin|end)|lab:\s*(?:begin|end).*->).*$", re.MULTILINE | re.IGNORECASE)
_HINT = "Every section needs one pair of markers, begin before end. Correct the line by hand. Nothing was written."

Spans = dict[str, tuple[int, int]]
"""Where each section begins and ends, markers included."""


def begin(name: str = "") -> str:
    """The line before a section."""
    return f"<!-- lab:begin{f' {name}' if name else ''} -->"


def end(name: str = "") -> str:
    """The line after it."""
    return f"<!-- lab:end{f' {name}' if name else ''} -->"


def section(body: str, name: str = "") -> str:
    """The text between its markers; what looks like a marker in it is made harmless."""
    harmless = _ALIKE.sub(lambda line: line[0].replace(":", "&#58;"), body.rstrip())
    return f"{begin(name)}\n{harmless}\n{end(name)}\n"


def without(document: str) -> str:
    """The document without its markers; what is between them stays."""
    return _MARKER.sub("", document)


def put(document: str, sections: Mapping[str, str]) -> str:
    """The document with these sections, each in place of an earlier one.

    A new one follows its predecessor; the first one goes before the others, and to the end where there are none.
    Errors: `InputError` naming the line where markers are damaged, do not pair or come twice.
    """
    previous: str | None = None
    for name, body in sections.items():
        spans = _spans(document)
        text = _in_newlines_of(document, section(body, name))
        if name in spans:
            first, last = spans[name]
            document = document[:first] + text + document[last:]
        elif previous is None and (others := [spans[other][0] for other in sections if other in spans]):
            first = min(others)
            document = document[:first] + text + _in_newlines_of(document, "\n") + document[first:]
        elif previous is None:
            document += _gap(document) + text
        else:
            last = spans[previous][1]
            document = document[:last] + _in_newlines_of(document, "\n") + text + document[last:]
        previous = name
    return document


def _in_newlines_of(document: str, text: str) -> str:
    most = document.count("\r\n") > document.count("\n") / 2
    return text.replace("\n", "\r\n") if most else text


def _gap(document: str) -> str:
    newlines = "" if not document else "\n" if document.endswith("\n") else "\n\n"
    return _in_newlines_of(document, newlines)


def _spans(document: str) -> Spans:
    """Every section of the document; errors as `put`."""
    _refuse_damaged(document)
    spans: Spans = {}
    opened: re.Match[str] | None = None
    for marker in _MARKER.finditer(document):
        name = marker[2] or ""
        if opened is None and marker[1] == "begin" and name not in spans:
            opened = marker
        elif opened is not None and marker[1] == "end" and name == (opened[2] or ""):
            spans[name] = (opened.start(), marker.end())
            opened = None
        else:
            raise _error(document, marker, _surplus(name, opened, spans))
    if opened is not None:
        raise _error(document, opened, "has no end")
    return spans


def _surplus(name: str, opened: re.Match[str] | None, spans: Spans) -> str:
    if opened is not None:
        return f"is inside the section that '{opened[0].strip()}' began"
    return "occurs a second time" if name in spans else "has no begin marker before it"


def _refuse_damaged(document: str) -> None:
    """A line that was a marker before somebody edited it must not be passed over: its section would come twice."""
    whole = {marker.start() for marker in _MARKER.finditer(document)}
    for line in _ALIKE.finditer(document):
        if line.start() not in whole:
            raise _error(document, line, "looks like a marker, but is not a valid one")


def _error(document: str, marker: re.Match[str], what: str) -> InputError:
    line = document.count("\n", 0, marker.start()) + 1
    return InputError(f"Line {line}: '{marker[0].strip()}' {what}. It must have one pair.", hint=_HINT)
