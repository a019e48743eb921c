"""Strategies for the sensors: what a team with another database would write."""

from __future__ import annotations

from lab.registry import Registered
from lab.scenario import Category, Database, Scenario, Shape, Writing, different_parts, lost_column, lost_index

_VIEW = """CREATE VIEW readings AS
SELECT p.id, p.sensor_id, p.taken_at, u.unit, p.payload FROM packed p JOIN units u ON u.id = p.unit_id"""


def _drop_payload(db: Database) -> None:
    with db.step("drop the column"):
        db.execute("ALTER TABLE readings DROP COLUMN payload")
    with db.step("rewrite the table", final=True):
        db.execute("VACUUM FULL readings")


def _pack(db: Database) -> None:
    with db.step("name each unit once"):
        db.execute("CREATE TABLE units (id smallserial PRIMARY KEY, unit text NOT NULL UNIQUE)")
        db.execute("INSERT INTO units (unit) SELECT DISTINCT unit FROM readings ORDER BY unit")
        db.execute(
            "CREATE TABLE packed AS SELECT r.id, r.taken_at, r.sensor_id, u.id AS unit_id, r.payload"
            " FROM readings r JOIN units u USING (unit)"
        )
        db.execute("ALTER TABLE packed ADD PRIMARY KEY (id)")
        db.execute("CREATE INDEX ON packed (sensor_id, taken_at)")
        db.execute(_VIEW.replace("VIEW readings", "VIEW readings_new"))
    with db.step("put a view in its place"):
        content = "hash_record_extended(ROW(t.id, t.sensor_id, t.taken_at, t.unit, t.payload), 0)"
        db.prove("The view holds the same readings", different_parts("readings", "readings_new", content))
        db.execute("ALTER TABLE readings RENAME TO readings_old")
        db.execute("ALTER VIEW readings_new RENAME TO readings")
    with db.step("drop the old table", final=True):
        db.execute("DROP TABLE readings_old")


def _drop_index(db: Database) -> None:
    with db.step("drop the index", final=True):
        db.execute("DROP INDEX readings_sensor_id_taken_at_idx")


def _tamper(db: Database) -> None:
    with db.step("change one reading"):
        db.execute("UPDATE readings SET payload = payload || '{\"value\": 0}' WHERE id = 7")


def _units_of(rows: str) -> str:
    """The statement that names the units of these rows that have no number yet."""
    return f"INSERT INTO units (unit) SELECT DISTINCT unit FROM {rows} WHERE unit NOT IN (SELECT unit FROM units)"


_WRITING = Writing(
    insert=(
        _units_of("inserted_readings"),
        (
            "INSERT INTO packed (id, sensor_id, taken_at, unit_id, payload) SELECT i.id, i.sensor_id, i.taken_at, u.id, i.payload"
            " FROM inserted_readings i JOIN units u USING (unit)"
        ),
    ),
    update=(
        _units_of("updated_readings"),
        "UPDATE packed t SET unit_id = u.id FROM updated_readings c JOIN units u USING (unit) WHERE t.id = c.id",
    ),
    delete=("DELETE FROM packed t USING deleted_readings d WHERE t.id = d.id",),
)

STRATEGIES = {
    "drop_payload": Scenario(
        title="Drop the payloads",
        category=Category.ELIMINATE,
        hypothesis="Nobody reads them.",
        apply=_drop_payload,
        changes={"readings": Shape.TABLE},
        losses=(lost_column("readings.payload"),),
    ),
    "pack_units": Scenario(
        title="Name each unit once",
        category=Category.NORMALIZE,
        hypothesis="A number is shorter than a name.",
        apply=_pack,
        changes={"readings": Shape.VIEW},
        origins={"packed": "readings"},
        grows_with_scale=("units",),
        write={"readings": _WRITING},
    ),
    "drop_index": Scenario(
        title="Drop the index",
        category=Category.ELIMINATE,
        hypothesis="A scan is fast enough.",
        apply=_drop_index,
        changes={"readings": Shape.TABLE},
        losses=(lost_index("readings", "btree (sensor_id, taken_at)"),),
    ),
    "tamper": Scenario(
        title="Change a reading", category=Category.COMPRESS, hypothesis="It is noticed.", apply=_tamper
    ),
}


def registered() -> dict[str, Registered]:
    """The strategies as the lab finds them."""
    return {
        name: Registered(name=name, family=name, description=f"{scenario.title}.", scenario=scenario)
        for name, scenario in STRATEGIES.items()
    }
