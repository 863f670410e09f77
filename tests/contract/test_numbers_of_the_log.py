from inversion_table.contract import events, flags, names
from inversion_table.safety import faults, states
from inversion_table.safety.fault_words import WORDS


def test_flags_are_single_bits_with_a_name_each() -> None:
    bits = [
        value
        for name, value in vars(flags).items()
        if name.startswith("FLAG_") and name != "FLAG_NAMES"
    ]
    assert sorted(bits) == [1 << n for n in range(len(bits))]
    assert set(flags.FLAG_NAMES) == set(bits)
    assert len(set(flags.FLAG_NAMES.values())) == len(bits)


def test_buttons_are_numbered_by_their_names() -> None:
    for number, name in enumerate(flags.BUTTON_NAMES):
        if name:
            assert getattr(flags, "BUTTON_" + name) == number


def test_states_and_faults_have_the_name_of_their_number() -> None:
    for number, name in enumerate(names.STATE_NAMES):
        assert getattr(states, name) == number
    for number, name in enumerate(names.FAULT_NAMES):
        assert getattr(faults, name) == number
    assert len(set(names.FAULT_NAMES)) == len(WORDS)


def test_every_event_number_has_its_name_and_no_number_is_used_twice() -> None:
    numbers = {
        name: value
        for name, value in vars(events).items()
        if name.isupper() and isinstance(value, int)
    }
    assert len(set(numbers.values())) == len(numbers)
    assert set(events.EVENTS) == set(numbers.values())
    for name, number in numbers.items():
        assert events.event_name(number) == name.lower()
    assert events.event_name(200) == "event_200"
