"""Every way in which Python names a column, and the traps: what only looks like it."""

from __future__ import annotations

import pytest

from tests.usage.conftest import MODELS, Read, Said

RIVAL = """
@dataclass
class HttpResult:
    raw_response: dict
"""


@pytest.mark.parametrize(
    "code",
    [
        "print(snapshot.raw_response)",
        "raw = snapshot.raw_response",
        "snapshot.raw_response['markets'][0]",
        "del other[snapshot.raw_response]",
        "row['raw_response']",
        "row.get('raw_response')",
        "getattr(row, 'raw_response', None)",
        "frame[['id', 'raw_response']]",
        "select(OddsSnapshot.id, OddsSnapshot.raw_response)",
        "select(OddsSnapshot.id).where(OddsSnapshot.raw_response.is_not(None))",
        "table.c.raw_response",
        "session.query(OddsSnapshot.id).filter_by(raw_response=None)",
        "operator.itemgetter('raw_response')(row)",
        "undefer(OddsSnapshot.raw_response)",
        "load_only(OddsSnapshot.raw_response)",
        "match row:\n    case {'raw_response': raw}: pass",
        "match row:\n    case OddsSnapshot(raw_response=raw): pass",
        "pd.Index(frame['raw_response'])",
        "pd.Index(one.raw_response)",
        "table([row['raw_response'] for row in rows])",
        "select(column('raw_response'))",
        "data = {**row}\ndata['raw_response']",
        "data = dict(row)\ndata.get('raw_response')",
    ],
)
def test_a_read_by_name_is_a_read(said: Said, code: str) -> None:
    assert said(code) == ["read"]


@pytest.mark.parametrize(
    "code",
    [
        "snapshot.raw_response = payload",
        "del snapshot.raw_response",
        "row['raw_response'] = payload",
        "setattr(snapshot, 'raw_response', payload)",
        "flag_modified(snapshot, 'raw_response')",
        "OddsSnapshot(raw_response=payload)",
        "models.OddsSnapshot(raw_response=payload)",
        "insert(OddsSnapshot).values(raw_response=payload)",
        "update(OddsSnapshot).values({'raw_response': None})",
        "update(OddsSnapshot).values({OddsSnapshot.raw_response: None})",
        "session.execute(insert(OddsSnapshot), [{'raw_response': one} for one in payloads])",
        "session.bulk_insert_mappings(OddsSnapshot, [{'raw_response': payload}])",
        "insert(OddsSnapshot).on_conflict_do_update(index_elements=['id'], set_={'raw_response': payload})",
        "insert(OddsSnapshot).on_conflict_do_update(set_={'raw_response': new.excluded.raw_response})",
        "insert(OddsSnapshot).on_conflict_do_update(set_={'raw_response': new.excluded['raw_response']})",
        "OddsSnapshot(**{'raw_response': payload})",
        "insert(OddsSnapshot).values(dict(raw_response=payload))",
        "def f(rows=[]):\n    rows.append({'raw_response': 1})\n    session.execute(insert(OddsSnapshot), rows)",
        "run.execute(text('INSERT INTO events VALUES (:raw_response)'), {'raw_response': payload})",
        "connection.copy_records_to_table('odds_snapshots', columns=['id', 'raw_response'], records=rows)",
    ],
)
def test_a_write_is_a_write(said: Said, code: str) -> None:
    assert said(code) == ["write"]


@pytest.mark.parametrize(
    "code",
    [
        "class Old(Base):\n    __tablename__ = 'odds_snapshots'\n    raw_response = Column(JSON)",
        "class Old(Base):\n    __tablename__ = 'odds_snapshots'\n    raw_response: Mapped[dict] = mapped_column()",
        "class Schema(BaseModel):\n    raw_response: dict",
        "op.add_column('odds_snapshots', sa.Column('raw_response', sa.JSON))",
        "op.drop_column('odds_snapshots', 'raw_response')",
        "odds = Table('odds_snapshots', metadata, Column('raw_response', JSON))",
        "odds = table('odds_snapshots', column('raw_response'))",
        "Index('ix', 'raw_response')",
        "Index('ix', OddsSnapshot.raw_response['id'].astext)",
        "CheckConstraint('raw_response IS NOT NULL')",
        "op.create_index('ix', 'odds_snapshots', ['raw_response'])",
        "op.create_index('ix', 'odds_snapshots', [sa.text(\"(raw_response->>'id')\")])",
        "@event.listens_for(OddsSnapshot.raw_response, 'set')\ndef f(*args): ...",
        "@validates('raw_response')\ndef f(*args): ...",
    ],
)
def test_a_declaration_is_neither_read_nor_write(said: Said, code: str) -> None:
    assert said(code) == ["declare"]


@pytest.mark.parametrize(
    "code",
    [
        "raw_response = fetch()\nuse(raw_response)",
        "def parse(raw_response):\n    return raw_response['markets']",
        "def parse(raw_response): ...\nparse(raw_response=payload)",
        "for raw_response in payloads: pass",
        "lambda raw_response: raw_response",
        "from scraper import raw_response",
        "# snapshot.raw_response\nx = 1",
        '"""Reads snapshot.raw_response."""',
        'def f():\n    """SELECT raw_response FROM odds_snapshots"""',
        "logger.info('raw_response of %s', event)",
        "logger.debug(f'raw_response: {size} bytes')",
        "logger.debug('raw_response: {} bytes'.format(size))",
        "raise ValueError('raw_response is empty')",
        "raise HTTPException(422, detail='raw_response is empty')",
        "assert x, 'raw_response is empty'",
        "snapshot.raw_response_size",
        "text('SELECT raw_response_size FROM odds_snapshots')",
    ],
)
def test_what_only_looks_like_the_column_is_no_hit(said: Said, code: str) -> None:
    assert said(code) == []


