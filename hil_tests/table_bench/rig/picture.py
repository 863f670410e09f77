"""The wiring table as a picture: two boards, a line for each wire, its parts on it."""

from __future__ import annotations

from xml.sax.saxutils import escape

from table_bench.rig.wiring_table import Wire, WiringTable

_ORDER = ("bus", "contact", "analog", "output", "sound", "pwm", "power", "reset")
_COLOURS = {
    "bus": "#7b3fa0",
    "contact": "#1f6fb2",
    "analog": "#b8860b",
    "output": "#2e8b57",
    "sound": "#2e8b57",
    "pwm": "#c0392b",
    "power": "#111111",
    "reset": "#111111",
}
_TITLES = {
    "bus": "I2C: the rig is both sensors",
    "contact": "contacts: the rig's open-drain lines",
    "analog": "voltages: the rig's PWM, smoothed",
    "output": "what the controller says, and the rig looks at",
    "sound": "",
    "pwm": "motor: the rig measures the duty",
    "power": "power and reset of the controller (optional)",
    "reset": "",
}
_ROW = 30
_WIDTH = 980
_LEFT, _RIGHT, _BOX = 30, 730, 220
_TOP = 86


def svg(table: WiringTable) -> str:
    """The whole picture."""
    rows: list[Wire | str] = []
    for kind in _ORDER:
        wires = sorted(table.of_kind(kind), key=lambda wire: (str(type(wire.controller)), wire.rig))
        if wires and _TITLES[kind]:
            rows.append(_TITLES[kind])
        rows += wires
    height = _TOP + _ROW * (len(rows) + 2) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}"'
        ' font-family="Helvetica, Arial, sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
        f'<text x="{_WIDTH / 2}" y="26" text-anchor="middle" font-size="17" font-weight="bold">'
        f"Rig wiring: {escape(table.board)}</text>",
        f'<text x="{_WIDTH / 2}" y="46" text-anchor="middle" fill="#555">'
        f"{escape(table.text)}</text>",
        *_board(_LEFT, height, "controller"),
        *_board(_RIGHT, height, "rig"),
    ]
    y = _TOP
    for row in rows:
        y += _ROW
        if isinstance(row, str):
            parts.append(
                f'<text x="{_WIDTH / 2}" y="{y + 8}" text-anchor="middle" fill="#777"'
                f' font-style="italic">{escape(row)}</text>'
            )
        else:
            parts += _wire(row, y)
    parts += _ground(y + _ROW)
    parts.append("</svg>\n")
    return "\n".join(parts)


def _board(x: int, height: int, name: str) -> list[str]:
    return [
        f'<rect x="{x}" y="60" width="{_BOX}" height="{height - 80}" rx="10" fill="#f4f7f4"'
        ' stroke="#4a6b4a" stroke-width="2"/>',
        f'<text x="{x + _BOX / 2}" y="82" text-anchor="middle" font-weight="bold">{name}</text>',
    ]


def _wire(wire: Wire, y: int) -> list[str]:
    colour = _COLOURS[wire.kind]
    controller = f"GP{wire.controller}" if isinstance(wire.controller, int) else wire.controller
    start, end = _LEFT + _BOX, _RIGHT
    dashed = ' stroke-dasharray="7 4"' if wire.optional else ""
    through = escape(wire.through)
    size = 11 if len(through) <= _LONGEST else 9
    return [
        f'<text x="{start - 10}" y="{y + 4}" text-anchor="end">'
        f'<tspan fill="#555">{escape(wire.name)}</tspan>  {escape(controller)}</text>',
        f'<circle cx="{start}" cy="{y}" r="4" fill="{colour}"/>',
        f'<line x1="{start}" y1="{y}" x2="{end}" y2="{y}" stroke="{colour}" stroke-width="2"'
        f"{dashed}/>",
        f'<circle cx="{end}" cy="{y}" r="4" fill="{colour}"/>',
        f'<text x="{end + 10}" y="{y + 4}">GP{wire.rig}</text>',
        *(
            f'<text x="{(start + end) / 2}" y="{y - 4 + 16 * line}" text-anchor="middle"'
            f' font-size="{size}" fill="#333">{escape(text)}</text>'
            for line, text in enumerate(_lines(wire.through))
        ),
    ]


_LONGEST = 72


def _lines(through: str) -> list[str]:
    """One line, or two if it is long: above the wire and below it."""
    if len(through) <= _LONGEST:
        return [through]
    cut = through.rfind(" ", 0, len(through) // 2 + 12)
    return [through[:cut], through[cut + 1 :]]


def _ground(y: int) -> list[str]:
    start, end = _LEFT + _BOX, _RIGHT
    return [
        f'<text x="{start - 10}" y="{y + 4}" text-anchor="end">GND</text>',
        f'<line x1="{start}" y1="{y}" x2="{end}" y2="{y}" stroke="#111" stroke-width="4"/>',
        f'<text x="{end + 10}" y="{y + 4}">GND</text>',
        f'<text x="{(start + end) / 2}" y="{y - 6}" text-anchor="middle" font-size="11"'
        ' fill="#333">first of all</text>',
    ]
