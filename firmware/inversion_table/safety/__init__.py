"""The last gate before the motor: limits, faults with their reactions, monitors, the kernel."""
