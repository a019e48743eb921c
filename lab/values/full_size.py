"""The part of a profile that projections need."""

from __future__ import annotations

from lab.values.experiment import CaseFacts, TableFacts
from lab.values.profile import Profile, TableProfile


def case_facts(profile: Profile) -> CaseFacts:
    """The full-size database that a run projects to."""
    growth, tables = profile.bytes_per_day, sum(table.total_bytes or 0 for table in profile.tables)
    return CaseFacts(
        case=profile.name,
        database_bytes=profile.database_bytes,
        target_bytes=profile.forecast.target_bytes,
        growth_bytes_per_day=None if growth is None else int(growth),
        tables={table.table: _table_facts(table) for table in profile.tables},
        system_bytes=max(profile.database_bytes - tables, 0) if profile.source == "measured" else None,
    )


def _table_facts(table: TableProfile) -> TableFacts:
    return TableFacts(
        rows=table.rows,
        total_bytes=table.total_bytes,
        data_bytes=table.data_bytes,
        index_bytes=table.index_bytes,
        newest_rows=table.by_day[-1].rows if table.by_day else None,
        rows_kept={cut.days: cut.rows_kept for cut in table.retention if cut.rows_kept is not None},
        bytes_per_day=table.growth.bytes_per_day_week if table.growth else None,
        json_columns={column.name: column.size for column in table.columns if column.is_json and column.size},
    )
