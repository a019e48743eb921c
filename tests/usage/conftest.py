"""Small applications, written for a test, whose sources are looked at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from data_gen.facts import SNAPSHOTS as TABLES
from lab.usage.search import look
from lab.usage.values import Usage

collect_ignore = ["trees"]  # sources to look at; some are tests of an application that is not there

MODELS = """
class OddsSnapshot(Base):
    __tablename__ = "odds_snapshots"
    id: Mapped[int] = mapped_column(primary_key=True)
    raw_response: Mapped[dict] = mapped_column(JSON)

class Event(Base):
    __tablename__ = "events"
    id: Mapped[int] = mapped_column(primary_key=True)
    snapshots: Mapped[list["OddsSnapshot"]] = relationship()
"""

Read = Callable[..., Usage]
Said = Callable[..., list[str]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Writes files (name to text) into a folder and looks for raw_response there."""

    def read(files: dict[str, str], **options: list[str]) -> Usage:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text), encoding="utf-8")
        (usage,) = look([tmp_path], ["raw_response"], assumed=TABLES, **options)
        return usage

    return read


@pytest.fixture
def said(read: Read) -> Said:
    """What is found in one file of an application that has the table's class in another, as 'read', 'read whole', …"""

    def said(code: str, *, models: str = MODELS, name: str = "code.py") -> list[str]:
        usage = read({"models.py": models, name: code})
        return [f"{hit.access}{' whole' * hit.whole}" for hit in usage.hits if hit.path == name]

    return said
