"""The problems of a plan file, each with its line, what is allowed, and why."""

from rich.console import Console
from rich.text import Text

from itable.plans.findings import Finding
from itable.plans.loading import Judged


def show(judged: Judged, console: Console) -> None:
    """Print every problem as `file:line: key: what`, as editors and people expect it."""
    source_lines = judged.text.splitlines()
    for finding in judged.found:
        console.print(_headline(judged, finding), soft_wrap=True)
        if 0 < finding.line <= len(source_lines):
            console.print(
                Text.assemble(
                    (f"{finding.line:5d} │ ", "bright_black"),
                    source_lines[finding.line - 1].strip(),
                ),
                soft_wrap=True,
            )
        if finding.allowed:
            console.print(Text.assemble(("allowed: ", "green"), finding.allowed), soft_wrap=True)
        console.print(Text.assemble(("why: ", "bright_black"), finding.why), soft_wrap=True)
    count = len(judged.found)
    console.print(Text(f"{count} problem{'s' if count > 1 else ''} in {judged.path}", "bold red"))


def _headline(judged: Judged, finding: Finding) -> Text:
    place = str(judged.path)
    if finding.line:
        place += f":{finding.line}"
    if finding.column:
        place += f":{finding.column}"
    key = f"{finding.key}: " if finding.key else ""
    return Text.assemble((place + ": ", "bold"), key, (finding.text, "red"))
