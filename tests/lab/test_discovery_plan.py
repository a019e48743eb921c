"""The plan's files are executed as they are, on a fresh clone: they do what the trial did, or stop before they change anything."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from data_gen.facts import FACTS
from lab import registry
from lab.cli.discovering import library_of, write_plan
from lab.discovery.plan import AGAIN, HEADER, PROGRAM, READ, UNDO, WRITING, PlanFile, plan_files, removal_steps
from lab.discovery.plan.files import statement_text
from lab.discovery.plan.programs import Aside
from lab.discovery.plan.writing import writing_blocks
from lab.errors import DatabaseError
from lab.postgres.database import Database, Row
from lab.profiling.catalog import dependants
from lab.profiling.catalog.session import open_session
from lab.profiling.catalog.tables import read_tables
from lab.scenario import Category, Scenario, Shape
from lab.scenario import Database as Recorded
from lab.trial import trial, verify
from lab.trial.decoding import Reader
from lab.trial.template import Bench
from lab.values import Completed, Dependant, ExecutedStatement, StatementKind
from tests.lab.commands import Done, program_here
from tests.lab.trials import NastyOutcome, completed, every_scenario, on_pglite, request_for, run_scenario
from tests.support import wait_until

NATIVE = [name for name in registry.everything() if not on_pglite(name)]
PACKED = "pack_raw_response"
REPLAYED = (
    "hypertable_compression",
    "drop_raw_response+hypertable_compression_jsonb",
    "hypertable_compression(tables=markets,segmentby=nothing,sparse=bloom snapshot_id,days=7)",
)
"""Of those on pglite: each statement of any is in one of them."""

EXECUTED = (Category.ELIMINATE, Category.ARCHIVE, Category.NORMALIZE, Category.PARTITION)
"""Of these, the first is carried out in a quick run: statements alone, programs beside them, new tables, parts of a table."""

_TOKENS = re.compile(r"\$(\w*)\$.*?\$\1\$|'(?:[^']|'')*'|--[^\n]*|;|[^;'$-]+|[$-]", re.DOTALL)


def statements(text: str) -> Iterator[str]:
    """The statements of a file, as psql sends them; its own commands begin with a backslash."""
    statement = ""
    for token in _TOKENS.finditer("\n".join(line for line in text.splitlines() if not line.startswith("\\"))):
        if token[0] == ";":
            yield statement
            statement = ""
        elif not token[0].startswith("--"):
            statement += token[0]
    assert not statement.strip()


def run(database: Database, files: Sequence[PlanFile], now: str = "now()") -> None:
    for file in files:
        assert not file.name.endswith(PROGRAM), "psql cannot execute it"
        for statement in statements(file.text.replace("now()", now)):
            database.execute(statement)


def carry_out(database: Database, files: Sequence[PlanFile], folder: Path, now: str = "now()") -> None:
    """SQL as psql does, and each program on the database that it names; files outside lie in that folder."""
    for file in files:
        if file.name in (AGAIN.name, READ.name, UNDO.name):
            continue
        if file.name.endswith(PROGRAM):
            done = run_program(file, folder, "--dsn", database.conninfo)
            assert done.returncode == 0, done.stderr
        else:
            run(database, [file], now)


def run_program(file: PlanFile, folder: Path, *arguments: str) -> Done:
    (folder / "outside").mkdir(exist_ok=True)
    return program_here(written(file, folder), *arguments, "--outside", folder / "outside")


def written(file: PlanFile, folder: Path) -> Path:
    program = folder / file.name
    program.write_text(file.text, encoding="utf-8")
    return program


def assert_answers(bench: Bench, name: str, database: Database, folder: Path) -> None:
    """A client of that database gets the answers that the strategy declared."""
    (entry,) = registry.resolve([name])
    loss, questions = trial.loss_of(entry.scenario, bench.template.now), bench.template.questions
    verify.state_settings(database, questions.schema)
    reader = Reader.of(entry.scenario, bench.server, database, folder / "outside")
    with reader.reading(questions) as readable:
        answers = verify.ask(database, readable, loss, applied=True)
    assert not list(verify.mismatches(database, questions, bench.expected(loss).answers, answers, loss))


def measure(bench: Bench, name: str, scenario: Scenario) -> Completed:
    outcome = trial.run(request_for(bench, name), scenario, bench)
    assert isinstance(outcome, Completed), outcome
    return outcome


@pytest.fixture(scope="module")
def planned(nasty_outcome: NastyOutcome) -> Callable[[str], tuple[PlanFile, ...]]:
    """The files of a strategy, as measured on the nasty dataset."""

    def files(name: str) -> tuple[PlanFile, ...]:
        (entry,) = registry.resolve([name])
        return files_of(completed(nasty_outcome(name)[0]), entry)

    return files


def files_of(
    outcome: Completed, entry: registry.Registered, dependent: Sequence[Dependant] = ()
) -> tuple[PlanFile, ...]:
    steps = [step for step in outcome.steps if not step.auxiliary]
    library = replace(library_of(entry.scenario), version="1", parents=FACTS.parents)
    return plan_files(outcome, entry.facts, dependent, removal_steps(steps, entry.facts), library)


@every_scenario([*NATIVE, *REPLAYED], quick_of=EXECUTED)
def test_the_files_of_a_strategy_leave_the_answers_that_it_declared(
    nasty_outcome: NastyOutcome, planned: Callable[[str], tuple[PlanFile, ...]], name: str, tmp_path: Path
) -> None:
    files, bench = planned(name), nasty_outcome(name)[1]
    with bench.untouched() as database:
        carry_out(database, files, tmp_path, now=f"'{bench.template.now.isoformat()}'::timestamptz")
        assert_answers(bench, name, database, tmp_path)


@pytest.mark.slow
def test_the_statements_of_writers_are_a_file_in_the_order_of_a_transaction(
    planned: Callable[[str], tuple[PlanFile, ...]],
) -> None:
    """The test above executes it with the others, and then compares all answers: it changes nothing."""
    name = "pack_raw_response+pack_market_history"
    (entry,) = registry.resolve([name])
    (file,) = (file for file in planned(name) if file.name == WRITING)
    written = [statement.strip() for statement in statements(file.text)]
    wanted = {
        part: [sql.strip() for writing in entry.scenario.write.values() for sql in getattr(writing, part)]
        for part in ("prepare", "insert", "update", "collect", "delete", "release")
    }
    places = {part: [written.index(sql) for sql in several] for part, several in wanted.items()}
    assert all(places.values())
    ends = [(min(several), max(several)) for several in places.values()]
    assert all(before[1] < after[0] for before, after in itertools.pairwise(ends))
    assert (written.count("BEGIN"), written[-1]) == (1, "ROLLBACK")


@pytest.mark.slow
def test_the_statements_of_writers_of_two_parts_fit_the_tables_of_both(pglite_bench: Bench) -> None:
    """A part may need what another one prepares. Its programs cannot work there: pglite takes one connection."""
    (entry,) = registry.resolve(["pack_raw_response(level=1,dictionary_kb=16)+hypertable_compression"])
    blocks = writing_blocks(entry.scenario.write, pglite_bench.template.loaded.rows, FACTS.parents)
    executed: list[str] = []

    def apply(db: Recorded) -> None:
        entry.scenario.apply(db)
        with db.step("write nothing"):
            for statement in (statement for block in blocks for statement in statements(block)):
                db.execute(statement)
                executed.append(statement.strip())

    outcome = run_scenario(pglite_bench, apply, changes=entry.scenario.changes, origins=entry.scenario.origins)
    assert isinstance(outcome, Completed), outcome
    assert executed[-1] == "ROLLBACK"


PACKING = 4
"""Files of the plan before the program that packs the first table's documents."""
BLOCKING = """
CREATE FUNCTION waits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT count(*) FROM odds_snapshots_packed) >= 16 THEN PERFORM pg_advisory_lock(7); END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER waits BEFORE INSERT ON odds_snapshots_packed FOR EACH ROW EXECUTE FUNCTION waits()
"""
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


