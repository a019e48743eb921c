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
def discovered(profile: Profile) -> Discovery:
    return discover(DiscoveryInputs(profile=profile))


def test_a_measured_profile_answers_what_only_a_database_can(discovered: Discovery) -> None:
    conclusions = {finding.question: finding.conclusion for finding in discovered.findings}
    assert conclusions == {
        "Is `raw_response` needed?": "unknown",
        "Can `outcomes` be normalised?": "unknown",
        "Are there duplicate snapshots?": conclusions["Are there duplicate snapshots?"],
        "Which retention is in use, and which is needed?": "partly",
        "Is TOAST effective?": "yes",
    }
    assert conclusions["Are there duplicate snapshots?"] in ("yes", "partly")


def test_everything_that_a_profile_brings_is_ticked_and_nothing_else(discovered: Discovery) -> None:
    done = [item.done for item in discovered.checklist]
    first = [item.name for item in discovered.checklist].index("The application's sources were searched")
    assert all(done[1:first]), [item.name for item in discovered.checklist[1:first] if not item.done]
    assert not any(done[first:])


def test_the_largest_drivers_are_columns(discovered: Discovery) -> None:
    assert "odds_snapshots.raw_response" in [driver.name for driver in discovered.drivers]
    assert len(discovered.drivers) == 3


def test_every_size_to_watch_is_a_query_that_gives_it(bench: Bench, profile: Profile) -> None:
    sample = runs.load(SAMPLE)
    watches = discover(DiscoveryInputs(profile=profile, results=analyse(sample))).phases[3].watches
    queries = {watch.what.removeprefix("Size of "): watch.how.strip("`") for watch in watches if "SELECT" in watch.how}
    with bench.server.connect("discovered") as database:
        existing = [name for name in queries if database.value("SELECT to_regclass(%s) IS NOT NULL", (name,))]
        assert {"odds_snapshots", "event_scrape_status"} <= set(existing)
        for name in existing:
            exact = "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relname IN (%s, %s) AND relkind = 'r'"
            assert database.value(queries[name]) == database.value(exact, (name, f"{name}_default")), name
        assert database.value(queries["the database"]) > 0


def test_the_document_of_a_measured_profile_is_made_again_the_same(profile: Profile) -> None:
    inputs = DiscoveryInputs(profile=profile)
    once = discovery.document("", inputs, ())
    assert discovery.document(once, inputs, ()) == once
    assert "Indexes and their use" in once
