"""A strategy that cheats is caught, or its bytes are counted; one that does not is not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from lab.errors import LabError
from lab.postgres import catalogs, footprint
from lab.postgres.catalogs import UNEXPLAINED
from lab.postgres.database import Database as Connection
from lab.scenario import Database, Shape
from lab.trial import leftovers
from lab.trial.apply import Recorder
from lab.trial.template import Bench
from lab.values import SYSTEM_CATALOGS, Completed, Failed, Outcome, Verdict
from tests.lab.cheats import CHEATS
from tests.lab.trials import mismatches, run_scenario, run_sql
from tests.support import sampled


@pytest.fixture(scope="module", autouse=True)
def tidy(bench: Bench) -> Iterator[None]:
    """What cheats made on the whole server goes again."""
    yield
    with bench.untouched() as database:
        database.execute("DROP DATABASE IF EXISTS cheat_database")
        database.execute("DROP TABLESPACE IF EXISTS cheat_space")
        database.execute("DROP ROLE IF EXISTS cheat_role")
        database.execute("COMMENT ON ROLE pg_monitor IS NULL")
        database.fetch("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots")


@pytest.mark.parametrize("name", sampled(CHEATS, every=20))
def test_a_cheat_is_caught_or_its_bytes_are_counted(bench: Bench, name: str) -> None:
    cheat = CHEATS[name]
    outcome = run_scenario(bench, cheat.apply, timed=False, **cheat.declares)  # type: ignore[arg-type]
    if cheat.fails is not None:
        assert isinstance(outcome, Failed), outcome
        assert cheat.fails in outcome.error
    elif cheat.differs is not None:
        assert cheat.differs in mismatches(outcome)
    else:
        assert_counted(bench, outcome, str(cheat.counted))


def assert_counted(bench: Bench, outcome: Outcome, table: str) -> None:
    assert isinstance(outcome, Completed), outcome
    bytes_of_it = outcome.footprint.of(table)
    assert bytes_of_it is not None, [part.table for part in outcome.footprint.tables]
    assert bytes_of_it.total > 0
    assert outcome.footprint.total >= bench.template.loaded.footprint.total + bytes_of_it.total
    if table == SYSTEM_CATALOGS:
        assert bytes_of_it.total > 150_000


@pytest.mark.parametrize("kind", ["native", pytest.param("pglite", marks=pytest.mark.slow)])
def test_the_size_of_a_database_is_explained_to_the_last_file(kind: str, request: pytest.FixtureRequest) -> None:
    bench: Bench = request.getfixturevalue("bench" if kind == "native" else f"{kind}_bench")
    with bench.untouched() as database:
        database.execute("SELECT lo_from_bytea(0, repeat('x', 1000000)::bytea)")
        database.execute("CREATE TABLE plain AS SELECT * FROM market_odds")
        database.checkpoint()
        unexplained = catalogs.measure(database).unexplained(footprint.measure(database))
        assert 0 < unexplained < UNEXPLAINED
        if kind == "native":  # the few files that belong to no relation, by name
            folder = database.value("SELECT 'base/' || oid FROM pg_database WHERE datname = current_database()")
            files = (
                f"SELECT coalesce(sum(size), 0)::bigint FROM pg_ls_dir('{folder}') name, pg_stat_file('{folder}/' || name)"
                " WHERE name !~ '^[0-9]'"
            )
            assert unexplained == database.value(files)


@pytest.mark.parametrize("kind", ["native", pytest.param("pglite", marks=pytest.mark.slow)])
def test_a_clone_left_alone_has_left_nothing_behind(kind: str, request: pytest.FixtureRequest) -> None:
    bench: Bench = request.getfixturevalue("bench" if kind == "native" else f"{kind}_bench")
    outcome = run_scenario(bench, run_sql("SELECT 1"))
    assert isinstance(outcome, Completed), outcome
    assert outcome.verification.mismatches == ()
    assert outcome.footprint == bench.template.loaded.footprint


def test_the_same_json_written_differently_is_the_same_where_a_column_goes_by_content(bench: Bench) -> None:
    """White space, the order of keys, a number's scale, a key that is there twice: `market_odds.outcomes` says the same."""
    outcome = run_scenario(
        bench,
        run_sql(
            "UPDATE market_odds SET outcomes = (' ' || outcomes::jsonb::text || ' ')::json WHERE id % 2 = 0",
            "UPDATE market_odds SET outcomes = regexp_replace(outcomes::text, '\"odds\": *([0-9]+\\.[0-9]+)',"
            " '\"odds\": 0, \"odds\": \\10', 'g')::json WHERE id % 3 = 0",
        ),
    )
    assert isinstance(outcome, Completed), outcome
    assert outcome.verification.verdict is Verdict.EXACT, outcome.verification.mismatches


def other_connection(db: Database) -> Connection:
    assert isinstance(db, Recorder)
    return Connection.connect(db.database.conninfo)


def test_a_connection_of_its_own_is_noticed_once_it_is_closed(bench: Bench) -> None:
    def apply(db: Database) -> None:
        with other_connection(db) as own:
            own.execute("CREATE TABLE unseen (id int)")

    assert "connections of its own" in mismatches(run_scenario(bench, apply))