@pytest.mark.slow
@pytest.mark.trial("nasty", PACKED)
def test_a_program_that_is_killed_goes_on_when_it_is_run_again_and_then_does_nothing(
    nasty: Bench, planned: Callable[[str], tuple[PlanFile, ...]], tmp_path: Path
) -> None:
    files = planned(PACKED)
    packing, packed = files[PACKING], "SELECT count(*) FROM odds_snapshots_packed"
    with clone(nasty, "killed") as database:
        carry_out(database, files[:PACKING], tmp_path)
        database.execute(BLOCKING)
        database.execute("SELECT pg_advisory_lock(7)")
        program = subprocess.Popen([sys.executable, written(packing, tmp_path), "--dsn", database.conninfo])
        wait_until(lambda: database.value(WAITING) == 1)
        program.kill()
        program.wait()
        database.execute("DROP TRIGGER waits ON odds_snapshots_packed")
        database.execute("SELECT pg_advisory_unlock(7)")
        wait_until(lambda: database.value(OTHERS) == 0)
        first = database.value(packed)
        with pytest.raises(DatabaseError, match="Not done: pack the documents of odds_snapshots into"):
            run(database, files[PACKING + 1 :][:1])
        assert "rows read" in run_program(packing, tmp_path, "--dsn", database.conninfo).stdout
        whole = database.value(packed)
        assert 16 <= first < whole
        again = run_program(packing, tmp_path, "--dsn", database.conninfo)
        assert "0 rows to read" in again.stdout
        assert database.value(packed) == whole
        carry_out(database, files[PACKING + 1 :], tmp_path)
        assert_answers(nasty, PACKED, database, tmp_path)
        assert run_program(packing, tmp_path, "--dsn", database.conninfo).returncode == 1


