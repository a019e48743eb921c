from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import defer, load_only, selectinload

from app.storage.models import Event, OddsSnapshot

router = APIRouter()


@router.get("/events/{event_id}")
async def event(session, event_id: int):
    query = select(Event).where(Event.id == event_id).options(selectinload(Event.snapshots))
    return (await session.execute(query)).scalar_one()


@router.get("/snapshots/{snapshot_id}")
async def snapshot(session, snapshot_id: int):
    return await session.get(OddsSnapshot, snapshot_id)


@router.get("/light")
async def light(session):
    first = select(OddsSnapshot).options(defer(OddsSnapshot.raw_response))
    second = select(OddsSnapshot).options(load_only(OddsSnapshot.id))
    return (await session.scalars(first)).all(), (await session.scalars(second)).all()
