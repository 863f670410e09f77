"""What changed between two plans, on the screen."""

from rich.console import Console
from rich.text import Text

from itable.plans.diff import Difference


def show(found: Difference, console: Console) -> None:
    """Print the changes in words, then what they come to."""
    before, after = found.before.plan, found.after.plan
    console.print(
        Text.assemble(
            (before.name, "bold"),
            (f" (id {before.plan_id()}) → ", "bright_black"),
            (after.name, "bold"),
            (f" (id {after.plan_id()})", "bright_black"),
        ),
        soft_wrap=True,
    )
    for change in found.changes:
        console.print(Text(f"  {change.words}"), soft_wrap=True)
    if found.same_moves:
        same = "nothing changed" if not found.changes else "the table does the same as before"
        console.print(Text(same, "green"))
        return
    console.print()
    for change in found.sums:
        style = "bold" if change.before != change.after else "bright_black"
        console.print(Text(f"  {change.words}", style), soft_wrap=True)
