"""What the chip leaves to whoever has hours."""

import pytest

from table_bench.benches import bench_class


def test_the_chip_offers_minutes_only_to_who_asks_for_them() -> None:
    patient = bench_class("chip", {"minutes": "yes"})
    assert "minutes" not in bench_class("chip").OFFERS
    assert "minutes" in patient.OFFERS
    assert patient.NAME == "chip"


@pytest.mark.parametrize("options", [{}, {"rig_port": "/dev/rig", "controller_port": "/dev/pico"}])
@pytest.mark.parametrize("bench", ["virtual", "rig"])
def test_every_other_bench_offers_them(bench: str, options: dict[str, str]) -> None:
    assert "minutes" in bench_class(bench, options).OFFERS
