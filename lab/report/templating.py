"""The only module that imports jinja2: the templates of the reports, and their filters."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from lab.report.evidence import evidence
from lab.units import bytes_text, counted

TEMPLATES = Environment(
    loader=PackageLoader("lab.report"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701 - the output is Markdown, not HTML
)
PAGES = TEMPLATES.overlay(autoescape=True)
"""The same templates for HTML: every text is escaped."""
TEMPLATES.filters["size"] = bytes_text
TEMPLATES.filters["counted"] = counted
TEMPLATES.filters["evidence"] = evidence


def blocks(name: str, **values: object) -> dict[str, str]:
    """Each block of a template by its name, with - for _, in the order of the template."""
    template = TEMPLATES.get_template(name)
    context = template.new_context(values)
    return {block.replace("_", "-"): "".join(render(context)) for block, render in template.blocks.items()}
