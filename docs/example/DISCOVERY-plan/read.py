# Written by `lab discover`, and written anew whenever it runs.
"""pack_raw_response+pack_market_history: how a client reads.

It prints the texts of a column as lines of JSON. Name the column and the rows first: read.py TABLE.COLUMN KEY... An
application calls `open_owned` and `texts` of lab.owned for the same. Run it so: python read.py --dsn
postgresql://owner@host/database
"""

import sys

try:
    from lab.cli import carrying
except ModuleNotFoundError:
    sys.exit("This program needs the lab, version 0.1.0. Run it with the Python that the lab is installed for.")

carrying.read(
    strategy="pack_raw_response+pack_market_history",
    written_by="0.1.0",
)
