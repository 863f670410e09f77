"""Entry of `python -m table_bench.campaign`."""

import sys

from table_bench.campaign.cli import main

if __name__ == "__main__":
    sys.exit(main())
