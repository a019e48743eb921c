"""An expected saving in words, never without what is known of its error."""

from __future__ import annotations

from collections.abc import Iterator

from lab.discovery.values import Expected
from lab.units import bytes_text


def words(expected: Expected) -> str:
    """Before, after, and how sure that is."""
    return (
        f"{bytes_text(expected.before)} become {bytes_text(expected.after)} at full size,"
        f" {bytes_text(expected.saved)} less ({expected.percent:.1f} % of the sample). {error(expected)}"
    )


def error(expected: Expected) -> str:
    """What is known of the error: the projection's own, the noise floor, and how near the baseline comes."""
    return f"Error: {'; '.join(_errors(expected))}."


def _errors(expected: Expected) -> Iterator[str]:
    if expected.interval is None:
        yield "the projection states none"
    else:
        low, high = (bytes_text(end) for end in expected.interval)
        yield f"the projection says between {low} and {high}"
    if expected.noise_percent is None:
        yield "the noise floor is not known, because there is one baseline only"
    else:
        yield f"two baselines differ by {expected.noise_percent:.2f} %"
    off = 100 * (expected.before / expected.real - 1)
    yield f"the baseline projects {off:+.1f} % off the real {bytes_text(expected.real)}"
