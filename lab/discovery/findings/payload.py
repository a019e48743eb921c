"""Is the column of whole responses needed? The application's sources tell."""

from __future__ import annotations

from lab.discovery.inputs import DiscoveryInputs
from lab.discovery.values import Conclusion, Finding
from lab.units import bytes_text
from lab.usage.values import Reading

_NEEDED: dict[Reading, Conclusion] = {
    Reading.READ: "yes",
    Reading.PERHAPS: "perhaps",
    Reading.LOADED: "perhaps",
    Reading.ELSEWHERE: "no",
    Reading.NOT_READ: "no",
    Reading.UNKNOWN: "unknown",
}


def payload(inputs: DiscoveryInputs) -> Finding:
    """Whether the column of whole responses is needed; unknown without the application's sources."""
    question, column = f"Is `{inputs.payload}` needed?", inputs.payload
    sizes = tuple(
        f"{table.table}.{column} holds {bytes_text(payload_column.stored_bytes or 0)}"
        f" ({100 * (payload_column.stored_bytes or 0) / inputs.profile.database_bytes:.1f} % of the database)."
        for table, payload_column in inputs.columns(named=column)
    )
    usage = inputs.payload_usage
    if usage is None:
        return Finding(
            question=question,
            conclusion="unknown",
            words=f"No application sources were searched. Pass --usage SRC, or run `lab usage SRC --column {column}`.",
            evidence=sizes,
            missing=(f"Which code reads {column} is unknown.",),
        )
    places = f"{len(usage.hits):,} places in {len({hit.path for hit in usage.hits}):,} of {sum(usage.files.values()):,} files."
    return Finding(
        question=question,
        conclusion=_NEEDED[usage.reading],
        words=usage.verdict,
        evidence=(places, *sizes),
        missing=usage.uncertainty,
    )
