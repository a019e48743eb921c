"""A document in Markdown as a page: the only module that imports markdown_it."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from lab.report import markers
from lab.report.page.shell import shell

_SCROLLS = '<div class="scroll" tabindex="0" role="region" aria-label="{} {}">\n'


def document(text: str, pictures: Mapping[str, str]) -> str:
    """The page of a document. `pictures` holds the SVG of each picture by the path that the document names.

    HTML in the document is shown as text, and a picture that is not given is shown by its words.
    """
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(markers.without(text))
    heads = list(_anchored(tokens))
    for token in tokens:
        for part in token.children or ():
            if part.type == "image":
                _shown(part, pictures)
    title = next((head for level, _, head in heads if level == "h1"), "Document")
    return shell(
        "document.html.j2",
        title=title,
        heads=[(anchor, head) for level, anchor, head in heads if level == "h2"],
        text=Markup(reader.renderer.render(list(_wrapped(tokens)), reader.options, {})),  # noqa: S704 - HTML of its own is escaped
    )


def _anchored(tokens: Sequence[Token]) -> Iterator[tuple[str, str, str]]:
    """Level, anchor and text of each heading, which gets that anchor."""
    for number, (token, inside) in enumerate(pairwise(tokens)):
        if token.type == "heading_open":
            anchor = f"{re.sub(r'[^a-z0-9]+', '-', inside.content.lower()).strip('-')}-{number}"
            token.attrSet("id", anchor)
            yield token.tag, anchor, inside.content


_OPENS = {"table_open": "Table", "fence": "Code", "paragraph_open": "Picture"}
_CLOSES = {"table_close", "fence", "paragraph_close"}


def _wrapped(tokens: Sequence[Token]) -> Iterator[Token]:
    """Tables, code and pictures in regions that scroll by themselves, also by the keyboard."""
    texts = {
        beside
        for number, token in enumerate(tokens)
        if token.type == "inline" and [part.type for part in token.children or ()] != ["image"]
        for beside in (number - 1, number + 1)
    }
    for number, token in enumerate(tokens):
        if number not in texts and token.type in _OPENS:
            yield _html(_SCROLLS.format(_OPENS[token.type], number))
        yield token
        if number not in texts and token.type in _CLOSES:
            yield _html("</div>\n")


def _shown(image: Token, pictures: Mapping[str, str]) -> None:
    """The picture itself in place of its path."""
    svg = pictures.get(str(image.attrs["src"]))
    if svg is None:
        image.type = "text"  # whose content is its words
    else:
        image.attrSet("src", f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}")


def _html(text: str) -> Token:
    return Token("html_block", "", 0, content=text)
