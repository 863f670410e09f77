"""The table as a machine: rider, motor, gear, relay. Knows no controller and no pin."""

from table_bench.physics.drivetrain import DriveFaults, Drivetrain
from table_bench.physics.relay import SafetyRelay
from table_bench.physics.rider import Rider

__all__ = ["DriveFaults", "Drivetrain", "Rider", "SafetyRelay"]
