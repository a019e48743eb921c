"""A JSON document as COPY text: serialised once, then patched where prices change."""

from __future__ import annotations

import json
import re
from array import array
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from lab.postgres.sql import copy_escaped

_MARK = re.compile(r'"~([A-Z])(\d+)~"|~([a-z])(\d+)~')
_KEPT = 20_000  # segments, as many as about twenty documents have


class Constants:
    """A cache of segments that documents share, so that memory holds each once.

    Most segments belong to a single event and would outlive it here, so the cache is emptied whenever it is full.
    """

    def __init__(self) -> None:
        """Start with none."""
        self._kept: dict[bytes, bytes] = {}

    def shared(self, texts: Iterable[bytes]) -> list[bytes]:
        """The same texts, as the objects of earlier documents where these have equal segments."""
        if len(self._kept) > _KEPT:
            self._kept.clear()
        return [self._kept.setdefault(text, text) for text in texts]


class DocumentTemplate:
    """Constant segments with slots between them; memory is about the size of the text."""

    def __init__(self, content: dict[str, Any], constants: Constants) -> None:
        """`constants` is shared between documents."""
        pieces = _MARK.split(json.dumps(content))
        self._parts = [b""] * (len(pieces) // 5 * 2 + 1)
        self._parts[::2] = constants.shared(copy_escaped(piece).encode() for piece in pieces[::5])
        slots = [_slot(pieces[place : place + 4]) for place in range(1, len(pieces), 5)]
        size = max((number for _, number in slots), default=0) + 1
        self._first: dict[str, array[int]] = defaultdict(lambda: array("i", bytes(4 * size)))
        self._next: dict[int, int] = {}
        for place, (kind, number) in reversed(list(zip(range(1, len(self._parts), 2), slots, strict=True))):
            if later := self._first[kind][number]:
                self._next[place] = later
            self._first[kind][number] = place

    def fill(self, kind: str, texts: Iterable[tuple[int, bytes]]) -> None:
        """Write each text into every slot of that kind and its number; skip numbers without a slot."""
        parts, first, following = self._parts, self._first[kind], self._next
        for number, text in texts:
            place = first[number] if number < len(first) else 0
            while place:  # 0 is never a slot, because a segment comes first
                parts[place] = text
                place = following.get(place, 0)

    def numbers(self, kind: str) -> list[int]:
        """Numbers of the slots of that kind."""
        return [number for number, place in enumerate(self._first[kind]) if place]

    def text(self) -> bytes:
        """The whole document as a COPY field."""
        return b"".join(self._parts)


def _slot(groups: list[str | Any]) -> tuple[str, int]:
    """Kind and number of a mark, whichever of the two spellings matched."""
    kind, number, inner_kind, inner_number = groups
    return kind or inner_kind, int(number or inner_number)
