"""`itable screen`: contraindications asked, recorded, and approved by a named clinician."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from itable import complete
from itable.errors import InputError
from itable.options import Json, Store
from itable.output import out, print_json

if TYPE_CHECKING:
    from itable.clinic.screening import Standing

NAME_MAX = 64


def screen(
    patient: Annotated[
        str | None,
        typer.Argument(
            metavar="PATIENT",
            help="A pseudonym, as in P-017.",
            autocompletion=complete.patients,
        ),
    ] = None,
    answers: Annotated[
        Path | None,
        typer.Option("--answers", metavar="TOML", help="Answers from a file instead of asking."),
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Only show how the patient stands.")] = False,
    approve: Annotated[
        bool, typer.Option("--approve", help="A clinician approves what the answers left open.")
    ] = False,
    by: Annotated[
        str | None,
        typer.Option("--by", metavar="NAME", help="Who asks; with --approve, who approves."),
    ] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="With --approve: why.")
    ] = None,
    blank: Annotated[
        bool, typer.Option("--blank", help="Print a file for --answers, nothing answered.")
    ] = False,
    store: Store = None,
    json: Json = False,
) -> None:
    """Ask a patient about everything that forbids head-down, and keep the answers.

    Patients are pseudonyms: nothing that names a person is asked for or wanted. A plan is refused
    to who was not asked within 90 days, or left something open, until a named clinician approves.
    """
    if blank:
        from itable.clinic.screening import blank as blank_text

        typer.echo(blank_text(), nl=False)
        return
    if patient is None:
        raise typer.BadParameter("give a patient, as in P-017; `itable patients` lists them")
    from itable.clinic import pseudonyms

    pseudonyms.checked(patient)
    if approve:
        if answers is not None or show:
            raise typer.BadParameter("give --approve alone, or --answers, or --show")
        by, reason = _named(by, "who approves", patient), _reason(reason)
    elif reason is not None:
        raise typer.BadParameter("--reason goes with --approve")
    said = None
    if answers is not None:
        from itable.clinic.screening import read_answers
        from itable.files import read_whole

        said, asked_by = read_answers(read_whole(answers, "the answers"), str(answers))
        by = _named(by or asked_by, "who asks", patient)
    from itable.store.clinic import Clinic

    with Clinic(store) as clinic:
        doubts = [] if clinic.knows(patient) else pseudonyms.doubts(patient)
        if approve:
            _doubt(patient, doubts, as_json=json)
            assert by is not None
            assert reason is not None
            found = clinic.approve(patient, by, reason)
        elif said is not None:
            _doubt(patient, doubts, as_json=json)
            assert by is not None
            found = clinic.screen(patient, said, by)
        elif show or json:
            found, doubts = clinic.standing(patient), []
        else:
            found = clinic.screen(patient, *_asked(patient, by, doubts))
    if json:
        print_json({**found.to_dict(), "warnings": doubts})
    else:
        say(found)


def _asked(patient: str, by: str | None, doubts: list[str]) -> tuple[dict[str, str], str]:
    """The answers, and who asked for them, from a terminal."""
    from itable.clinic import asking

    if not asking.on_terminal():
        raise InputError(
            "there is no terminal to ask on",
            next_step="`itable screen --blank > answers.toml`, fill it in, then"
            f" `itable screen {patient} --answers answers.toml`",
        )
    _doubt(patient, doubts, as_json=False)
    if doubts and not typer.confirm("Use it all the same?", default=False):
        raise InputError(
            "nothing was asked, nothing was kept",
            where=patient,
            next_step="choose a pseudonym that says nothing of the person, as in P-017",
        )
    by = _named(by if by is not None else asking.ask_text("Who asks"), "who asks", patient)
    return asking.ask_questions(), by


def _doubt(patient: str, doubts: list[str], *, as_json: bool) -> None:
    """Warn of a pseudonym that may say who it is; with --json the answer carries the words."""
    if not as_json:
        for doubt in doubts:
            typer.echo(f"warning: is {patient} a pseudonym? {doubt}", err=True)


def _named(name: str | None, whose: str, patient: str) -> str:
    name = (name or "").strip()
    if sum(char.isalpha() for char in name) < 2 or name.lower() == patient.lower():
        raise InputError(
            f"it is not said {whose}" if not name else f"'{name}' does not say {whose}",
            next_step='give a name: --by "A. Weber, physiotherapist"',
        )
    if len(name) > NAME_MAX:
        raise InputError(f"the name is longer than {NAME_MAX} characters", next_step="shorten it")
    return name


def _reason(text: str | None) -> str:
    text = (text or "").strip()
    if not text:
        raise InputError(
            "an approval needs a reason",
            next_step='say why: --reason "pressure treated, 125/80 today"',
        )
    return text


def say(found: "Standing") -> None:
    """The standing in a few lines."""
    from rich.markup import escape

    from itable.clinic.contraindications import QUESTIONS
    from itable.clinic.screening import YES
    from itable.days import day_and_time

    screening = found.screening
    patient = escape(found.patient)
    if screening is None:
        out().print(f"[bold]{patient}[/]: [red]never screened[/]")
        out().print(f"`itable screen {patient}` asks", soft_wrap=True)
        return
    verdict = "[green]cleared[/]" if found.cleared else "[red]not cleared[/]"
    if found.expired:
        verdict += ", the screening is too old"
    out().print(f"[bold]{patient}[/]: {verdict}")
    out().print(
        f"asked {day_and_time(screening.at_s)} by {escape(screening.asked_by)}", soft_wrap=True
    )
    for question in QUESTIONS:
        if screening.answers.get(question.key) == YES:
            out().print(f"  [yellow]yes[/] {escape(question.ask)}", soft_wrap=True)
            out().print(f"      [bright_black]{escape(question.why)}[/]", soft_wrap=True)
    unanswered = [key for key in screening.open_keys() if screening.answers.get(key) != YES]
    if unanswered:
        out().print(f"  [yellow]unanswered[/] {', '.join(unanswered)}", soft_wrap=True)
    if found.approval is not None:
        by, reason = escape(found.approval.by), escape(found.approval.reason)
        out().print(
            f"approved {day_and_time(found.approval.at_s)} by {by}: {reason}", soft_wrap=True
        )
    if found.cleared:
        out().print(f"plans may be given until {day_and_time(found.expires_s)[:10]}")
    else:
        out().print(
            f'a clinician decides: itable screen {patient} --approve --by "NAME" --reason "WHY"',
            soft_wrap=True,
        )
