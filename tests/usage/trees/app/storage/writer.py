from sqlalchemy import insert

from app.storage.models import OddsSnapshot


def store(session, event_id, raw_response):
    session.add(OddsSnapshot(event_id=event_id, raw_response=raw_response))


def store_many(session, payloads):
    rows = [{"event_id": event_id, "raw_response": payload} for event_id, payload in payloads]
    session.execute(insert(OddsSnapshot).values(rows))
