"""What the chip leaves to whoever has hours."""

from table_bench.benches import bench_class


def test_minutes_are_offered_only_to_who_asks_for_them() -> None:
    plain = bench_class("chip")
    patient = bench_class("chip", {"minutes": "yes"})
    assert "minutes" not in plain.OFFERS
    assert "minutes" in patient.OFFERS
    assert patient.NAME == plain.NAME
