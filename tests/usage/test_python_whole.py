"""Objects loaded whole read the column without naming it."""

from __future__ import annotations

import pytest

from tests.usage.conftest import MODELS, Read, Said


@pytest.mark.parametrize(
    "code",
    [
        "session.query(OddsSnapshot).filter(OddsSnapshot.id > 3).all()",
        "session.scalars(select(OddsSnapshot))",
        "session.execute(select(Event.id, OddsSnapshot).join(OddsSnapshot))",
        "session.get(OddsSnapshot, 1)",
        "session.execute(select(models.OddsSnapshot))",
        "OddsSnapshot.query.filter_by(id=1)",
        "from models import OddsSnapshot as Odds\nselect(Odds)",
        "one = aliased(OddsSnapshot)\nselect(one)",
        "insert(OddsSnapshot).values(id=1).returning(OddsSnapshot)",
        "select(Event).options(selectinload(Event.snapshots))",
        "for snapshot in event.snapshots: pass",
        "select(OddsSnapshot).options(defer(OddsSnapshot.captured_at))",
        "select(OddsSnapshot).options(joinedload(OddsSnapshot.event).load_only(Event.id))",
        "class Repository:\n    model = OddsSnapshot\n    def all(self):\n        return select(self.model)",
        "model = OddsSnapshot if home else CompetitorOddsSnapshot\nselect(model)",
        "def f(one: OddsSnapshot):\n    session.refresh(one)",
        "session.merge(OddsSnapshot(id=1))",
        "select(OddsSnapshot.__table__)",
        "select(*OddsSnapshot.__table__.columns)",
        "OddsSnapshot.__table__.select()",
        "table = OddsSnapshot.__table__\nselect(table)",
        "columns = models.OddsSnapshot.__table__.c\nselect(*columns)",
        "Odds = models.OddsSnapshot\nselect(Odds)",
        "latest = select(OddsSnapshot).distinct(OddsSnapshot.event_id).cte('latest')\nselect(latest)",
        "select(select(OddsSnapshot).subquery())",
        "select(Event).add_columns(OddsSnapshot)",
        "select(Event).options(selectinload(Event.snapshots.and_(OddsSnapshot.id > 3)))",
        "class Other(OddsSnapshot): ...\nselect(OddsSnapshot, Other).options(load_only(OddsSnapshot.id))",
    ],
)
def test_an_object_loaded_whole_reads_the_column(said: Said, code: str) -> None:
    assert said(code) == ["read whole"]


@pytest.mark.parametrize(
    "code",
    [
        "select(OddsSnapshot.id)",
        "select(func.count()).select_from(OddsSnapshot)",
        "session.query(OddsSnapshot).count()",
        "session.query(OddsSnapshot).filter(OddsSnapshot.id < 3).delete()",
        "delete(OddsSnapshot).where(OddsSnapshot.id < 3)",
        "select(OddsSnapshot).with_only_columns(OddsSnapshot.id)",
        "select(OddsSnapshot).options(load_only(OddsSnapshot.id))",
        "LIGHT = [load_only(OddsSnapshot.id)]\nselect(OddsSnapshot).options(*LIGHT)",
        "select(Event).join(Event.snapshots)",
        "select(Event).options(selectinload(Event.snapshots).load_only(OddsSnapshot.id))",
        "select(Event)",
        "isinstance(one, (OddsSnapshot, Event))",
        "class Page:\n    shown: OddsSnapshot\n    def f(self):\n        publish(self.shown)",
        "def f(one: tuple[OddsSnapshot, Event]): ...",
        "Base.metadata.create_all(tables=[OddsSnapshot.__table__])",
        "def f(one: OddsSnapshot):\n    session.refresh(one, ['id'])",
        "latest = select(OddsSnapshot).cte()\nselect(func.count()).select_from(latest)",
        "latest = select(OddsSnapshot).cte()\nselect(latest.c.id)",
        "session.get(OddsSnapshot, 1, options=[load_only(OddsSnapshot.id)])",
    ],
)
def test_a_query_that_leaves_the_column_out_does_not_read_it(said: Said, code: str) -> None:
    assert said(code) == []


def test_a_deferred_column_is_not_loaded_by_that_query(said: Said) -> None:
    assert said("select(OddsSnapshot).options(defer(OddsSnapshot.raw_response))") == ["declare"]


@pytest.mark.parametrize(
    "column",
    ["mapped_column(JSON, deferred=True)", "deferred(Column(JSON))", "mapped_column(JSON, deferred_group='big')"],
)
def test_a_column_deferred_by_its_class_is_not_loaded_with_the_object(said: Said, column: str) -> None:
    models = MODELS.replace("mapped_column(JSON)", column)
    assert said("select(OddsSnapshot)\nsession.get(OddsSnapshot, 1)", models=models) == []
    assert said("snapshot.raw_response", models=models) == ["read"]
    assert said("def f(one: OddsSnapshot):\n    return one.to_dict()", models=models) == ["unclear whole"]
    for option in ("undefer('*')", "undefer_group('big')"):
        assert said(f"select(OddsSnapshot).options({option})", models=models) == ["unclear whole"]


