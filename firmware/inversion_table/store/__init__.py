"""Small named values (plan, settings, calibration) that survive a power cut."""

from inversion_table.store.values import Store, StoreError

__all__ = ["Store", "StoreError"]
