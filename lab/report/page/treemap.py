"""The chart of what eats the disk: areas in proportion to bytes, from the table down to the column and the index."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lab.analysis.pieces import Kind, Piece, Storage, pieces
from lab.report.page import drawing
from lab.report.page.chart import Chart
from lab.report.page.drawing import Spec
from lab.report.table import Table, share, size
from lab.units import bytes_text, counted
from lab.values import Profile

WIDTH, HEIGHT = 880, 520
_LEAST = 0.003
"""Share of the database below which pieces are joined: about the area of one short word."""
_COLOURS = {
    Storage.HEAP: ("heap (rows)", drawing.BLUE),
    Storage.TOAST: ("TOAST (long values)", drawing.ORANGE),
    Storage.INDEXES: ("indexes", drawing.GREEN),
    Storage.DATA: ("heap or TOAST", drawing.PURPLE),
    Storage.REST: ("everything else", drawing.MUTED),
}
_EDGE, _HEAD, _LINE, _LETTER, _NARROW = 5, 18, 15, 7.5, 44
"""Pixels: from the edge to the text, heights of a table's name and of a line, width of a letter, least width of a text."""


def treemap(profile: Profile) -> Chart | None:
    """Where the bytes of a profiled database are; None where it has none."""
    areas = pieces(profile)
    whole = sum(piece.bytes for piece in areas)
    if not whole:
        return None
    groups = _groups(areas, _LEAST * whole)
    shown = [piece for storages in groups.values() for group in storages.values() for piece in group]
    return Chart(
        name="disk",
        title="What eats the disk",
        words=(
            f"The whole database, {bytes_text(profile.database_bytes)}. Each area is in proportion to its bytes. A table is one"
            " block, with its name in its largest part; inside of it are its columns and indexes. The colour says how the bytes"
            " are stored. What is too small to be seen is joined."
        ),
        spec=_spec(groups),
        table=Table(
            title="Every area of the picture, table by table",
            heads=("table", "storage", "what", "size", "share"),
            rows=tuple(
                (
                    piece.table,
                    piece.storage.value,
                    _words(piece),
                    size(piece.bytes),
                    share(piece.bytes / profile.database_bytes),
                )
                for piece in shown
            ),
            left=3,
        ),
    )


Groups = Mapping[str | None, Mapping[Storage, Sequence[Piece]]]
"""The pieces by table and storage, the largest first on every level."""


def _groups(areas: Sequence[Piece], least: float) -> Groups:
    """The pieces as they are drawn: what is smaller than `least` is joined."""
    by_table: defaultdict[str | None, list[Piece]] = defaultdict(list)
    for piece in areas:
        by_table[piece.table].append(piece)
    small = {table for table, of in by_table.items() if table is not None and _bytes(of) < least}
    if len(small) > 1:
        joined = [piece for table in small for piece in by_table.pop(table)]
        by_table[None].append(_joined(joined, f"{counted(len(small), 'small table')}", Storage.REST))
    groups = {table: _by_storage(of, least) for table, of in by_table.items()}
    return dict(sorted(groups.items(), key=lambda pair: -sum(map(_bytes, pair[1].values()))))


def _by_storage(of_table: Sequence[Piece], least: float) -> Mapping[Storage, Sequence[Piece]]:
    groups: defaultdict[Storage, list[Piece]] = defaultdict(list)
    for piece in of_table:
        groups[piece.storage].append(piece)
    shown = {storage: tuple(_large(group, least)) for storage, group in groups.items()}
    return dict(sorted(shown.items(), key=lambda pair: -_bytes(pair[1])))


def _large(group: Sequence[Piece], least: float) -> Iterator[Piece]:
    """The pieces of one storage, the largest first, the small ones joined."""
    small = [piece for piece in group if piece.bytes < least]
    large = [piece for piece in group if piece.bytes >= least] if len(small) > 1 else list(group)
    if len(small) > 1:
        large.append(_joined(small, f"{len(small)} others", small[0].storage))
    yield from sorted(large, key=lambda piece: -piece.bytes)


def _joined(small: Sequence[Piece], name: str, storage: Storage) -> Piece:
    table = small[0].table if storage is not Storage.REST else None
    return Piece(table=table, storage=storage, kind=Kind.DATA, name=name, bytes=_bytes(small))


def _bytes(group: Sequence[Piece]) -> int:
    return sum(piece.bytes for piece in group)


def _words(piece: Piece) -> str:
    """What a piece is, without its table."""
    return piece.name or ("all indexes" if piece.kind is Kind.INDEX else "all of it")


