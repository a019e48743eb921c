"""What a strategy's clients do after its steps fails their own trial where it goes wrong, and the next trial runs."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import NoReturn

import pytest

from lab.runner.schedule import ExclusiveGate
from lab.scenario import Client, ClientStep, Decode, Decoding, Row, Shape, Writing, lost_guarantee
from lab.trial.template import Bench
from lab.trial.watch import Exclusive
from lab.values import Completed, Failed, Outcome, Verdict
from tests.lab.test_memory import ALLOWED, eat
from tests.lab.trials import run_scenario, run_sql
from tests.support import wait_until

TABLE = "odds_snapshots"
COLUMN = f"{TABLE}.raw_response"

Harm = Callable[[], object]


def spin() -> NoReturn:
    while True:
        pass


def give_up() -> NoReturn:
    raise ZeroDivisionError("cheat")


def leave() -> NoReturn:
    sys.exit(3)


def take_all() -> NoReturn:
    eat([])


def harmless() -> None:
    """Nothing."""


ENDED = "did not end within 3 s"
HARMS = [
    pytest.param(give_up, "ZeroDivisionError: cheat", id="raises"),
    pytest.param(leave, "The scenario raised SystemExit: 3", id="exits", marks=pytest.mark.slow),
    pytest.param(spin, ENDED, id="never-ends", marks=pytest.mark.slow),
    pytest.param(take_all, "at most 64.0 MB are allowed", id="takes-memory", marks=pytest.mark.slow),
]


def reading(
    bench: Bench, *, opening: Harm = harmless, decoding: Harm = harmless, after: int = 0, read_seconds: float = 0
) -> Outcome:
    """A strategy that stores payloads as bytes; the harm is done by each client that is opened `after` so many others."""
    clients = iter(range(1000))

    def open_client(_: Client) -> Decode:
        harmful = next(clients) >= after
        if harmful:
            opening()

        def decode(values: Sequence[bytes]) -> Sequence[str]:
            if harmful:
                decoding()
            return [value.decode() for value in values]

        return decode

    return stored_as_bytes(bench, open_client, read_seconds=read_seconds)


def stored_as_bytes(
    bench: Bench, open_client: Callable[[Client], Decode], *, read_seconds: float, exclusive: Exclusive = nullcontext
) -> Outcome:
    return run_scenario(
        bench,
        run_sql(f"ALTER TABLE {TABLE} ALTER raw_response TYPE bytea USING convert_to(raw_response::text, 'UTF8')"),
        exclusive,
        changes={TABLE: Shape.TABLE},
        losses=(lost_guarantee(TABLE, "jsonb"),),
        decodes={COLUMN: Decoding(key="id", open=open_client)},
        step_seconds=3,
        read_seconds=read_seconds,
        memory_bytes=ALLOWED,
    )


def require_ended(outcome: Outcome, step: str, error: str = ENDED) -> None:
    assert isinstance(outcome, Failed), outcome
    assert outcome.step == step
    assert error in outcome.error


def require_failed(bench: Bench, outcome: Outcome, step: str, error: str) -> None:
    require_ended(outcome, step, error)
    wait_until(lambda: not [thread for thread in threading.enumerate() if thread.name == "scenario"])
    assert isinstance(run_scenario(bench, run_sql("SELECT 1"), read_seconds=0.01), Completed)


@pytest.mark.parametrize(("harm", "error"), HARMS)
def test_a_client_that_decodes_for_the_comparison_fails_its_trial(bench: Bench, harm: Harm, error: str) -> None:
    require_failed(bench, reading(bench, decoding=harm), "verify", error)


@pytest.mark.slow
@pytest.mark.parametrize(("harm", "error"), HARMS)
def test_so_does_one_that_is_opened(bench: Bench, harm: Harm, error: str) -> None:
    require_failed(bench, reading(bench, opening=harm), "verify", error)


@pytest.mark.slow
@pytest.mark.parametrize(("harm", "error"), HARMS)
def test_so_does_one_whose_reads_are_timed(bench: Bench, harm: Harm, error: str) -> None:
    outcome = reading(bench, decoding=harm, after=1, read_seconds=0.01)
    require_failed(bench, outcome, "time the reads", error)


@pytest.mark.slow
def test_all_that_a_client_does_may_take_longer_than_one_call(bench: Bench) -> None:
    outcome = reading(bench, decoding=lambda: threading.Event().wait(0.15), read_seconds=0.01)
    assert isinstance(outcome, Completed), outcome
    assert outcome.verification.verdict is Verdict.EXACT
    assert outcome.reads


@pytest.mark.slow
@pytest.mark.parametrize("rows_for_ever", [False, True])
def test_a_writer_that_never_ends_fails_its_trial(rows_for_ever: bool, bench: Bench) -> None:
    def open_client(_: Client) -> Callable[[Iterable[Row]], Iterator[Row]]:
        def convert(rows: Iterable[Row]) -> Iterator[Row]:
            yield from rows
            while True:
                time.sleep(0.01)
                if rows_for_ever:
                    yield (1,)

        return convert

    step = ClientStep(name="spin", read="SELECT 1", convert=open_client, into="made", columns=("a",))
    outcome = run_scenario(
        bench,
        run_sql("CREATE TABLE made (a int)"),
        write={TABLE: Writing(client=(step,))},
        step_seconds=3,
        write_seconds=0.01,
    )
    require_failed(bench, outcome, "measure the writes", ENDED)


@pytest.mark.slow
def test_a_client_that_is_ended_in_its_turn_gives_the_turn_to_all_who_wait(bench: Bench) -> None:
    gate, entered, asked = ExclusiveGate(), threading.Barrier(4), threading.Event()
    had_it: list[int] = []
    clients, turns = iter(range(1000)), iter(range(1000))

    def wait_for_turn(number: int) -> None:
        with gate.shared():
            entered.wait()
            asked.wait()
            time.sleep(0.3)  # until the trial is the first to wait
            with gate.exclusive():
                time.sleep(1.5)  # all of them take longer than the lab waits for the thread that it ends
                had_it.append(number)

    def exclusive() -> AbstractContextManager[None]:
        if next(turns) == 0:  # that of the steps
            return nullcontext()
        asked.set()
        return gate.exclusive()

    def open_client(_: Client) -> Decode:
        timed = next(clients) > 0
        return lambda values: spin() if timed else [value.decode() for value in values]

    others = [threading.Thread(target=wait_for_turn, args=(number,), daemon=True) for number in range(3)]
    for other in others:
        other.start()
    with gate.shared():
        entered.wait()
        require_ended(stored_as_bytes(bench, open_client, read_seconds=0.01, exclusive=exclusive), "time the reads")
    for other in others:
        other.join(60)
    assert sorted(had_it) == [0, 1, 2]


def test_a_declaration_that_raises_fails_its_trial(bench: Bench) -> None:
    outcome = run_scenario(bench, run_sql("SELECT 1"), keeps=lambda _: {"odds": {}}[TABLE])
    assert isinstance(outcome, Failed), outcome
    assert outcome.error == "The scenario could not say what it loses: KeyError: 'odds_snapshots'"
