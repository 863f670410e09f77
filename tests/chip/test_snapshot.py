"""What a snapshot keeps of the clock's alarms."""

from table_bench.chip.snapshot import Clock


def test_an_alarm_that_is_set_again_before_it_fires_knows_its_new_time() -> None:
    clock = Clock()
    fired_at: list[float] = []
    alarm = clock.create_alarm(lambda: fired_at.append(clock.nanos))
    alarm.schedule(1_000)
    alarm.schedule(3_000)
    assert alarm.due_ns == 3_000
    clock.tick(5_000)
    assert fired_at == [3_000]
    assert alarm.due_ns is None
