import logging

from sqlalchemy import func, select

from storage.models import OddsSnapshot

logger = logging.getLogger(__name__)


def store(session, event_id, raw_response):
    """Store raw_response."""
    logger.debug(f"raw_response: {len(raw_response)} bytes")
    session.add(OddsSnapshot(event_id=event_id, raw_response=raw_response))


def newest(session):
    return session.scalar(select(func.max(OddsSnapshot.id)))
