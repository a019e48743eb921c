"""report.html: one page that opens from disk and asks nothing of any server."""

from lab.report.page.page import page

__all__ = ["page"]
