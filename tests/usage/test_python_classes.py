"""Classes that rename the column, and schemas that are filled from its rows."""

from __future__ import annotations

import pytest

from tests.usage.conftest import MODELS, Read, Said

OUT = "class SnapshotOut(BaseModel{}):\n    {}\n    raw_response: dict\n"
FROM_ROWS = "class Out(BaseModel):\n    class Config:\n        orm_mode = True\n"


@pytest.mark.parametrize(
    "code",
    [
        OUT.format("", "model_config = ConfigDict(from_attributes=True)"),
        OUT.format("", "model_config = {'from_attributes': True}"),
        OUT.format("", "model_config: ClassVar[ConfigDict] = ConfigDict(from_attributes=True)"),
        OUT.format(", from_attributes=True", "id: int"),
        FROM_ROWS + OUT.format(", Out", "id: int"),
        OUT.format("", "id: int") + "class Child(SnapshotOut):\n    model_config = ConfigDict(from_attributes=True)",
        FROM_ROWS + OUT.format(", Out", "id: int") + "@api.put('/')\ndef f(one: SnapshotOut) -> SnapshotOut: ...",
    ],
)
def test_a_schema_filled_from_rows_reads(said: Said, code: str) -> None:
    assert said(code) == ["read"]


@pytest.mark.parametrize(
    "code",
    [
        OUT.format("", "id: int") + "@api.get('/')\ndef f() -> list[SnapshotOut]: ...",
        OUT.format("", "id: int") + "@api.get('/', response_model=SnapshotOut)\ndef f(): ...",
        OUT.format("", "id: int")
        + "class Page(BaseModel):\n    rows: list[SnapshotOut]\n@api.get('/')\ndef f() -> Page: ...",
        FROM_ROWS + OUT.format(", Out", "id: int") + "@api.post('/')\ndef f(body: SnapshotOut): ...",
    ],
)
def test_a_schema_that_may_be_filled_from_rows_is_unclear(said: Said, code: str) -> None:
    assert said(code) == ["unclear"]


def test_a_schema_that_answers_in_another_file_may_be_filled_from_rows(read: Read) -> None:
    page = "from schemas import SnapshotOut\nclass Page(BaseModel):\n    rows: list[SnapshotOut]"
    api = "from page import Page\n@api.get('/', response_model=Page)\ndef f(): ..."
    usage = read({"models.py": MODELS, "schemas.py": OUT.format("", "id: int"), "page.py": page, "api.py": api})
    assert [str(hit.access) for hit in usage.hits if hit.path == "schemas.py"] == ["unclear"]


@pytest.mark.parametrize(
    "code",
    [
        OUT.format("", "model_config = ConfigDict(from_attributes=False)"),
        OUT.format("", "id: int") + "@api.post('/')\ndef f(body: SnapshotOut): ...",
    ],
)
def test_a_schema_that_no_row_fills_is_a_declaration(said: Said, code: str) -> None:
    assert said(code) == ["declare"]


RENAMED = MODELS.replace(
    "raw_response: Mapped[dict] = mapped_column(", "payload: Mapped[dict] = mapped_column('raw_response', "
)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("select(OddsSnapshot.payload)", ["read"]),
        ("select(OddsSnapshot.id).where(OddsSnapshot.payload.is_not(None))", ["read"]),
        (
            "for one in session.scalars(select(OddsSnapshot.id, OddsSnapshot)):\n    one.payload['x']",
            ["read whole", "read"],
        ),
        ("OddsSnapshot(payload=body)", ["write"]),
        ("update(OddsSnapshot).values(payload=None)", ["write"]),
        ("match one:\n    case OddsSnapshot(payload=body): pass", ["read"]),
        ("select(OddsSnapshot).options(defer(OddsSnapshot.payload))", ["declare"]),
        ("message.payload['x']", ["unclear"]),
        ("row['payload']", ["unclear"]),
        ("publish(payload=body)", []),
        ("match message:\n    case Message(payload=body): pass", []),
        ("x = {'payload': body}", []),
        ("raise Failed('payload')", []),
    ],
)
def test_a_column_is_found_by_the_attribute_that_holds_it(said: Said, code: str, expected: list[str]) -> None:
    assert said(code, models=RENAMED) == expected


@pytest.mark.parametrize(
    "field",
    [
        "payload: dict = Field(sa_column=Column('raw_response', JSON))",
        "raw: Mapped[dict] = deferred(Column('raw_response', JSON))\n    payload = synonym('raw_response')",
    ],
)
def test_a_column_may_be_named_anywhere_in_its_attribute(said: Said, field: str) -> None:
    models = MODELS.replace("raw_response: Mapped[dict] = mapped_column(JSON)", field)
    assert said("select(OddsSnapshot.payload)", models=models) == ["read"]


def test_an_attribute_of_the_columns_name_may_hold_another_column(said: Said) -> None:
    models = MODELS.replace("mapped_column(JSON)", "mapped_column('body', JSON)")
    assert said("select(OddsSnapshot)", models=models) == []
