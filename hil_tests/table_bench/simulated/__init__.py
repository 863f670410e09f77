"""What the benches with a simulated table share: its time, hands, truth, faults and port."""

from table_bench.simulated.controller import FlashOperation, SimulatedController
from table_bench.simulated.errors import BenchError
from table_bench.simulated.table import SimulatedTable

__all__ = ["BenchError", "FlashOperation", "SimulatedController", "SimulatedTable"]
