from sqlalchemy import select, text

from app.storage.models import OddsSnapshot


def bookmakers(session):
    query = select(OddsSnapshot).limit(10)
    for snapshot in session.scalars(query):
        raw = snapshot.raw_response
        yield raw["bookmaker"]


def sizes(connection):
    return connection.execute(
        text(
            """
            SELECT captured_at::date,
                   sum(pg_column_size(raw_response))
            FROM odds_snapshots
            GROUP BY 1
            """
        )
    )
