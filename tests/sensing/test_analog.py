import pytest

from inversion_table.safety.ports import Inputs
from inversion_table.sensing.analog import (
    CURRENT_FULL_SCALE_MA,
    SUPPLY_FULL_SCALE_MV,
    Analog,
    scale_u16,
)
from tests.int31 import CheckedWords, Int31


class FakeAdc:
    counts = 0

    def read_u16(self) -> int:
        return self.counts


@pytest.mark.parametrize("full_scale", [CURRENT_FULL_SCALE_MA, SUPPLY_FULL_SCALE_MV, 65_535])
def test_scale_by_the_proportion_for_every_count(full_scale: int) -> None:
    step = full_scale / 16_384  # what two given-up bits cost
    for counts in range(0, 65_536, 7):
        exact = counts * full_scale / 65_536
        assert exact - step - 1 <= scale_u16(Int31(counts), Int31(full_scale)) <= exact


def test_known_readings() -> None:
    # 3.3 V is the end of the scale: 1 V is 5 A at 0.2 V/A, and 11 V behind 1:11.
    one_volt = round(65_536 / 3.3)
    assert abs(scale_u16(one_volt, CURRENT_FULL_SCALE_MA) - 5_000) <= 2
    assert abs(scale_u16(one_volt, SUPPLY_FULL_SCALE_MV) - 11_000) <= 4
    assert scale_u16(0, SUPPLY_FULL_SCALE_MV) == 0
    assert scale_u16(65_535, CURRENT_FULL_SCALE_MA) >= CURRENT_FULL_SCALE_MA - 3


class Bench:
    def __init__(self) -> None:
        self.current, self.supply = FakeAdc(), FakeAdc()
        self.analog = Analog(self.current, self.supply)
        self.inputs = Inputs()

    def read(self, count: int = 1) -> Inputs:
        for _ in range(count):
            self.analog.read(self.inputs)
        return self.inputs


def test_the_first_reading_counts_in_full() -> None:
    bench = Bench()
    bench.supply.counts = 43_330
    bench.current.counts = 4_000
    inputs = bench.read()
    assert abs(inputs.supply_mv - 24_000) < 5
    assert inputs.current_ma == scale_u16(4_000, CURRENT_FULL_SCALE_MA)


def test_a_steady_reading_is_shown_exactly_from_above_and_from_below() -> None:
    for start in (0, 65_535):
        for counts in (0, 5, 333, 30_000, 65_535):
            bench = Bench()
            bench.current.counts = bench.supply.counts = start
            bench.read(3)
            bench.current.counts = bench.supply.counts = counts
            bench.read(200)
            assert bench.inputs.current_ma == scale_u16(counts, CURRENT_FULL_SCALE_MA)
            assert bench.inputs.supply_mv == scale_u16(counts, SUPPLY_FULL_SCALE_MV)


def test_a_step_is_followed_in_four_ticks_and_never_overshot() -> None:
    bench = Bench()
    bench.read(5)
    bench.current.counts = 60_000
    full = scale_u16(60_000, CURRENT_FULL_SCALE_MA)
    shown = [bench.read().current_ma for _ in range(40)]
    assert shown == sorted(shown)
    assert shown[3] > 0.63 * full
    assert shown[-1] == full


def test_one_spike_shows_as_a_quarter() -> None:
    bench = Bench()
    bench.read(5)
    bench.current.counts = 65_535
    assert bench.read().current_ma <= CURRENT_FULL_SCALE_MA // 4
    bench.current.counts = 0
    bench.read(60)
    assert bench.inputs.current_ma == 0


def test_the_channels_are_not_mixed_up() -> None:
    bench = Bench()
    bench.current.counts = 10_000
    assert bench.read().supply_mv == 0
    assert bench.inputs.current_ma > 2_000


def test_everything_fits_the_chips_small_integers() -> None:
    bench = Bench()
    bench.analog._words = CheckedWords(bench.analog._words)
    for counts in (65_535, 0, 65_535, 65_535, 1):
        bench.current.counts = bench.supply.counts = Int31(counts)
        bench.read()
        assert type(bench.inputs.current_ma) is type(bench.inputs.supply_mv) is Int31


def test_it_is_scaled_as_by_the_function() -> None:
    for counts in range(0, 65_536, 13):
        bench = Bench()
        bench.current.counts = bench.supply.counts = counts
        inputs = bench.read()
        assert inputs.current_ma == scale_u16(counts, CURRENT_FULL_SCALE_MA)
        assert inputs.supply_mv == scale_u16(counts, SUPPLY_FULL_SCALE_MV)
