"""What every page of the lab has: its style, its colours in the dark, and that it asks nothing of any server."""

from __future__ import annotations

from importlib.resources import files

from markupsafe import Markup

from lab.report.page import drawing
from lab.report.templating import PAGES

_STYLE = (files("lab.report") / "templates" / "page.css").read_text(encoding="utf-8")


def shell(template: str, **values: object) -> str:
    """A page from a template that extends `base.html.j2`."""
    return PAGES.get_template(template).render(
        style=Markup(_STYLE),  # noqa: S704 - a file of ours
        dark=Markup(drawing.DARK),  # noqa: S704 - colours of ours
        **values,
    )
