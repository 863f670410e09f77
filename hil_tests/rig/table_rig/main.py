"""Starts the rig; Ctrl-C ends it and leaves the REPL, for mpremote."""

from table_rig import app

app.run()
