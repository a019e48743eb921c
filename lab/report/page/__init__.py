"""Pages that open from disk and ask nothing of any server, and their pictures as files."""

from lab.report.page.document import document
from lab.report.page.page import charts, page, pictures

__all__ = ["charts", "document", "page", "pictures"]
