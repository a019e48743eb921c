"""What to watch after the migration, with thresholds from the run's own numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lab.discovery.inputs import DiscoveryInputs, Measured
from lab.discovery.migration import removal
from lab.discovery.values import Move, Phase, Watch
from lab.units import bytes_text
from lab.values import TableFootprint

_LARGE = 0.01
"""Share of the database from which on a table is watched."""


def monitoring(inputs: DiscoveryInputs, strategy: Measured, title: str) -> Phase:
    """Phase 104 of a recommended strategy."""
    moves = removal(inputs, strategy)
    return Phase(
        number=104,
        title=title,
        changes=(*_changes(strategy), *_removal(inputs, moves)),
        saving="None: it shows whether the saving stays.",
        risks=(
            "A threshold is a projection from the sample: where it is passed, the database is not as it was imitated.",
        ),
        back=("What the files of this phase remove is gone.",) if moves else ("Nothing to undo.",),
        moves=moves,
        watches=tuple(_watches(strategy)),
    )


def _removal(inputs: DiscoveryInputs, moves: Sequence[Move]) -> Iterator[str]:
    if moves and inputs.files:
        yield (
            f"After a week without doubt, remove what the way back needed: `cat {inputs.plan_folder}/104-*.sql | psql DSN`."
            " The database has its new size only then."
        )


def _changes(strategy: Measured) -> Iterator[str]:
    yield "Look at each number once a day, and at the first three for a week before anything old is dropped."
    yield "Each size is without old tables that are kept until then: phase 103 says how much those take."
    if strategy.makes_chunks:
        yield "New chunks stay as they are until a job converts them every day, as phase 103 did once."
    if strategy.candidate.facts.deletes_rows:
        yield "What was deleted comes back at the pace of growth, unless a job deletes every day, as phase 103 did once."


def _watches(strategy: Measured) -> Iterator[Watch]:
    yield _whole(strategy)
    yield from _growth(strategy)
    yield from _chunks(strategy)
    yield from _tables(strategy)


def _whole(strategy: Measured) -> Watch:
    most, target = strategy.expected.most, strategy.experiment.case.target_bytes
    return Watch(
        what="Size of the database",
        threshold=f"above {bytes_text(most)} right after the removal, or ever above {bytes_text(target)}",
        how="`SELECT pg_database_size(current_database())`",
    )


def _growth(strategy: Measured) -> Iterator[Watch]:
    pace, projection = strategy.candidate.bytes_per_day, strategy.candidate.projection
    if pace is None:
        yield Watch(what="Growth", threshold="not known: no growth was projected", how="`lab profile DSN` after a week")
        return
    yield Watch(
        what="Growth",
        threshold=f"above {bytes_text(pace)} a day over a week",
        how="`lab profile DSN` after a week: what came in, whatever was deleted",
    )
    if projection.steady_bytes is not None:
        most = max(projection.steady_bytes, strategy.expected.after) * strategy.expected.most / strategy.expected.after
        yield Watch(
            what="Size that it settles at",
            threshold=f"above {bytes_text(most)}, as long as the retention is in force",
            how="the size above, day by day",
        )
    if projection.days_to_target is not None:
        yield Watch(
            what="Day of the target",
            threshold=f"{projection.target_eta} the target of {bytes_text(strategy.experiment.case.target_bytes)} is passed:"
            " a retention must be in force by then",
            how="(target − size) ÷ growth",  # noqa: RUF001 - a minus sign
        )


def _chunks(strategy: Measured) -> Iterator[Watch]:
    if not strategy.makes_chunks:
        yield Watch(what="Chunks and partitions", threshold="none are made by this strategy", how="nothing to look at")
        return
    yield Watch(
        what="Chunks that stay uncompressed",
        threshold="any that ended more than two days ago",
        how="`SELECT chunk_name FROM timescaledb_information.chunks"
        " WHERE NOT is_compressed AND range_end < now() - interval '2 days'`",
    )


def _tables(strategy: Measured) -> Iterator[Watch]:
    """Each table that is large afterwards; a lookup that grows with the data is one that was meant not to."""
    most = strategy.expected.most / strategy.expected.after
    for table in strategy.trial.footprint.tables:
        size = strategy.after[table.table]
        if size >= _LARGE * strategy.candidate.bytes_now:
            yield Watch(
                what=f"Size of {table.table}",
                threshold=f"above {bytes_text(size * most)} right after the removal",
                how=_size_of(strategy, table),
            )


def _size_of(strategy: Measured, table: TableFootprint) -> str:
    name = f"'{table.table}'"
    if strategy.makes_chunks and table.relations > 1:
        return f"`SELECT hypertable_size({name})`"
    # A partitioned table weighs nothing without its partitions, and a plain one is in no tree.
    parts = f"sum(pg_total_relation_size(relid)) FROM pg_partition_tree({name})"
    return f"`SELECT coalesce((SELECT {parts}), pg_total_relation_size({name}))`"