def named(files: Sequence[PlanFile], aside: Aside) -> PlanFile:
    return next(file for file in files if file.name == aside.name)


def documents(database: Database) -> list[Row]:
    """Of both tables, the type of the column, and what its values add up to; as texts."""
    content = "count(raw_response), sum(hashtextextended(raw_response::text, id))"
    return [
        database.fetch(f"SELECT min(pg_typeof(raw_response)::text), {content} FROM {table}")[0]
        for table in ("odds_snapshots", "competitor_odds_snapshots")
    ]


def some_texts(database: Database) -> dict[int, str]:
    return dict(
        database.fetch("SELECT id, raw_response::text FROM odds_snapshots WHERE raw_response IS NOT NULL LIMIT 3")
    )


def read_texts(files: Sequence[PlanFile], database: Database, folder: Path, keys: Iterable[int]) -> dict[int, str]:
    arguments = ("odds_snapshots.raw_response", *map(str, keys), "--dsn", database.conninfo)
    lines = run_program(named(files, READ), folder, *arguments).stdout.splitlines()
    return {line["key"]: line["text"] for line in map(json.loads, lines)}


@pytest.mark.slow
@pytest.mark.trial("nasty", PACKED)
def test_after_the_plan_a_program_reads_and_another_one_goes_back_even_after_it_was_refused(
    nasty: Bench, planned: Callable[[str], tuple[PlanFile, ...]], tmp_path: Path
) -> None:
    files = planned(PACKED)
    undo = named(files, UNDO)
    with clone(nasty, "back") as database:
        before, texts = documents(database), some_texts(database)
        carry_out(database, files, tmp_path)
        assert read_texts(files, database, tmp_path, texts) == texts
        with nasty.server.connect("back") as other, other.transaction():
            other.execute("LOCK TABLE odds_snapshots IN ACCESS SHARE MODE")
            refused = run_program(undo, tmp_path, "--dsn", database.conninfo)
        assert (refused.returncode, "lock timeout" in refused.stderr) == (1, True)
        for _ in range(2):
            done = run_program(undo, tmp_path, "--dsn", database.conninfo)
            assert done.returncode == 0, done.stderr
            assert documents(database) == before


