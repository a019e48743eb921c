"""A second workload, as small as one can be: sites, their sensors, and what these read. No odds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import numpy as np

from lab.values import CaseFacts, DatasetSpec, Note, TableFacts, WorkloadFacts
from lab.values.declared import Action
from lab.workload import CopyIn, Equality, Heavy, Read, Stage, Statement, TableWrite, Write

SITES = 5
READINGS = 150
"""Of each sensor."""
BYTES = 30_000
"""Of each sensor with its readings, about."""
MINUTES = 8
"""After the loaded readings; each writes one of every sensor."""
FULL_SENSORS = 100_000
NOW = datetime(2026, 3, 1, tzinfo=UTC)
GIGABYTE = 1 << 30

FACTS = WorkloadFacts(
    name="sensors",
    scale="sensor",
    reference="readings",
    parents={},
    toast_follows={},
    constant=("sites",),
    unit="reading",
    unit_tables=("readings",),
    snapshot="sensor",
    detail="reading",
    reads="R1 and R2",
    titles={
        "R1": "latest readings of a sensor",
        "R2": "readings by unit",
        "I1": "a reading of every sensor",
        "U1": "correction of readings",
        "E1": "deletion of the oldest readings",
    },
    parameters=(),
)

_SCHEMA = (
    "CREATE TABLE sites (id int PRIMARY KEY, name text NOT NULL)",
    "CREATE TABLE sensors (id int PRIMARY KEY, site_id int NOT NULL REFERENCES sites, model text NOT NULL)",
    """CREATE TABLE readings (id bigint PRIMARY KEY, sensor_id int NOT NULL, taken_at timestamptz NOT NULL,
    unit text NOT NULL, payload jsonb NOT NULL)""",
)


@dataclass(frozen=True)
class SensorData:
    """The readings of some sensors."""

    spec: DatasetSpec
    facts = FACTS
    schema = "public"
    now = NOW
    comparisons: ClassVar[Mapping[str, Equality]] = {}

    @property
    def description(self) -> str:
        return f"{self.spec.scale} sensors"

    @property
    def rows(self) -> Mapping[str, int]:
        return {"sites": SITES, "sensors": self.spec.scale, "readings": self.spec.scale * READINGS}

    @property
    def digest(self) -> str:
        digest = hashlib.sha256()
        for stage in self.stages():
            for chunk in stage.chunks if isinstance(stage, CopyIn) else ():
                digest.update(chunk)
        return digest.hexdigest()

    def stages(self) -> Iterator[Stage]:
        yield from map(Statement, _SCHEMA)
        yield CopyIn("sites", ("id", "name"), _lines((site, f"site {site}") for site in range(SITES)))
        sensors = ((sensor, sensor % SITES, f"model {sensor % 3}") for sensor in range(self.spec.scale))
        yield CopyIn("sensors", ("id", "site_id", "model"), _lines(sensors))
        yield CopyIn("readings", ("id", "sensor_id", "taken_at", "unit", "payload"), _lines(self._readings()))
        yield Statement("CREATE INDEX ON readings (sensor_id, taken_at)")

    def reads(self) -> tuple[Read, ...]:
        columns: dict[str, str | Heavy] = {f"readings.{name}": name for name in ("id", "taken_at", "unit")}
        columns["readings.payload"] = Heavy(asked="payload", compared="md5(payload::text)")
        latest = "SELECT {columns} FROM readings WHERE sensor_id = %s ORDER BY taken_at DESC, id LIMIT 10"
        return (
            *(
                Read(
                    name=f"R1 latest of {sensor}",
                    query="R1",
                    subject=str(sensor),
                    sql=latest,
                    params=(sensor,),
                    lists={"columns": columns},
                )
                for sensor in (0, 1)
            ),
            Read(name="R2 by unit", query="R2", sql="SELECT unit, count(*) FROM readings GROUP BY unit ORDER BY unit"),
        )

    def writes(self) -> tuple[Write, ...]:
        loaded = self.spec.scale * READINGS
        touched = {"readings": f"t.id >= {loaded}"}
        cycles = (self._minute(loaded + self.spec.scale * minute, touched) for minute in range(MINUTES))
        return (*(write for cycle in cycles for write in cycle), self._oldest())

    def _minute(self, first: int, touched: Mapping[str, str]) -> Iterator[Write]:
        """A reading of each sensor, and a correction of them."""
        ids = range(first, first + self.spec.scale)
        columns = ("id", "sensor_id", "taken_at", "unit", "payload")
        rows = _lines(
            (reading, reading - first, NOW.isoformat(), f"degrees {reading % 4}", '{"value": 1}') for reading in ids
        )
        insert = "INSERT INTO readings ({columns}) SELECT {columns} FROM inserted_readings ORDER BY id"
        yield _write("I1", Action.INSERT, columns, rows, insert, touched)
        corrected = _lines((reading, "corrected") for reading in ids)
        update = "UPDATE readings t SET unit = u.unit FROM updated_readings u WHERE t.id = u.id"
        yield _write("U1", Action.UPDATE, ("id", "unit"), corrected, update, touched)

    def _oldest(self) -> Write:
        """The oldest readings of all sensors are deleted."""
        last = self.spec.scale * READINGS - self.spec.scale
        ids = _lines((reading,) for reading in range(last, last + self.spec.scale))
        delete = "DELETE FROM readings t USING deleted_readings d WHERE t.id = d.id"
        return _write(
            "E1", Action.DELETE, ("id",), ids, delete, {"readings": f"t.id BETWEEN {last - 9} AND {last + 9}"}
        )

    def _readings(self) -> Iterator[tuple[object, ...]]:
        chance = np.random.Generator(np.random.PCG64(self.spec.seed))
        for number in range(self.spec.scale * READINGS):
            taken = NOW - timedelta(minutes=number // self.spec.scale)
            payload = {"value": round(float(chance.normal(20, 5)), 2), "status": "nominal", "quality": 0.98}
            yield number, number % self.spec.scale, taken.isoformat(), f"degrees {number % 3}", json.dumps(payload)


def _write(  # noqa: PLR0913, PLR0917 - all that a write of one table has
    query: str, action: Action, columns: tuple[str, ...], rows: Iterator[bytes], sql: str, touched: Mapping[str, str]
) -> Write:
    change = TableWrite(action=action, table="readings", columns=columns, chunks=tuple(rows), sql=sql)
    return Write(query=query, changes=(change,), touched=touched)


def _lines(rows: Iterator[tuple[object, ...]]) -> Iterator[bytes]:
    """COPY text of values without a backslash or a tab."""
    for row in rows:
        yield "\t".join(map(str, row)).encode() + b"\n"


class Sensors:
    """A database of so many sensors, of which a run generates some."""

    notes: tuple[Note, ...] = ()
    case_text = "sensors"

    @property
    def full_size(self) -> CaseFacts:
        return CaseFacts(
            case="plant",
            database_bytes=3 * GIGABYTE,
            target_bytes=GIGABYTE,
            growth_bytes_per_day=GIGABYTE // 100,
            tables={
                "sites": _table(SITES),
                "sensors": _table(FULL_SENSORS),
                "readings": _table(FULL_SENSORS * READINGS),
            },
        )

    def plan(self, *, size_bytes: int, seed: int, parameters: Mapping[str, float]) -> SensorData:
        assert not parameters
        scale = -(-size_bytes // BYTES)
        return self.dataset(DatasetSpec(workload="sensors", case="plant", scale=scale, seed=seed, parameters={}))

    def dataset(self, spec: DatasetSpec) -> SensorData:
        return SensorData(spec)

    def variations(self, spec: DatasetSpec, parameter: str) -> tuple[DatasetSpec, ...]:
        del spec, parameter
        return ()


def resolve(case: str | None, profile: Path | None) -> Sensors:
    """As `lab run --workload` asks for it: there is one plant, and no profile of another."""
    assert (case, profile) == (None, None)
    return Sensors()


def _table(rows: int) -> TableFacts:
    return TableFacts(rows=rows, total_bytes=None, data_bytes=None, index_bytes=None, newest_rows=None, rows_kept={})
