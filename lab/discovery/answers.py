"""The five questions, each answered from what was seen, with what supports the answer and what it does not know."""

from __future__ import annotations

from lab.analysis.rows import differences
from lab.discovery.known import Known, Measured
from lab.discovery.repeats import duplicate_snapshots
from lab.discovery.retention import retention
from lab.discovery.values import Answer, Says
from lab.units import bytes_text
from lab.usage.values import Reading
from lab.values import Category, ColumnProfile, TableProfile, Verdict

_TOAST_BEGINS = 2000
"""Bytes of a row below which TOAST compresses nothing."""
_NEEDED: dict[Reading, Says] = {
    Reading.READ: "yes",
    Reading.PERHAPS: "perhaps",
    Reading.LOADED: "perhaps",
    Reading.ELSEWHERE: "no",
    Reading.NOT_READ: "no",
    Reading.UNKNOWN: "unknown",
}


def answers(known: Known) -> tuple[Answer, ...]:
    """All five, in the order of the plan."""
    return (payload(known), outcomes(known), duplicate_snapshots(known), retention(known), toast(known))


def payload(known: Known) -> Answer:
    """Is the column of whole responses needed? Only its application's sources can say."""
    question, column = f"Is `{known.payload}` needed?", known.payload
    weighed = tuple(
        f"{table.table}.{column} holds {bytes_text(one.stored_bytes or 0)}"
        f" ({100 * (one.stored_bytes or 0) / known.profile.database_bytes:.1f} % of the database)."
        for table, one in known.columns(named=column)
    )
    usage = known.payload_usage
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


def outcomes(known: Known) -> Answer:
    """Can the outcomes be normalised? What was verified and is smaller says yes."""
    question = "Can `outcomes` be normalised?"
    tried = [one for one in known.strategies if one.candidate.facts.category is Category.NORMALIZE]
    smaller = [one for one in tried if _right(one) and _gains(one)]
    if not tried:
        return Answer(
            question=question,
            verdict="unknown",
            words="Not measured: `lab run -s outcome_normalization_snapshot`.",
            evidence=_weights(known),
            missing=("What a normalised form would weigh, and whether its answers are the same.",),
        )
    best = min(smaller, key=lambda one: one.candidate.bytes_now, default=None)
    words = f"As `{best.name}` {_saves(best)}." if best else "No form that was measured is smaller and right."
    return Answer(
        question=question,
        verdict="yes" if best else "no",
        words=words,
        evidence=(
            *(_form(one) for one in tried),
            *_weights(known),
            *(f"It costs: {cost}" for cost in (best.candidate.facts.costs if best else ())),
        ),
        missing=("How fast reads and writes are afterwards: they were verified, and not timed.",),
    )


def _weights(known: Known) -> tuple[str, ...]:
    markets = {one.markets for one in known.profile.series}
    return tuple(
        f"{table.table}.{column.name} holds {bytes_text(column.stored_bytes or 0)}{_mean(column)}."
        for table, column in known.columns()
        if table.table in markets
    )


def _mean(column: ColumnProfile) -> str:
    return "" if column.mean_bytes is None else f", {column.mean_bytes:,.0f} B a value"


def _right(one: Measured) -> bool:
    return one.trial.verification.verdict is not Verdict.DIFFERS


def _gains(one: Measured) -> bool:
    return one.expected.percent > (one.noise or 0.0)


def _saves(one: Measured) -> str:
    checked = f"{one.trial.verification.checks} answers are {one.trial.verification.verdict.value}"
    return f"it saves {one.expected.percent:.1f} % of the sample, and {checked}"


def _form(one: Measured) -> str:
    wrong = differences(one.trial)
    return f"`{one.name}` saves {one.expected.percent:.1f} %" + (f", but answers differ: {wrong}." if wrong else ".")


def toast(known: Known) -> Answer:
    """Is TOAST effective? By stored and raw bytes of the database, else only of the run's workload."""
    pairs = list(known.columns())
    ratios = [one for pair in pairs if (one := _ratio(*pair))]
    again = [one for pair in pairs if (one := _anew(*pair))]
    trial = next((one for one in known.strategies if one.name == "toast_lz4" and _right(one)), None)
    evidence = (*ratios, *again, *(_small(*pair) for pair in pairs if _is_small(pair[1])), *_by_run(trial))
    missing = []
    if not ratios:
        missing.append("Raw bytes of the JSON columns are not in the profile: `lab profile DSN` samples them.")
    if not again and trial is None:
        missing.append("Other codecs were not tried: `lab profile DSN`, or `lab run -s toast_lz4`.")
    effective = [column for _, column in pairs if column.ratio is not None and column.ratio < 1]
    return Answer(
        question="Is TOAST effective?",
        verdict=("yes" if effective else "no") if ratios else "unknown",
        words=_toast_words(effective) if ratios else _unseen(trial),
        evidence=evidence,
        missing=tuple(missing),
    )


def _toast_words(effective: list[ColumnProfile]) -> str:
    if not effective:
        return "No JSON column is stored smaller than its text."
    best = min(effective, key=lambda column: column.ratio or 1.0)
    return f"{best.name} is stored at {best.ratio:.2f} of its text."


def _unseen(trial: Measured | None) -> str:
    if trial is None:
        return "Neither the profile nor a run says."
    found = (
        f"saves {trial.expected.percent:.1f} %" if _gains(trial) else f"gains nothing ({trial.expected.percent:.1f} %)"
    )
    return f"The profile does not say; on the run's workload, lz4 instead of pglz {found}."


def _ratio(table: TableProfile, column: ColumnProfile) -> str:
    if column.ratio is None:
        return ""
    error = "" if column.error is None else f" ± {100 * column.error:.2f} %"
    stored, raw = bytes_text(column.stored_bytes or 0), bytes_text(column.raw_bytes or 0)
    return f"{table.table}.{column.name}: {stored}{error} for {raw} of text ({column.ratio:.3f})."


def _anew(table: TableProfile, column: ColumnProfile) -> str:
    if not column.restored:
        return ""
    codecs = ", ".join(f"{codec} {100 * (ratio - 1):+.1f} %" for codec, ratio in column.restored.items())
    return f"{table.table}.{column.name}: {column.documents} documents stored anew: {codecs}."


def _is_small(column: ColumnProfile) -> bool:
    return column.mean_bytes is not None and column.mean_bytes < _TOAST_BEGINS


def _small(table: TableProfile, column: ColumnProfile) -> str:
    return (
        f"{table.table}.{column.name} has {column.mean_bytes:,.0f} B a value:"
        f" TOAST compresses nothing in rows below about {_TOAST_BEGINS:,} B."
    )


def _by_run(trial: Measured | None) -> tuple[str, ...]:
    return tuple(f"Workload of the run: {note}." for note in trial.trial.notes) if trial else ()
