"""A burst that a host reads is of one sample: the next one waits until it has ended."""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Iterator
from typing import Any

import pytest


class FakeTarget:
    """An I2C target whose events the test makes."""

    IRQ_ADDR_MATCH_READ = 1
    IRQ_END_READ = 16
    IRQ_END_WRITE = 32
    latest: FakeTarget

    def __init__(self, number: int, address: int, **pins: object) -> None:
        self.alive = True
        self._flags = 0
        FakeTarget.latest = self

    def irq(self, handler: Any = None, trigger: int = 0, hard: bool = False) -> FakeTarget:
        if handler is not None:
            assert hard
            self._handler = handler
        return self

    def flags(self) -> int:
        return self._flags

    def deinit(self) -> None:
        self.alive = False

    def event(self, flags: int) -> None:
        self._flags = flags
        self._handler(self)


class FakeSensor:
    ADDRESS = 0x6A
    memory = bytearray(128)
    fresh = True
    published = 0
    configured = 0

    def publish(self) -> None:
        self.published += 1

    def written(self) -> None:
        self.configured += 1


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    machine = types.ModuleType("machine")
    machine.I2CTarget = FakeTarget  # type: ignore[attr-defined]
    machine.Pin = lambda *a, **k: a  # type: ignore[attr-defined]
    rp2 = types.ModuleType("rp2")
    rp2.PIO = types.SimpleNamespace(OUT_LOW=2)  # type: ignore[attr-defined]
    rp2.asm_pio = lambda **settings: lambda program: program  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "machine", machine)
    monkeypatch.setitem(sys.modules, "rp2", rp2)
    for name in ("table_rig.targets", "table_rig.programs"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    targets = importlib.import_module("table_rig.targets")
    yield targets.SensorPort(0, 5, 4, 4, FakeSensor())
    for name in ("table_rig.targets", "table_rig.programs"):
        sys.modules.pop(name, None)


def test_no_sample_comes_in_the_middle_of_a_burst(port: Any) -> None:
    port.tick()
    assert port.sensor.published == 1
    FakeTarget.latest.event(FakeTarget.IRQ_ADDR_MATCH_READ)
    port.tick()
    assert port.sensor.published == 1
    FakeTarget.latest.event(FakeTarget.IRQ_END_READ)
    port.tick()
    assert (port.sensor.published, port.reads) == (2, 1)


def test_a_burst_that_was_broken_off_does_not_stop_the_sensor(port: Any) -> None:
    FakeTarget.latest.event(FakeTarget.IRQ_ADDR_MATCH_READ)
    for _ in range(8):
        port.tick()
    assert port.sensor.published > 0


def test_what_a_host_wrote_is_followed_in_the_background(port: Any) -> None:
    FakeTarget.latest.event(FakeTarget.IRQ_END_WRITE)
    assert port.sensor.configured == 0  # not in the interrupt
    assert not port.background()
    assert not port.background()
    assert port.sensor.configured == 1


def test_a_silent_sensor_answers_again(port: Any) -> None:
    first = FakeTarget.latest
    port.be_silent(True)
    assert not first.alive
    port.be_silent(True)
    assert FakeTarget.latest is first
    port.be_silent(False)
    assert FakeTarget.latest is not first
    assert FakeTarget.latest.alive
