"""Strategies written to cheat: each says what it does, and how it must end."""

from __future__ import annotations

from tests.lab.cheats import answers, guarantees, hiding, settings
from tests.lab.cheats.cheat import Cheat

CHEATS: dict[str, Cheat] = {**answers.CHEATS, **guarantees.CHEATS, **settings.CHEATS, **hiding.CHEATS}