@pytest.mark.slow
@pytest.mark.trial("nasty", "archive_raw_response")
def test_the_daily_program_moves_what_has_become_old_and_the_way_back_brings_everything_home(
    nasty: Bench, planned: Callable[[str], tuple[PlanFile, ...]], tmp_path: Path
) -> None:
    files = planned("archive_raw_response")
    with clone(nasty, "daily") as database:
        before, texts = documents(database), some_texts(database)
        carry_out(database, files, tmp_path, now=f"'{nasty.template.now.isoformat()}'::timestamptz")
        moved = database.value("SELECT sum(documents) FROM payload_files")
        for _ in range(2):  # today is long after the last capture
            done = run_program(named(files, AGAIN), tmp_path, "--dsn", database.conninfo)
            assert done.returncode == 0, done.stderr
            assert [values for _, values, _ in documents(database)] == [0, 0]
        assert moved < database.value("SELECT sum(documents) FROM payload_files") == sum(row[1] for row in before)
        assert read_texts(files, database, tmp_path, texts) == texts
        for _ in range(2):
            done = run_program(named(files, UNDO), tmp_path, "--dsn", database.conninfo)
            assert done.returncode == 0, done.stderr
            assert documents(database) == before


@pytest.mark.slow
@pytest.mark.trial("nasty", PACKED)
def test_a_program_says_which_database_it_is_about_and_refuses_another_one(
    nasty: Bench, planned: Callable[[str], tuple[PlanFile, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packing = planned(PACKED)[PACKING]
    for name in ("PGDATABASE", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)
    with clone(nasty, "another") as database:
        before = database.fetch(STATE)
        refused = run_program(packing, tmp_path, "--dsn", database.conninfo)
        assert refused.returncode == 1
        assert f"Database: {database.value('SELECT current_database()::text')} at " in refused.stdout
        assert (
            "there is no table odds_snapshots_packed (id, packed, reference). Execute the files before"
            in refused.stderr
        )
        assert database.fetch(STATE) == before
    unnamed = run_program(packing, tmp_path)
    assert (unnamed.returncode, "No database was named" in unnamed.stderr) == (2, True)


@pytest.mark.slow
@pytest.mark.trial("nasty", PACKED)
def test_a_program_of_another_lab_is_refused_by_name(
    planned: Callable[[str], tuple[PlanFile, ...]], tmp_path: Path
) -> None:
    packing = planned(PACKED)[PACKING]
    other = replace(packing, text=packing.text.replace("pack-odds_snapshots", "pack-something"))
    done = run_program(other, tmp_path, "--dsn", "dbname=nowhere")
    assert (done.returncode, "The plan was written by lab 1, and this is lab" in done.stderr) == (2, True)


@pytest.mark.slow
@pytest.mark.trial("nasty", PACKED)
def test_a_program_says_that_it_needs_the_lab(planned: Callable[[str], tuple[PlanFile, ...]], tmp_path: Path) -> None:
    program = written(planned(PACKED)[PACKING], tmp_path)
    done = subprocess.run([sys.executable, "-I", "-S", program], capture_output=True, text=True, check=False)
    assert (done.returncode, "This program needs the lab, version 1." in done.stderr) == (1, True)


def test_what_this_lab_has_no_program_for_stops_the_files_before_they_change_anything(
    nasty: Bench, nasty_outcome: NastyOutcome
) -> None:
    (entry,) = registry.resolve([PACKED])
    other = replace(entry, scenario=replace(entry.scenario, client=entry.scenario.client[:2]))
    files = files_of(completed(nasty_outcome(PACKED)[0]), other)
    with clone(nasty, "by_client") as database:
        before = database.fetch(STATE)
        with pytest.raises(DatabaseError, match="No SQL can do this"):
            run(database, files)
        assert database.fetch(STATE) == before


@every_scenario(NATIVE)
def test_the_files_name_nothing_of_the_sample(planned: Callable[[str], tuple[PlanFile, ...]], name: str) -> None:
    for file in planned(name):
        if file.name.endswith(PROGRAM):
            continue
        assert "%s" not in re.sub(r"format\('[^']*'", "", file.text), file.name
        assert "_hyper_" not in re.sub(r"\w+_hyper\b", "", file.text), file.name
        assert not re.search(r"\b20\d\d-\d\d-\d\d\b", file.text), file.name


@every_scenario(NATIVE)
def test_the_order_is_requirements_then_steps_then_what_cannot_be_undone(
    planned: Callable[[str], tuple[PlanFile, ...]], name: str
) -> None:
    files = planned(name)
    numbered = [file.name for file in files if file.name.startswith(str(file.phase))]
    assert numbered == sorted(numbered)
    steps = "".join(file.text for file in files if file.phase == 103)
    dropped = set(re.findall(r"DROP (?:TABLE|COLUMN) (?:IF EXISTS )?(\w+)", steps))
    assert dropped <= set(re.findall(r"CREATE (?:TEMP |UNLOGGED )?TABLE (?:IF NOT EXISTS )?(\w+)", steps)), (
        "it drops what it did not create"
    )
    checks = [statement.strip() for file in files if file.phase == 101 for statement in statements(file.text)]
    assert all(statement.startswith(("SET ", "DO $check$", "DO $client$")) for statement in checks)


@contextmanager
def clone(bench: Bench, name: str) -> Iterator[Database]:
    bench.server.clone(bench.template.name, name)
    try:
        with bench.server.connect(name) as database:
            yield database
    finally:
        bench.server.drop(name)


STATE = """
SELECT c.relname::text, c.relkind::text, c.relfilenode::bigint FROM pg_class c
WHERE relnamespace = 'public'::regnamespace ORDER BY 1
"""

BROKEN = [
    ("drop_raw_response", "ALTER TABLE odds_snapshots DROP COLUMN raw_response"),
    ("retention_7d", "CREATE TABLE retention_cutoff (at int)"),
    ("outcome_normalization_packed", "ALTER TABLE market_odds RENAME TO elsewhere"),
    ("outcome_normalization_snapshot", "CREATE VIEW market_lookup AS SELECT 1 AS one"),
]


@pytest.mark.parametrize(
    ("name", "damage"),
    [pytest.param(*broken, marks=pytest.mark.slow if broken[0] != "drop_raw_response" else ()) for broken in BROKEN],
)
def test_a_database_that_breaks_a_requirement_is_not_changed(
    bench: Bench, planned: Callable[[str], tuple[PlanFile, ...]], name: str, damage: str
) -> None:
    files = planned(name)
    with clone(bench, "requirement_broken") as database:
        database.execute(damage)
        before = database.fetch(STATE)
        with pytest.raises(DatabaseError, match="Required"):
            run(database, files)
        assert database.fetch(STATE) == before


def swap(db: Recorded) -> None:
    """A strategy that puts a view over a new table in place of `scrape_errors`."""
    with db.step("copy"):
        db.execute("CREATE TABLE errors_packed AS SELECT * FROM scrape_errors")
    with db.step("swap"):
        db.prove(
            "the copy is whole", "SELECT (SELECT count(*) FROM scrape_errors) - (SELECT count(*) FROM errors_packed)"
        )
        db.execute("ALTER TABLE scrape_errors RENAME TO scrape_errors_before")
        db.execute("CREATE VIEW scrape_errors AS SELECT * FROM errors_packed")
    with db.step("drop the old table", final=True):
        db.execute("DROP TABLE scrape_errors_before")


SWAP = registry.Registered(
    name="swap",
    family="swap",
    description="Swap.",
    scenario=Scenario(
        title="swap",
        category=Category.NORMALIZE,
        hypothesis="",
        apply=swap,
        changes={"scrape_errors": Shape.VIEW},
    ),
)

APPLICATION = (
    "CREATE ROLE plan_owner",
    "CREATE ROLE plan_reader",
    "ALTER TABLE scrape_errors OWNER TO plan_owner",
    "GRANT SELECT ON scrape_errors TO plan_reader",
    "CREATE VIEW late_errors AS SELECT id FROM scrape_errors WHERE occurred_at > '2026-01-01'",
    "GRANT SELECT ON late_errors TO plan_reader",
    "COMMENT ON TABLE scrape_errors IS 'what it''s for'",
    "COMMENT ON COLUMN scrape_errors.id IS 'its number'",
    "CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE TRIGGER touch BEFORE UPDATE ON scrape_errors FOR EACH ROW EXECUTE FUNCTION touched()",
    "CREATE PUBLICATION feed FOR TABLE scrape_errors",
    "CREATE POLICY everything ON scrape_errors FOR SELECT USING (true)",
)


@pytest.fixture
def application(bench: Bench) -> Iterator[Database]:
    """A clone with roles, a view, a trigger, a publication and a policy on the table that is replaced."""
    with clone(bench, "plan_application") as database:
        for statement in APPLICATION:
            database.execute(statement)
        yield database
        database.execute("DROP OWNED BY plan_reader, plan_owner CASCADE")
        database.execute("DROP ROLE plan_reader, plan_owner")


def dependants_in(database: Database) -> tuple[Dependant, ...]:
    with open_session(database.conninfo) as source:
        return dependants.read(source, read_tables(source, without=[], standby=False))


def test_after_the_plan_the_application_reads_as_before(bench: Bench, application: Database) -> None:
    files = files_of(measure(bench, "swap", SWAP.scenario), SWAP, dependants_in(application))
    reads = ("SELECT count(*) FROM scrape_errors", "SELECT count(*) FROM late_errors")
    before = [application.value(read) for read in reads]
    run(application, files)
    application.execute("SET ROLE plan_reader")
    assert [application.value(read) for read in reads] == before
    application.execute("RESET ROLE")
    assert application.value("SELECT obj_description('scrape_errors'::regclass)") == "what it's for"
    assert application.value("SELECT col_description('scrape_errors'::regclass, 1)") == "its number"
    owner = "SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relname IN ('scrape_errors', 'errors_packed')"
    assert application.fetch(owner) == [("plan_owner",)]


def test_a_proof_that_fails_stops_the_plan_before_the_swap(bench: Bench) -> None:
    files = files_of(measure(bench, "swap", SWAP.scenario), SWAP)
    with clone(bench, "proof_broken") as database:
        run(database, files[:2])
        database.execute("INSERT INTO errors_packed DEFAULT VALUES")
        with pytest.raises(DatabaseError, match="Not proved: the copy is whole"):
            run(database, files[2:])
        assert database.value("SELECT relkind::text FROM pg_class WHERE relname = 'scrape_errors'") == "r"


def test_files_of_an_earlier_plan_are_removed_and_those_of_a_person_stay(tmp_path: Path) -> None:
    folder = tmp_path / "DISCOVERY-plan"
    first = PlanFile(name="103-01-copy.sql", phase=103, step=0, text=f"{HEADER}\n")
    second = PlanFile(name="103-01-other.sql", phase=103, step=0, text=f"{HEADER}\n")
    write_plan(folder, [first])
    (folder / "103-02-mine.sql").write_text("SELECT 1;", encoding="utf-8")
    write_plan(folder, [second])
    assert sorted(path.name for path in folder.iterdir()) == ["103-01-other.sql", "103-02-mine.sql"]


def test_a_requirement_names_what_must_hold_even_with_a_quote_in_it() -> None:
    statement = ExecutedStatement(sql="SELECT 0", times=1, kind=StatementKind.REQUIREMENT, name="it's 100 % right")
    assert "RAISE EXCEPTION 'Required: %', 'it''s 100 % right'" in statement_text(statement)
