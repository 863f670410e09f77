"""`python -m itable` does what `itable` does."""

from itable.cli import main

main()
