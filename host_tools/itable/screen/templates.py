"""The list of plan templates on the screen."""

from collections.abc import Mapping

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from itable.plans.diff import describe
from itable.plans.loading import Judged
from itable.plans.templates import SHIPPED
from itable.screen.chart import clock


def show(templates: Mapping[str, Judged], console: Console) -> None:
    """Print each template: name, what it does, what it comes to, its source."""
    for name, judged in templates.items():
        console.print(Text(name, "bold"), end="")
        if judged.path.parent != SHIPPED:
            console.print(Text(f"  yours: {judged.path}", "bright_black"), end="", soft_wrap=True)
        console.print()
        if judged.found:
            console.print(
                Text(f"  has problems: itable plan check {judged.path}", "red"), soft_wrap=True
            )
            continue
        for form in judged.plan_file.sets:
            console.print(_indented(describe(form)))
        sums = judged.sums()
        console.print(
            _indented(
                f"{clock(sums.total_ms)} min in all, {clock(sums.head_down_ms)} head-down,"
                f" up to {sums.tilt_max_mdeg / 1000:g}°"
            )
        )
        console.print(_indented(judged.plan_file.source, "bright_black"))
    console.print(Text("itable plan new --template NAME --out my-plan.toml", "bright_black"))


def _indented(text: str, style: str = "") -> Padding:
    return Padding(Text(text, style), (0, 0, 0, 2))
