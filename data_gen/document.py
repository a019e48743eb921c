"""A JSON document as COPY text that is serialised once and then only patched where prices changed."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

_MARK = re.compile(r'"~([A-Z])(\d+)~"|~([a-z])(\d+)~')


def escaped(text: str) -> bytes:
    """Text as a COPY field: ASCII JSON holds no tab or newline, so only backslashes need escaping."""
    return text.replace("\\", "\\\\").encode()


class Document:
    """Constant segments with slots between them; memory is about the size of the text."""

    def __init__(self, content: dict[str, Any], constants: dict[bytes, bytes]) -> None:
        """`constants` is shared between documents, so that equal segments are kept once."""
        pieces = _MARK.split(json.dumps(content))
        self._parts = [b""] * (len(pieces) // 5 * 2 + 1)
        self._parts[::2] = [constants.setdefault(text, text) for text in map(escaped, pieces[::5])]
        self._places: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        for place in range(len(pieces) // 5):
            kind, number, inner_kind, inner_number = pieces[place * 5 + 1 : place * 5 + 5]
            self._places[kind or inner_kind][int(number or inner_number)].append(place * 2 + 1)

    def fill(self, kind: str, texts: Iterable[tuple[int, bytes]]) -> None:
        """Write each text into every slot of that kind and its number; numbers without a slot are passed over."""
        parts, places = self._parts, self._places[kind]
        for number, text in texts:
            for place in places.get(number, ()):
                parts[place] = text

    def text(self) -> bytes:
        """The whole document as a COPY field."""
        return b"".join(self._parts)
