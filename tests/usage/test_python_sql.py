"""SQL in the strings of Python."""

from __future__ import annotations

import pytest

from data_gen.facts import SNAPSHOTS as TABLES
from tests.usage.conftest import Read, Said


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("text('SELECT id, raw_response FROM odds_snapshots')", ["read"]),
        ("text('SELECT id FROM odds_snapshots WHERE raw_response IS NULL')", ["read"]),
        ("text('INSERT INTO odds_snapshots (id, raw_response) VALUES (:id, :raw)')", ["write"]),
        ("run('UPDATE odds_snapshots SET raw_response = NULL WHERE id = %s', (1,))", ["write"]),
        ("run('INSERT INTO odds_snapshots (raw_response) VALUES ($1) RETURNING raw_response')", ["write", "read"]),
        ("run('CREATE TABLE odds_snapshots (id bigint, raw_response jsonb)')", ["declare"]),
        ("run('ALTER TABLE odds_snapshots DROP COLUMN raw_response')", ["declare"]),
        ("run('SELECT * FROM odds_snapshots')", ["read whole"]),
        ("run('SELECT count(*) FROM odds_snapshots')", []),
        ("run('SELECT id FROM odds_snapshots')", []),
        ("literal_column(\"raw_response->>'id'\")", ["read"]),
        ("run('SELECT id, ' 'raw_response ' 'FROM odds_snapshots')", ["read"]),
        ("run('SELECT id, ' + 'raw_response' + ' FROM ' + table)", ["read"]),
        ("run(f'SELECT raw_response FROM {table} WHERE id = {id}')", ["read"]),
        ("run('SELECT raw_response FROM {}'.format(table))", ["read"]),
        ("run('SELECT raw_response FROM %s' % table)", ["read"]),
        ("run(dedent('''\\\n    SELECT raw_response FROM odds_snapshots'''))", ["read"]),
        ("run(f'SELECT {columns} FROM odds_snapshots')", ["unclear whole"]),
        ("run(f'SELECT * FROM {table}')", ["unclear whole"]),
        ("run('SELECT * FROM ' + table)", ["unclear whole"]),
        ("run('SELECT raw_response FROM FROM')", ["unclear"]),
        ("run('COPY odds_snapshots TO STDOUT')", ["read whole"]),
        ("run('SELECT * FROM {}'.format(table))", ["unclear whole"]),
        ("run(SQL('SELECT * FROM {}').format(Identifier('odds_snapshots')))", ["unclear whole"]),
        ("run(SQL('SELECT {} FROM odds_snapshots').format(columns))", ["unclear whole"]),
        ("run(SQL('SELECT raw_response FROM {}').format(Identifier('odds_snapshots')))", ["read"]),
        ("query = 'SELECT *'\nquery += ' FROM odds_snapshots'", ["unclear whole"]),
        ("run(' '.join(['SELECT *', 'FROM odds_snapshots']))", ["unclear whole"]),
        ("connection.copy_from_table('odds_snapshots', output='x')", ["unclear whole"]),
        ("subprocess.run(['pg_dump', '-t', 'odds_snapshots'])", ["unclear whole"]),
        ("select(metadata.tables['odds_snapshots'])", ["unclear whole"]),
        ("op.drop_table('odds_snapshots')", []),
        ("frame.to_sql('odds_snapshots', engine)", []),
    ],
)
def test_a_string_of_sql_is_judged_as_sql(said: Said, code: str, expected: list[str]) -> None:
    assert said(code) == expected


def test_a_name_that_holds_columns_is_put_into_the_query(said: Said) -> None:
    code = "COLUMNS = 'id, raw_response'\nrun(f'SELECT {COLUMNS} FROM odds_snapshots')"
    assert said(code) == ["unclear", "read"]


def test_a_query_of_many_lines_is_found_in_its_line(read: Read) -> None:
    code = 'x = 1\nrun("""\nSELECT id,\n       raw_response\nFROM odds_snapshots\n""")\n'
    (hit,) = read({"code.py": code}).hits
    assert (hit.line, hit.text) == (4, "raw_response")


def test_a_query_of_pieces_is_found_in_its_line(read: Read) -> None:
    code = 'run(\n    "SELECT id, "\n    "raw_response "\n    "FROM odds_snapshots"\n)\n'
    (hit,) = read({"code.py": code}).hits
    assert hit.line == 3


def test_a_migration_says_which_table_has_the_column(read: Read) -> None:
    migration = "down_revision = None\nop.add_column('payloads', sa.Column('raw_response', sa.JSON))"
    usage = read({"m.py": migration, "code.py": "run('SELECT * FROM payloads')"})
    assert usage.tables == ("payloads",)
    assert [(hit.path, hit.whole) for hit in usage.hits] == [("code.py", True), ("m.py", False)]


@pytest.mark.parametrize(
    ("call", "tables"),
    [
        ("op.add_column(table_name='payloads', column=sa.Column('raw_response', sa.JSON))", ("payloads",)),
        ("op.create_table('payloads', sa.Column('raw_response', sa.JSON))", ("payloads",)),
        ("report.add_column('raw_response', justify='right')", TABLES),
        ("report.add_column(header='raw_response')", TABLES),
    ],
)
def test_a_column_of_a_table_that_is_printed_is_none_of_the_database(
    read: Read, call: str, tables: tuple[str, ...]
) -> None:
    assert read({"code.py": call}).tables == tables


def test_a_table_whose_name_is_computed_is_not_one_of_the_columns_tables(read: Read) -> None:
    usage = read({"code.py": "run(f'CREATE TABLE {table} (raw_response jsonb)')"})
    assert usage.tables == TABLES
