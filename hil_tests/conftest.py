"""The tests of this folder run on a bench: `pytest hil_tests --bench virtual|chip|rig`."""

# Hooks and fixtures of a plugin. Named in `pytest_plugins` they could not be had from `pytest .`.
from table_bench.pytest_plugin import *  # noqa: F403
