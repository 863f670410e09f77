"""How many longs the two frames of this bench have."""

from rig_frame import REQUEST_LONGS, SNAPSHOT_LONGS

__all__ = ("REQUEST_LONGS", "SNAPSHOT_LONGS")
