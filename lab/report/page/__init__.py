"""report.html: one page that opens from disk and asks nothing of any server; and its pictures as files."""

from lab.report.page.page import page, pictures

__all__ = ["page", "pictures"]
