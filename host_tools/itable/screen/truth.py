"""What one would see standing beside a virtual table, in one line."""

from typing import TYPE_CHECKING

from rich.text import Text

from itable.screen.chart import clock

if TYPE_CHECKING:
    from table_bench.virtual import VirtualTable


def line(table: "VirtualTable") -> Text:
    """Tilt, motion, power, lamp, sound, what the hands did, time and speed."""
    truth = table.truth
    tilt = f"{truth.tilt_deg:6.1f}°".replace("-", "−")
    text = Text.assemble(("tilt ", "bright_black"), (tilt, "bold"), "  ", lamp(truth.led), "  ")
    if abs(truth.rate_deg_per_s) > 0.05:
        text.append("outward" if truth.rate_deg_per_s > 0 else "homeward", "dark_orange")
        text.append(f" {abs(truth.rate_deg_per_s):.1f}°/s  ")
    else:
        text.append("still  ")
    text.append("power on  " if truth.relay_closed else "power off  ")
    if truth.buzzer_hz:
        text.append("♪  ", "yellow")
    if truth.estop_pressed:
        text.append("E-STOP  ", "bold red")
    if not truth.ankle_locked:
        text.append("ankle lock open  ", "bold yellow")
    text.append(clock(table.now_ms), "bright_black")
    return text


def lamp(led: tuple[float, float, float]) -> Text:
    """The status LED in its colour."""
    if max(led) < 0.05:
        return Text("○", "bright_black")
    red, green, blue = (min(255, round(channel * 255)) for channel in led)
    return Text("●", f"rgb({red},{green},{blue})")
