# Written by `lab discover`, and written anew whenever it runs.
"""pack_raw_response+pack_market_history: the way back from what a client did.

It gives back the documents and the type of their column, and drops what it needed for that. Run again, it goes on where
it was interrupted, and at its end does nothing. Run it so: python undo.py --dsn postgresql://owner@host/database
"""

import sys

try:
    from lab.cli import carrying
except ModuleNotFoundError:
    sys.exit("This program needs the lab, version 0.1.0. Run it with the Python that the lab is installed for.")

carrying.undo(
    strategy="pack_raw_response+pack_market_history",
    written_by="0.1.0",
)
