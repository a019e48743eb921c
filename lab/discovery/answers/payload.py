"""Is the column of whole responses needed? The sources of the application say so."""

from __future__ import annotations

from lab.discovery.inputs import DiscoveryInputs
from lab.discovery.values import Answer, Says
from lab.units import bytes_text
from lab.usage.values import Reading

_NEEDED: dict[Reading, Says] = {
    Reading.READ: "yes",
    Reading.PERHAPS: "perhaps",
    Reading.LOADED: "perhaps",
    Reading.ELSEWHERE: "no",
    Reading.NOT_READ: "no",
    Reading.UNKNOWN: "unknown",
}


def payload(inputs: DiscoveryInputs) -> Answer:
    """Is the column of whole responses needed? Only its application's sources can say."""
    question, column = f"Is `{inputs.payload}` needed?", inputs.payload
    weighed = tuple(
        f"{table.table}.{column} holds {bytes_text(weighed_column.stored_bytes or 0)}"
        f" ({100 * (weighed_column.stored_bytes or 0) / inputs.profile.database_bytes:.1f} % of the database)."
        for table, weighed_column in inputs.columns(named=column)
    )
    usage = inputs.payload_usage
    if usage is None:
        return Answer(
            question=question,
            verdict="unknown",
            words=f"No sources were looked through. `lab usage SRC --column {column}` does, or --usage here.",
            evidence=weighed,
            missing=(f"Who reads {column}.",),
        )
    places = f"{len(usage.hits):,} places in {len({hit.path for hit in usage.hits}):,} of {sum(usage.files.values()):,} files."
    return Answer(
        question=question,
        verdict=_NEEDED[usage.reading],
        words=usage.verdict,
        evidence=(places, *weighed),
        missing=usage.uncertainty,
    )
