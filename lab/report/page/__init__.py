"""Pages that open from disk and ask nothing of any server, and their pictures as files."""

from lab.report.page.comparison import comparison
from lab.report.page.database import database
from lab.report.page.database_change import database_change
from lab.report.page.document import document
from lab.report.page.page import charts, page, pictures

__all__ = ["charts", "comparison", "database", "database_change", "document", "page", "pictures"]