def _nodes(groups: Groups) -> Iterator[Mapping[str, Any]]:
    """The tree of the picture: the database, its tables, their storage, their pieces; only the last have bytes."""
    yield {"id": "database"}
    for table_number, (table, storages) in enumerate(groups.items()):
        block = f"{table_number}"
        yield {"id": block, "parent": "database"}
        head = table or ""  # in the first piece, because the layout puts the largest one to the upper left
        for storage, group in storages.items():
            part = f"{block} {storage}"
            yield {"id": part, "parent": block}
            for number, piece in enumerate(group):
                yield {"id": f"{part} {number}", "parent": part, **_leaf(piece, head)}
                head = ""


def _leaf(piece: Piece, head: str) -> Mapping[str, Any]:
    size_text = bytes_text(piece.bytes)
    how = f", {piece.storage}" if piece.storage in (Storage.HEAP, Storage.TOAST) else ""
    return {
        "bytes": piece.bytes,
        "storage": _COLOURS[piece.storage][0],
        "head": head,
        "name": _words(piece),
        "sizes": [size_text + how, size_text],
        "top": _HEAD + _EDGE if head else _EDGE,
    }


def _spec(groups: Groups) -> Spec:
    """In the grammar of Vega, which has the layout that Vega-Lite lacks."""
    present = {storage for storages in groups.values() for storage in storages}
    colours = {words: colour.light for storage, (words, colour) in _COLOURS.items() if storage in present}
    layout = {
        "type": "treemap",
        "field": "bytes",
        "sort": {"field": "value", "order": "descending"},
        "method": "squarify",
        "ratio": 1.4,
        "size": [WIDTH, HEIGHT],
    }
    named = f"datum.x1 - datum.x0 >= {_NARROW} && datum.y1 - datum.y0 >= datum.top + {_LINE}"
    room = f"max(1, floor((datum.y1 - datum.y0 - datum.top) / {_LINE}))"
    fits = f"datum.x1 - datum.x0 > {_LETTER} * length(datum.sizes[{{}}]) + {3 * _EDGE}"  # half a number would be another one
    sizes = " : ".join(f"{fits.format(number)} ? datum.sizes[{number}]" for number in range(2))
    piece = {"fill": {"scale": "storage", "field": "storage"}, "strokeWidth": {"value": 1}}
    return {
        "$schema": drawing.VEGA,
        "width": WIDTH,
        "height": HEIGHT,
        "data": [
            {
                "name": "tree",
                "values": list(_nodes(groups)),
                "transform": [{"type": "stratify", "key": "id", "parentKey": "parent"}, layout],
            },
            {"name": "tables", "source": "tree", "transform": [_where("datum.depth == 1")]},
            {"name": "pieces", "source": "tree", "transform": [_where("isValid(datum.storage)")]},
            {"name": "named", "source": "pieces", "transform": [_where(named)]},
        ],
        "scales": [{"name": "storage", "type": "ordinal", "domain": list(colours), "range": list(colours.values())}],
        "legends": [{"fill": "storage", "direction": "horizontal", "columns": len(colours)}],
        "marks": [
            {**_areas("pieces", piece), "name": "areas"},
            _areas("tables", {"strokeWidth": {"value": 4}}),
            {
                "type": "group",
                "name": drawing.ON_COLOUR,
                "marks": [
                    _text("datum.head", str(_EDGE), 14),
                    _text(f"slice([datum.name, {sizes} : ''], 0, {room})", "datum.top", 12),
                ],
            },
        ],
    }


def _where(condition: str) -> Spec:
    return {"type": "filter", "expr": condition}


def _areas(data: str, style: Spec) -> Spec:
    corners = {name: {"field": field} for name, field in (("x", "x0"), ("x2", "x1"), ("y", "y0"), ("y2", "y1"))}
    return {
        "type": "rect",
        "from": {"data": data},
        "encode": {"enter": {**corners, "stroke": {"value": drawing.PAPER.light}, **style}},
    }


def _text(text: str, top: str, font_size: int) -> Spec:
    """Lines in the upper left of a piece, each cut where the piece ends."""
    return {
        "type": "text",
        "from": {"data": "named"},
        "encode": {
            "enter": {
                "x": {"signal": f"datum.x0 + {_EDGE + 2}"},
                "y": {"signal": f"datum.y0 + {top}"},
                "text": {"signal": text},
                "limit": {"signal": f"0.9 * (datum.x1 - datum.x0) - {_EDGE + 2}"},  # where the reader's font is wider
                "baseline": {"value": "top"},
                "lineHeight": {"value": _LINE},
                "fontSize": {"value": font_size},
                "font": {"value": drawing.FONT},
                "fill": {"value": drawing.PAPER.light},
            }
        },
    }
