"""States, events and faults of a log in plain words."""

from inversion_table.chooser import SLOTS
from inversion_table.contract import events, flags, names, records, resets
from inversion_table.safety.fault_words import WORDS

STATE_WORDS = {
    "SELF_TEST": "self-test",
    "HOME": "at home",
    "MOVING": "moving",
    "HOLDING": "holding",
    "PAUSED": "paused",
    "RETURNING": "returning",
    "STOPPED": "stopped",
    "FAULT": "fault",
    "SERVICE": "service",
}

KIND_WORDS = {
    records.KIND_PLAN: "plan",
    records.KIND_RETURN: "return",
    records.KIND_JOG: "jog",
}

END_WORDS = {
    records.END_PLAN_DONE: "as planned",
    records.END_RETURN_PRESSED: "RETURN was pressed",
    records.END_HOST_RETURN: "the laptop asked for a return",
    records.END_JOGGED_HOME: "jogged home",
}


def end_words(end: records.End) -> str:
    """Why a session ended."""
    return reason_words(end.reason, end.fault, end.faults)


def reason_words(reason: int, fault: int, faults: int) -> str:
    """Why a session ended, by the numbers of its END."""
    if reason in (records.END_FAULT, records.END_UNKNOWN) and fault:
        more = f" (the first of {faults} faults)" if faults > 1 else ""
        return fault_name(fault).lower().replace("_", " ") + more
    if reason == records.END_UNKNOWN:
        return "at home"
    return END_WORDS.get(reason, f"reason {reason}")


def ended_words(reason: int | None, fault: int | None, faults: int | None) -> str:
    """The same of what a store keeps of an END, which may not be there."""
    return "not known" if reason is None else reason_words(reason, fault or 0, faults or 0)


def state_name(number: int) -> str:
    """The name of a state by its number in the log."""
    return names.STATE_NAMES[number] if number < len(names.STATE_NAMES) else f"STATE_{number}"


def state_words(name: str) -> str:
    """A state's name as people say it."""
    return STATE_WORDS.get(name, name.lower())


def fault_name(number: int) -> str:
    """The name of a fault by its number in the log."""
    return names.FAULT_NAMES[number] if number < len(names.FAULT_NAMES) else f"FAULT_{number}"


def fault_patient_words(number: int) -> str:
    """What the person on the table is told about a fault; "" for one that is not known here."""
    return str(WORDS[number][0]) if number < len(WORDS) else ""


def event_words(event: records.Event) -> str:
    """An event in a few words, as it is written beside a picture."""
    if event.code == events.STATE_CHANGED:
        return f"{state_words(state_name(event.a))} → {state_words(state_name(event.b))}"
    if event.code in (events.FAULT_RAISED, events.FAULT_CLEARED):
        fault = fault_name(event.a).lower().replace("_", " ")
        return fault + (" cleared" if event.code == events.FAULT_CLEARED else "")
    if event.code in (events.BUTTON_PRESSED, events.BUTTON_RELEASED):
        verb = "pressed" if event.code == events.BUTTON_PRESSED else "released"
        return f"{button_name(event.a)} {verb}"
    if event.code == events.STEP_STARTED:
        return f"step {event.a}: to {event.b / 1000:g}°"
    if event.code == events.BOX_LEFT_OUT:
        return f"black box left out: {event.b} samples"
    if event.code == events.RESET:
        return f"started: {resets.cause_name(event.a)}"
    if event.code in (events.FIRMWARE_PROVED, events.FIRMWARE_GIVEN_UP):
        did = "has proved itself" if event.code == events.FIRMWARE_PROVED else "was given up"
        return f"the firmware in slot {slot_name(event.a)} {did}"
    if event.code == events.PROGRAM_ERROR:
        return f"error in the program, number {event.a} since its start"
    return events.event_name(event.code).replace("_", " ")


def slot_name(number: int) -> str:
    """The name of a firmware's slot by its number in the log."""
    return SLOTS[number] if 0 <= number < len(SLOTS) else str(number)


def button_name(number: int) -> str:
    """The name of a button by its number in the log."""
    if not 0 < number < len(flags.BUTTON_NAMES):
        return f"button {number}"
    return flags.BUTTON_NAMES[number].replace("_", " ")
