"""The three platforms: what each offers for an event, and how its event-detail document looks."""

from data_gen.payloads.bet9ja import BET9JA
from data_gen.payloads.betpawa import BETPAWA
from data_gen.payloads.sportybet import SPORTYBET

COMPETITORS = (SPORTYBET, BET9JA)
SITES = (BETPAWA, *COMPETITORS)

__all__ = ["BET9JA", "BETPAWA", "COMPETITORS", "SITES", "SPORTYBET"]
