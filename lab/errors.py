"""What can go wrong, in words a reader can act on.

One root (`LabError`) and a few children; `lab.cli` is the only place that prints one and exits.
"""

from __future__ import annotations

from lab.values.refusal import Refusal


class LabError(Exception):
    """Something the lab can explain: `message` says what happened and with which value, `hint` what to do next.

    `refusal` is the statement that a server refused, where one did.
    """

    def __init__(self, message: str, *, hint: str = "", refusal: Refusal | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.refusal = refusal

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class InputError(LabError):
    """The caller asked for something that does not exist or cannot be read."""


class ServerError(LabError):
    """A throwaway server did not start, died, or refused what it should do."""


class UnavailableError(LabError):
    """This machine or this server cannot do it: the scenario is skipped, the run goes on."""


class RequirementError(LabError):
    """The data do not allow a scenario, which changed nothing: it is skipped, the run goes on."""


class DatabaseError(LabError):
    """A statement failed; the message carries the server's own words and SQLSTATE."""


class NothingToDoError(LabError):
    """A scenario found nothing to change; it is reported as skipped, never as 0 % saved."""