@pytest.mark.parametrize(
    "code",
    [
        "query = select(OddsSnapshot)\nif light:\n    query = query.options(load_only(OddsSnapshot.id))",
        "select(OddsSnapshot).options(*options)",
        "def f(one: OddsSnapshot):\n    return one.__dict__",
        "def f(one: OddsSnapshot):\n    return asdict(one)",
        "def f(one: OddsSnapshot):\n    return SnapshotOut.model_validate(one)",
        "session.get(OddsSnapshot, 1).as_dict()",
        "def f(one: OddsSnapshot):\n    return one.model_dump_json()",
        "def f(one: OddsSnapshot, name):\n    return getattr(one, name)",
        "Repository(session, OddsSnapshot)",
        "for model in (OddsSnapshot, Event):\n    session.query(model).all()",
        "MODELS = {'snapshots': OddsSnapshot}",
        "def load(model=OddsSnapshot): ...",
        "def model():\n    return OddsSnapshot",
        "Repository(session, model=OddsSnapshot)",
        "class Snapshots(Repository[OddsSnapshot]): ...",
        "class Snapshots(Repository):\n    model = OddsSnapshot",
        "class SnapshotSchema(AutoSchema):\n    class Meta:\n        model = OddsSnapshot",
        "class Page(ModelView, model=OddsSnapshot): ...",
        "pd.read_sql_table('odds_snapshots', engine)",
    ],
)
def test_a_whole_row_whose_use_is_not_seen_is_unclear(said: Said, code: str) -> None:
    assert "unclear whole" in said(code)


def test_a_column_of_a_mixin_is_loaded_with_every_class_made_from_it(said: Said) -> None:
    models = """
class WithPayload:
    raw_response: Mapped[dict] = mapped_column(JSON)

class OddsSnapshot(WithPayload, Base):
    __tablename__ = "odds_snapshots"
"""
    assert said("select(OddsSnapshot)", models=models) == ["read whole"]


def test_a_relationship_that_is_loaded_eagerly_brings_the_column_along(said: Said) -> None:
    models = MODELS.replace("relationship()", "relationship(lazy='selectin')")
    assert said("select(Event)", models=models) == ["read whole"]


def test_a_backref_leads_to_the_object_too(said: Said) -> None:
    models = MODELS + "    market = relationship('Market', backref='odds')\n"
    models = models.replace("class Event(Base)", "class Other(Base)").replace('"events"', '"others"')
    models += "class Snap(OddsSnapshot):\n    market = relationship('Market', backref='snap')\n"
    assert said("print(market.snap)", models=models) == ["read whole"]


def test_a_table_in_a_variable_is_loaded_whole(said: Said) -> None:
    models = "odds = Table('odds_snapshots', metadata, Column('id', Integer), Column('raw_response', JSON))"
    assert said("select(odds)\nodds.select()\nselect(odds.c.id)", models=models) == ["read whole", "read whole"]


@pytest.mark.parametrize(
    "models",
    [
        "Odds = Table('odds_snapshots', metadata, autoload_with=engine)",
        "Odds = Base.classes.odds_snapshots",
        "Odds = metadata.tables['odds_snapshots']\nother = report.tables[0]\nmore = report.tables[a.b]",
        "class Odds(Base):\n    __table__ = Table('odds_snapshots', metadata, Column('raw_response', JSON))",
        "odds = Table('odds_snapshots', metadata, Column('raw_response', JSON))\nclass Odds(Base):\n    __table__ = odds",
        "NAME = 'odds_snapshots'\nclass Odds(Base):\n    __tablename__ = NAME\n    raw_response = Column(JSON)",
    ],
)
def test_a_class_is_the_tables_however_it_says_which_table_it_is(said: Said, models: str) -> None:
    assert said("select(Odds)\nrun('SELECT * FROM odds_snapshots')", models=models) == ["read whole", "read whole"]


def test_a_table_whose_name_is_given_by_a_constant_is_the_columns(read: Read) -> None:
    models = "NAME = 'payloads'\nclass Odds(Base):\n    __tablename__ = NAME\n    raw_response = Column(JSON)"
    assert read({"models.py": models}).tables == ("payloads",)


def test_a_class_mapped_onto_a_table_is_loaded_whole(said: Said) -> None:
    models = """
odds = Table("odds_snapshots", metadata, Column("raw_response", JSON))
class Snapshot: ...
registry.map_imperatively(Snapshot, odds)
"""
    assert said("session.get(Snapshot, 1)", models=models) == ["read whole"]


def test_a_schema_in_a_generic_base_is_not_the_table(said: Said) -> None:
    code = "class Repository(Generic[OddsSnapshot]): ...\nselect(Repository)"
    assert said(code) == []


def test_an_attribute_of_self_is_a_relationship_only_where_the_class_has_it(said: Said) -> None:
    assert said("class Form:\n    def f(self):\n        return self.snapshots") == []
    assert said("class Event(Base):\n    def f(self):\n        return self.snapshots") == ["read whole"]
