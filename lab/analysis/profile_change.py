"""Two profiles of a database compared: what became of its size and of each table between them; pure."""

from __future__ import annotations

from dataclasses import dataclass

from lab.values import Profile, TableProfile


@dataclass(frozen=True, kw_only=True)
class SizeChange:
    """The bytes and rows of one table, or of the whole database, in two profiles."""

    name: str
    before: int | None
    """Bytes; None where that profile does not have it."""
    after: int | None
    rows_before: int | None
    rows_after: int | None

    @property
    def difference(self) -> int | None:
        """Bytes, None where either is not known."""
        return None if self.before is None or self.after is None else self.after - self.before

    @property
    def share(self) -> float | None:
        """The difference as a share of the bytes before."""
        return None if self.difference is None or not self.before else self.difference / self.before


def changes(before: Profile, after: Profile) -> tuple[SizeChange, ...]:
    """The whole database, then every table of either profile, what changed most first."""
    older, newer = ({table.table: table for table in profile.tables} for profile in (before, after))
    tables = [_change(name, older.get(name), newer.get(name)) for name in {**older, **newer}]
    whole = SizeChange(
        name="the whole database",
        before=before.database_bytes,
        after=after.database_bytes,
        rows_before=None,
        rows_after=None,
    )
    return (whole, *sorted(tables, key=lambda change: -abs((change.after or 0) - (change.before or 0))))


def _change(name: str, before: TableProfile | None, after: TableProfile | None) -> SizeChange:
    return SizeChange(
        name=name,
        before=before.total_bytes if before else None,
        after=after.total_bytes if after else None,
        rows_before=before.rows if before else None,
        rows_after=after.rows if after else None,
    )
