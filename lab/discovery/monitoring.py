"""What to monitor after the migration, with thresholds from the numbers of the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lab.discovery.inputs import DiscoveryInputs, MeasuredStrategy
from lab.discovery.migration import aside_command, execution, removal
from lab.discovery.plan import AGAIN, RECURRING, WRITING
from lab.discovery.values import Alarm, Phase, PlannedStep
from lab.units import bytes_text, joined
from lab.values import TableFootprint

_LARGE = 0.01
"""The smallest share of the database for which a table is monitored by itself."""


def monitoring(inputs: DiscoveryInputs, strategy: MeasuredStrategy, title: str) -> Phase:
    """Phase 104 of a recommended strategy."""
    steps = removal(inputs, strategy)
    return Phase(
        number=104,
        title=title,
        changes=(
            *_changes(strategy),
            *_archive(inputs, strategy),
            *_recurring(inputs, strategy),
            *_deletion(inputs),
            *_removal(inputs, steps),
        ),
        saving="None. This phase shows whether the saving lasts.",
        risks=(
            "The thresholds are projected from the sample. Where one is exceeded, the database differs from its imitation.",
        ),
        rollback=("None. The files of this phase remove data for good.",) if steps else ("Nothing to undo.",),
        steps=steps,
        watches=tuple(_watches(strategy)),
    )


def _removal(inputs: DiscoveryInputs, steps: Sequence[PlannedStep]) -> Iterator[str]:
    if steps and inputs.files:
        yield (
            f"After a week without problems, remove what a rollback needs: {execution(inputs, '104')}."
            " Only then does the database have its new size."
        )


def _changes(strategy: MeasuredStrategy) -> Iterator[str]:
    yield "Check each number once a day. Check the first three for a week before you drop anything old."
    yield "The sizes do not include old tables that are kept until then. Phase 103 says how much they take."
    if strategy.candidate.facts.keeps_days is not None:
        yield "The database grows back unless a daily job deletes expired rows, as phase 103 did once."


def _archive(inputs: DiscoveryInputs, strategy: MeasuredStrategy) -> Iterator[str]:
    facts = strategy.candidate.facts
    if facts.archives:
        yield (
            f"Once a day a client moves what has become older than {facts.archives_after_days} days into files, as phase 103 did"
            " once. Until it does, that stays in the database."
        )
    if AGAIN in inputs.library.asides:
        yield f"The command for that is {aside_command(inputs, AGAIN)}. Let cron run it."


def _recurring(inputs: DiscoveryInputs, strategy: MeasuredStrategy) -> Iterator[str]:
    if inputs.has_file(RECURRING):
        yield (
            f"Execute `psql DSN -f {inputs.plan_folder}/{RECURRING}` again and again, such as once an hour."
            " What writers add takes as much space as before until then."
        )
    elif strategy.makes_chunks:
        yield "New chunks stay uncompressed until a daily job converts them, as phase 103 did once."


def _deletion(inputs: DiscoveryInputs) -> Iterator[str]:
    """How a job deletes rows where the application's DELETE no longer does, or would leave something behind."""
    writing = inputs.library.writing
    tables = [table for table, parts in writing.items() if parts.turn or parts.collect or parts.delete or parts.release]
    if tables and inputs.has_file(WRITING):
        yield (
            f"A retention deletes rows of {joined(tables)} with the statements of `{inputs.plan_folder}/{WRITING}`, in their order"
            " and in one transaction; where a table has none that deletes, with the application's own."
        )


def _watches(strategy: MeasuredStrategy) -> Iterator[Alarm]:
    yield _whole(strategy)
    yield from _growth(strategy)
    yield from _chunks(strategy)
    yield from _tables(strategy)
    yield from _files(strategy)


def _files(strategy: MeasuredStrategy) -> Iterator[Alarm]:
    projection = strategy.candidate.projection
    if strategy.candidate.has_files and projection.outside is not None:
        pace = projection.outside_per_day
        yield Alarm(
            what="Files outside of the database",
            threshold=f"above {bytes_text(projection.outside)} right after the migration"
            + ("" if pace is None else f", or a growth above {bytes_text(pace)} a day"),
            how="the size of their folder, on the place itself and in the backup",
        )


def _whole(strategy: MeasuredStrategy) -> Alarm:
    most, target = strategy.expected.most, strategy.experiment.case.target_bytes
    return Alarm(
        what="Size of the database",
        threshold=f"above {bytes_text(most)} right after the removal"
        + ("" if target is None else f", or above {bytes_text(target)} at any time"),
        how="`SELECT pg_database_size(current_database())`",
    )


def _growth(strategy: MeasuredStrategy) -> Iterator[Alarm]:
    pace, projection = strategy.candidate.bytes_per_day, strategy.candidate.projection
    if pace is None:
        yield Alarm(
            what="Growth", threshold="unknown, because no growth was projected", how="`lab profile DSN` after a week"
        )
        return
    yield Alarm(
        what="Growth",
        threshold=f"above {bytes_text(pace)} a day over a week",
        how="`lab profile DSN` after a week: it counts new rows, whatever was deleted",
    )
    if projection.steady_bytes is not None:
        most = max(projection.steady_bytes, strategy.expected.after) * strategy.expected.most / strategy.expected.after
        yield Alarm(
            what="Steady size",
            threshold=f"above {bytes_text(most)}, as long as the retention is in force",
            how="the size of the database, day by day",
        )
    target = strategy.experiment.case.target_bytes
    if target is not None and projection.days_to_target is not None:
        yield Alarm(
            what="Day of the target",
            threshold=f"{projection.target_eta} the database passes {bytes_text(target)};"
            " by then a retention must be in force",
            how="(target − size) ÷ growth",  # noqa: RUF001 - a minus sign
        )


def _chunks(strategy: MeasuredStrategy) -> Iterator[Alarm]:
    if not strategy.makes_chunks:
        yield Alarm(what="Chunks and partitions", threshold="this strategy creates none", how="nothing to check")
        return
    yield Alarm(
        what="Chunks that stay uncompressed",
        threshold="any whose range ended more than two days ago",
        how="`SELECT chunk_name FROM timescaledb_information.chunks"
        " WHERE NOT is_compressed AND range_end < now() - interval '2 days'`",
    )


def _tables(strategy: MeasuredStrategy) -> Iterator[Alarm]:
    """Each table that is large afterwards; the size of a lookup shows whether it grows although it should not."""
    most = strategy.expected.most / strategy.expected.after
    for table in strategy.trial.footprint.tables:
        size = strategy.after[table.table]
        if size >= _LARGE * strategy.candidate.bytes_now:
            yield Alarm(
                what=f"Size of {table.table}",
                threshold=f"above {bytes_text(size * most)} right after the removal",
                how=_size_of(strategy, table),
            )


def _size_of(strategy: MeasuredStrategy, table: TableFootprint) -> str:
    name = f"'{table.table}'"
    if strategy.makes_chunks and table.relations > 1:
        return f"`SELECT hypertable_size({name})`"
    # A partitioned table has no size without its partitions, and a plain table is in no tree.
    parts = f"sum(pg_total_relation_size(relid)) FROM pg_partition_tree({name})"
    return f"`SELECT coalesce((SELECT {parts}), pg_total_relation_size({name}))`"
