"""Questions on a terminal: a screening, one question at a time, and numbers of 0 to 10."""

import sys

import typer

from itable.clinic.contraindications import KEYS, QUESTIONS
from itable.clinic.outcome import HIGHEST, LOWEST
from itable.clinic.screening import NO, UNANSWERED, YES

_ANSWERS = {"y": YES, "yes": YES, "n": NO, "no": NO, "": UNANSWERED, "?": UNANSWERED}


def on_terminal() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def ask_questions() -> dict[str, str]:
    """Every question in turn: y, n, or Enter to leave it open; b goes back to the one before."""
    typer.echo("y = yes, n = no, Enter = not answered, b = back\n")
    answers: dict[str, str] = {}
    at = 0
    while at < len(QUESTIONS):
        question = QUESTIONS[at]
        said = typer.prompt(
            f"{at + 1:2d}/{len(QUESTIONS)}  {question.ask}\n       ({question.why})\n      ",
            default="",
            show_default=False,
            prompt_suffix="> ",
        )
        said = said.strip().lower()
        if said == "b":
            at = max(0, at - 1)
        elif said in _ANSWERS:
            answers[question.key] = _ANSWERS[said]
            at += 1
        else:
            typer.echo("       y, n, b, or Enter")
    return {key: answers[key] for key in KEYS}


def ask_text(label: str) -> str:
    """A text that is not empty."""
    while not (said := str(typer.prompt(label)).strip()):
        pass
    return said


def ask_number(label: str) -> int | None:
    """A number of 0 to 10; None when Enter is pressed."""
    while True:
        said = typer.prompt(f"{label}, {LOWEST} to {HIGHEST}", default="", show_default=False)
        said = said.strip()
        if not said:
            return None
        if said.isascii() and said.isdigit() and int(said) <= HIGHEST:
            return int(said)
        typer.echo(f"  a whole number from {LOWEST} to {HIGHEST}, or Enter")
