"""`python -m table_bench.rig`."""

import sys

from table_bench.rig.cli import main

sys.exit(main())