@pytest.mark.parametrize(
    "left", sampled(["BEGIN", "SELECT pg_advisory_lock(1)", "LISTEN cheat", "CREATE TEMP TABLE t (id int)"], every=4)
)
def test_a_session_that_stays_is_noticed_whatever_it_holds(bench: Bench, left: str) -> None:
    kept: list[Connection] = []

    def apply(db: Database) -> None:
        kept.append(other_connection(db))
        kept[0].execute(left)

    try:
        assert "left behind: session" in mismatches(run_scenario(bench, apply))
    finally:
        kept[0].close()


def test_a_job_that_goes_on_in_the_background_is_noticed(bench: Bench) -> None:
    threads: list[threading.Thread] = []

    def later(own: Connection) -> None:
        with suppress(LabError):  # its database is dropped
            own.fetch("SELECT pg_sleep(600)")

    def apply(db: Database) -> None:
        own = other_connection(db)
        threads.append(threading.Thread(target=later, args=[own]))
        threads[0].start()

    assert "left behind: session" in mismatches(run_scenario(bench, apply))
    threads[0].join(60)
    assert not threads[0].is_alive()


@pytest.mark.slow
def test_a_job_of_timescaledb_that_stays_is_noticed(pglite_bench: Bench) -> None:
    job = run_sql(
        "CREATE EXTENSION timescaledb",
        "CREATE PROCEDURE later(job_id int, config jsonb) LANGUAGE plpgsql AS 'BEGIN END'",
        "SELECT add_job('later', '1 h')",
    )
    assert mismatches(run_scenario(pglite_bench, job)) == "left behind: background job"


def test_a_clone_of_a_neighbour_that_has_no_mark_yet_is_no_growth_and_hides_none(bench: Bench) -> None:
    with bench.untouched() as database, Connection.connect(f"{database.conninfo} dbname=postgres") as own:
        before = leftovers.others_bytes(database)
        own.execute("CREATE DATABASE unmarked")
        try:
            after = leftovers.others_bytes(database)
        finally:
            own.execute("DROP DATABASE unmarked")
    assert after.keys() - before.keys() == {"unmarked"}
    assert [leftovers.growth(*moments) for moments in ((before, after), (after, before))] == [0, 0]
    grown = {**before, "postgres": before["postgres"] + (2 << 20)}
    assert leftovers.growth(after, grown) == 2 << 20


def test_bytes_in_another_database_are_noticed(bench: Bench) -> None:
    def apply(db: Database) -> None:
        assert isinstance(db, Recorder)
        with Connection.connect(f"{db.database.conninfo} dbname=postgres") as own:
            own.execute("CREATE TABLE hidden AS SELECT i, md5(i::text) FROM generate_series(1, 50000) i")

    try:
        assert "growth of other databases" in mismatches(run_scenario(bench, apply))
    finally:

        def clean(db: Database) -> None:
            assert isinstance(db, Recorder)
            with Connection.connect(f"{db.database.conninfo} dbname=postgres") as own:
                own.execute("DROP TABLE hidden")

        run_scenario(bench, clean)


def test_a_setting_of_the_whole_server_does_not_outlive_its_trial(bench: Bench) -> None:
    run_scenario(bench, run_sql("ALTER SYSTEM SET enable_seqscan = off", "SELECT pg_reload_conf()"))
    with bench.untouched() as database:
        assert database.value("SELECT count(*) FROM pg_file_settings WHERE sourcefile LIKE '%auto.conf'") == 0


@pytest.mark.slow
def test_a_view_that_never_answers_fails_its_trial_and_the_run_goes_on(bench: Bench) -> None:
    endless = run_sql(
        "ALTER TABLE scrape_runs RENAME TO runs_new",
        "CREATE VIEW scrape_runs AS SELECT r.* FROM runs_new r, pg_sleep(1000) s",
    )
    outcome = run_scenario(bench, endless, step_seconds=5, changes={"scrape_runs": Shape.VIEW})
    assert isinstance(outcome, Failed), outcome
    assert outcome.step == "verify"
    assert "statement timeout" in outcome.error


def test_honest_views_functions_and_types_are_no_cheat(bench: Bench) -> None:
    honest = run_sql(
        "CREATE TYPE pair AS (a int, b int)",
        "CREATE FUNCTION same(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1'",
        "ALTER TABLE scrape_phase_logs RENAME TO logs_new",
        "CREATE VIEW scrape_phase_logs AS SELECT * FROM logs_new",
        "CREATE INDEX ON logs_new (started_at)",
        "COMMENT ON VIEW scrape_phase_logs IS 'read only'",
    )
    outcome = run_scenario(bench, honest, changes={"scrape_phase_logs": Shape.VIEW})
    assert isinstance(outcome, Completed), outcome
    assert outcome.verification.verdict is Verdict.EXACT, outcome.verification.mismatches
    assert outcome.footprint.of(SYSTEM_CATALOGS) is None
