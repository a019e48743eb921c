"""The table."""

from sqlalchemy import JSON, Column, Integer

from app.base import Base


class OddsSnapshot(Base):
    """Rows with a raw_response."""

    __tablename__ = "odds_snapshots"

    id = Column(Integer, primary_key=True)
    event_id = Column(Integer)
    raw_response = Column(JSON)