@pytest.mark.parametrize(
    "code",
    [
        "x = {'raw_response': payload}",
        "COLUMNS = ('id', 'raw_response')",
        "help = 'keeps raw_response too'",
        "publish(raw_response=payload)",
        "router.get('/snapshots/{id}/raw_response')",
        "client.raw_response()",
        "print('raw_response' in row)",
        "raise Failed({'raw_response': payload})",
        "def f():\n    data = json.loads(body)\n    return data['raw_response']",
        "async def f():\n    data = await response.json()\n    return data.get('raw_response')",
        "json.loads(body)['raw_response']",
    ],
)
def test_a_name_whose_use_is_not_seen_is_unclear(said: Said, code: str) -> None:
    assert said(code) == ["unclear"]


@pytest.mark.parametrize(
    "code",
    [
        "logger.info(f'got {snapshot.raw_response}')",
        "print(row['raw_response']['markets'])",
        "print(f\"{row['raw_response']}\")",
        "logger.debug('got %s', row['raw_response'])",
        "logger.debug('got %s' % row['raw_response'])",
        "logger.debug('got', extra={'x': row['raw_response']})",
        "print(frame[['id', 'raw_response']])",
        "raise HTTPException(422, detail=row['raw_response'])",
        "assert row['raw_response'] == {}",
        "assert ok, row['raw_response']",
    ],
)
def test_a_value_read_inside_of_a_message_is_still_read(said: Said, code: str) -> None:
    assert said(code) == ["read"]


def test_sql_inside_of_what_is_printed_is_still_read(said: Said) -> None:
    assert said("print(connection.execute('SELECT raw_response FROM odds_snapshots'))") == ["read"]


def test_a_local_variable_that_holds_the_column_counts_where_it_is_taken_and_given(said: Said) -> None:
    code = "raw_response = old.raw_response\nsession.add(OddsSnapshot(raw_response=raw_response))"
    assert said(code) == ["read", "write"]


def test_an_attribute_changed_in_place_is_read(said: Said) -> None:
    assert said("snapshot.raw_response |= more") == ["read"]


@pytest.mark.parametrize(
    "code",
    [
        "def f(result: HttpResult):\n    return result.raw_response",
        "def f(results: list[HttpResult]):\n    return [one.raw_response for one in results]",
        "def f():\n    result = HttpResult()\n    return result.raw_response",
        "def fetch() -> HttpResult: ...\ndef f():\n    result = fetch()\n    return result.raw_response",
        "def f(something):\n    return something.raw_response",
    ],
)
def test_an_attribute_of_what_may_be_another_class_is_unclear(said: Said, code: str) -> None:
    assert said(code, models=MODELS + RIVAL) == ["unclear"]


def test_the_constructor_of_another_class_is_no_write(said: Said) -> None:
    assert said("HttpResult(raw_response=payload)", models=MODELS + RIVAL) == ["unclear"]


@pytest.mark.parametrize(
    "code",
    [
        "def f(snapshot: OddsSnapshot):\n    return snapshot.raw_response",
        "def f(snapshot: 'OddsSnapshot | None'):\n    return snapshot.raw_response",
        "def find() -> OddsSnapshot: ...\ndef f():\n    one = find()\n    return one.raw_response",
    ],
)
def test_an_object_of_the_table_is_known_beside_another_class_of_that_attribute(said: Said, code: str) -> None:
    assert said(code, models=MODELS + RIVAL) == ["read"]


def test_an_object_is_known_through_query_and_loop(said: Said) -> None:
    code = """
    def f(session):
        query = select(OddsSnapshot).order_by(OddsSnapshot.id)
        result = session.execute(query)
        for snapshot in result.scalars():
            yield snapshot.raw_response
    """
    assert said(code, models=MODELS + RIVAL) == ["read whole", "read"]


def test_an_object_that_a_constructor_of_no_table_made_is_unclear(said: Said) -> None:
    assert said("def f():\n    one = SdkResult()\n    return one.raw_response") == ["unclear"]


def test_a_key_of_a_dictionary_that_was_written_in_the_same_function_is_unclear(said: Said) -> None:
    code = "def f(body):\n    item = {'raw_response': body}\n    OddsSnapshot(raw_response=item['raw_response'])"
    assert said(code) == ["write", "write", "unclear"]


def test_a_key_of_another_class_is_unclear(said: Said) -> None:
    code = "class Item(TypedDict):\n    raw_response: dict\ndef f(item: Item):\n    return item['raw_response']"
    assert said(code) == ["declare", "unclear"]


@pytest.mark.parametrize(
    "size",
    [
        "func.pg_column_size(OddsSnapshot.raw_response)",
        "func.length(cast(OddsSnapshot.raw_response, Text))",
        "func.octet_length(OddsSnapshot.raw_response.cast(Text))",
        "text('octet_length(raw_response::text)')",
        "text('length(raw_response::text)')",
    ],
)
def test_only_the_size_is_told_from_the_content(read: Read, size: str) -> None:
    usage = read({"models.py": MODELS, "code.py": f"select({size})"})
    assert usage.reading == "read"
    assert "in 1 only for its size" in usage.verdict


def test_with_tables_given_the_same_column_of_another_table_is_unclear(read: Read) -> None:
    other = "class Log(Base):\n    __tablename__ = 'logs'\n    raw_response: Mapped[dict] = mapped_column()\n"
    code = "def f(log: Log):\n    return log.raw_response"
    usage = read({"models.py": MODELS + other, "code.py": code}, tables=["odds_snapshots"])
    assert [hit.access for hit in usage.hits if hit.path == "code.py"] == ["unclear"]
