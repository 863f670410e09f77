import pytest
from hypothesis import given
from hypothesis import strategies as st

from inversion_table.actuation.drive import Drive
from inversion_table.safety.ports import Decision
from tests.actuation.fake_outputs import FakeOutput, FakePwm, Tape

DECISIONS = st.lists(
    st.tuples(st.booleans(), st.integers(-1_100, 1_100) | st.sampled_from([-1_000, 0, 1, 1_000])),
    max_size=40,
)


class Bench:
    def __init__(self) -> None:
        self.tape = Tape()
        self.outward = FakePwm(self.tape, "outward")
        self.homeward = FakePwm(self.tape, "homeward")
        self.enable = FakeOutput(self.tape, "enable")
        self.heartbeat = FakeOutput(self.tape, "heartbeat")
        self.drive = Drive(self.outward, self.homeward, self.enable, self.heartbeat)
        self.decision = Decision()

    def apply(self, power: bool, duty_permille: int) -> list[tuple[str, int]]:
        """The writes of this tick."""
        self.tape.writes.clear()
        self.decision.power = power
        self.decision.duty_permille = duty_permille
        self.drive.apply(self.decision)
        return list(self.tape.writes)

    def is_off(self) -> bool:
        return (
            self.outward.duty == self.homeward.duty == 0
            and self.enable.level == self.heartbeat.level == 0
        )


def test_built_off_whatever_the_last_program_left() -> None:
    bench = Bench()
    assert bench.is_off()
    assert bench.tape.writes[0] == ("enable", 0)  # the bridge first: at once nothing is driven


@pytest.mark.requirement("RQ-026", "RQ-038")
@given(DECISIONS)
def test_every_invariant_after_and_inside_every_tick(decisions: list[tuple[bool, int]]) -> None:
    bench = Bench()
    levels = {"outward": 0, "homeward": 0, "enable": 0, "heartbeat": 0}
    for power, duty in decisions:
        beat_before = levels["heartbeat"]
        writes = bench.apply(power, duty)
        for name, value in writes:
            levels[name] = value
            assert not (levels["outward"] and levels["homeward"]), "both sides on"
            assert 0 <= value <= (65_535 if name.endswith("ward") else 1)
        beats = [value for name, value in writes if name == "heartbeat"]
        driven = power and abs(duty) <= 1_000
        if driven:
            assert beats == [1 - beat_before], "one edge a powered tick"
            assert levels["outward"] == 65 * max(0, duty)
            assert levels["homeward"] == 65 * max(0, -duty)
            assert levels["enable"] == (duty != 0)
        else:
            assert 1 not in beats, "no edge up without power"
            assert bench.is_off()


@pytest.mark.requirement("RQ-038")
@pytest.mark.parametrize("duty", [1, 500, 1_000, -1, -1_000])
def test_power_gone_turns_everything_off_in_the_same_tick(duty: int) -> None:
    bench = Bench()
    for _ in range(5):
        bench.apply(True, duty)
    writes = bench.apply(False, duty)
    assert bench.is_off()
    assert writes[0] == ("enable", 0)
    for _ in range(5):
        assert bench.apply(False, 0) == []


@pytest.mark.parametrize("ticks", [1, 2, 3, 4])
def test_the_heartbeat_ends_low_after_any_number_of_ticks(ticks: int) -> None:
    bench = Bench()
    for _ in range(ticks):
        bench.apply(True, 0)
    bench.apply(False, 0)
    assert bench.heartbeat.level == 0


def test_the_heartbeat_toggles_at_rest_as_well() -> None:
    bench = Bench()
    for tick in range(10):
        assert bench.apply(True, 0) == [("heartbeat", 1 - tick % 2)]
    assert bench.enable.level == 0


@pytest.mark.parametrize("duty", [1_001, -1_001, 32_767, 1 << 29])
def test_a_duty_out_of_bounds_stops_drive_and_heartbeat(duty: int) -> None:
    bench = Bench()
    bench.apply(True, 800)
    for _ in range(6):
        writes = bench.apply(True, duty)
        assert ("heartbeat", 1) not in writes, "the relay must drop out"
        assert bench.is_off()


@pytest.mark.requirement("RQ-026")
def test_turning_round_silences_the_one_side_before_the_other_speaks() -> None:
    bench = Bench()
    bench.apply(True, 700)
    names = [write for write in bench.apply(True, -700) if write[0].endswith("ward")]
    assert names == [("outward", 0), ("homeward", 45_500)]
    names = [write for write in bench.apply(True, 700) if write[0].endswith("ward")]
    assert names == [("homeward", 0), ("outward", 45_500)]


def test_off_is_off() -> None:
    bench = Bench()
    bench.apply(True, -300)
    bench.drive.off()
    assert bench.is_off()
