"""A database on a real server, profiled and discovered: what a profile sees, the document knows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab import profiling, runs
from lab.analysis.results import analyse
from lab.discovery import Discovery, DiscoveryInputs, discover
from lab.report import discovery
from lab.trial.template import Bench
from lab.values import Profile
from tests.support import SAMPLE


@pytest.fixture(scope="module")
def profile(bench: Bench) -> Iterator[Profile]:
    bench.server.clone(bench.template.name, "discovered")
    with bench.server.connect("discovered") as database:
        yield profiling.profile(database.conninfo, now=bench.template.now, progress=lambda _: None)
    bench.server.drop("discovered")


@pytest.fixture(scope="module")
def found(profile: Profile) -> Discovery:
    return discover(DiscoveryInputs(profile=profile))


def test_a_measured_profile_answers_what_only_a_database_can(found: Discovery) -> None:
    verdicts = {answer.question: answer.verdict for answer in found.answers}
    assert verdicts == {
        "Is `raw_response` needed?": "unknown",
        "Can `outcomes` be normalised?": "unknown",
        "Are there duplicate snapshots?": verdicts["Are there duplicate snapshots?"],
        "Retention in use against needed?": "partly",
        "Is TOAST effective?": "yes",
    }
    assert verdicts["Are there duplicate snapshots?"] in ("yes", "partly")


def test_everything_that_a_profile_brings_is_ticked_and_nothing_else(found: Discovery) -> None:
    done = [check.done for check in found.checks]
    first = [check.name for check in found.checks].index("The application's sources were looked through")
    assert all(done[1:first]), [check.name for check in found.checks[1:first] if not check.done]
    assert not any(done[first:])


def test_the_largest_drivers_are_columns(found: Discovery) -> None:
    assert "odds_snapshots.raw_response" in [driver.name for driver in found.drivers]
    assert len(found.drivers) == 3


def test_every_size_to_watch_is_a_query_that_gives_it(bench: Bench, profile: Profile) -> None:
    sample = runs.load(SAMPLE)
    watches = discover(DiscoveryInputs(profile=profile, results=analyse(sample))).phases[3].watches
    queries = {one.what.removeprefix("Size of "): one.how.strip("`") for one in watches if "SELECT" in one.how}
    with bench.server.connect("discovered") as database:
        made = [name for name in queries if database.value("SELECT to_regclass(%s) IS NOT NULL", (name,))]
        assert {"odds_snapshots", "event_scrape_status"} <= set(made)
        for name in made:
            exact = "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relname IN (%s, %s) AND relkind = 'r'"
            assert database.value(queries[name]) == database.value(exact, (name, f"{name}_default")), name
        assert database.value(queries["the database"]) > 0


def test_the_document_of_a_measured_profile_is_made_again_the_same(profile: Profile) -> None:
    inputs = DiscoveryInputs(profile=profile)
    once = discovery.document("", inputs, ())
    assert discovery.document(once, inputs, ()) == once
    assert "Indexes and their use" in once
