from sqlalchemy import select

from app.models import OddsSnapshot


def latest(session, event_id):
    query = select(OddsSnapshot).where(OddsSnapshot.event_id == event_id).order_by(OddsSnapshot.id.desc())
    snapshot = session.scalars(query).first()
    return snapshot.id if snapshot else None


def how_many(session):
    return session.query(OddsSnapshot).count()
