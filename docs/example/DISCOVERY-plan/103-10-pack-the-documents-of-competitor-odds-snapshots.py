# Written by `lab discover`, and written anew whenever it runs.
"""pack_raw_response+pack_market_history: phase 103, pack the documents of competitor_odds_snapshots (file 11 of 23).

It reads the rows that are left to do, and writes into competitor_odds_snapshots_packed only. Each batch of a few rows
is committed: run it again, and it goes on where it was interrupted; after its end it does nothing. The file that
follows stops while something is left to do. Run it so: python 103-10-pack-the-documents-of-competitor-odds-snapshots.py
--dsn postgresql://owner@host/database
"""

import sys

try:
    from lab.cli import carrying
except ModuleNotFoundError:
    sys.exit("This program needs the lab, version 0.1.0. Run it with the Python that the lab is installed for.")

carrying.client_step(
    strategy="pack_raw_response+pack_market_history",
    key="pack-competitor_odds_snapshots",
    written_by="0.1.0",
)
