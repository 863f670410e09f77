"""What is known of a session besides its pages."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class About:
    """What the log itself does not carry: the device's name and settings when it was pulled."""

    device: str = ""
    settings: dict[str, int] = field(default_factory=dict)
