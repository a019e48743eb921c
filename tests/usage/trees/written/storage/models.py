"""The table, and nothing that reads it."""

from sqlalchemy import JSON, Column, Integer

from storage.base import Base


class OddsSnapshot(Base):
    """Rows with a raw_response."""

    __tablename__ = "odds_snapshots"

    id = Column(Integer, primary_key=True)
    event_id = Column(Integer)
    raw_response = Column(JSON)
