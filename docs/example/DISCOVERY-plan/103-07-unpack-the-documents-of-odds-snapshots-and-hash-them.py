# Written by `lab discover`, and written anew whenever it runs.
"""pack_raw_response+pack_market_history: phase 103, unpack the documents of odds_snapshots and hash them (file 8 of 23).

It reads the rows that are left to do, and writes into odds_snapshots_unpacked only. Each batch of a few rows is
committed: run it again, and it goes on where it was interrupted; after its end it does nothing. The file that follows
stops while something is left to do. Run it so: python 103-07-unpack-the-documents-of-odds-snapshots-and-hash-them.py
--dsn postgresql://owner@host/database
"""

import sys

try:
    from lab.cli import carrying
except ModuleNotFoundError:
    sys.exit("This program needs the lab, version 0.1.0. Run it with the Python that the lab is installed for.")

carrying.client_step(
    strategy="pack_raw_response+pack_market_history",
    key="hash-packed-odds_snapshots",
    written_by="0.1.0",
)
