"""What the shell offers behind a half-written command: templates, files, patients, sessions.

A shell asks while somebody types: what goes wrong here offers nothing, and says nothing.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from itable.store.listing import Listing

OfferT = TypeVar("OfferT")

Offer = tuple[str, str]
"""A word and, for shells that show it, what it means."""

_NEWEST = 50


def templates(incomplete: str) -> list[Offer]:
    """Names of templates, each with the plan's name."""
    from itable.plans.templates import known, name

    return [
        (template, name(path))
        for template, path in known().items()
        if template.startswith(incomplete)
    ]


def programme_templates(incomplete: str) -> list[str]:
    """Names of the programmes that can be begun."""
    from itable.clinic.programme import TEMPLATES

    return [name for name in TEMPLATES if name.startswith(incomplete)]


def plan_files(incomplete: str) -> list[str]:
    """TOML files and folders that begin with what is written."""
    return _files(incomplete, ".toml")


def _files(incomplete: str, suffix: str) -> list[str]:
    folder, _, begin = incomplete.rpartition(os.sep)
    place = Path(folder + os.sep) if folder or incomplete.startswith(os.sep) else Path()
    offers = []
    try:
        for path in sorted(place.expanduser().iterdir()):
            hidden = path.name.startswith(".") and not begin.startswith(".")
            if path.name.startswith(begin) and not hidden:
                written = f"{folder}{os.sep}{path.name}" if os.sep in incomplete else path.name
                if path.is_dir():
                    offers.append(written + os.sep)
                elif path.suffix == suffix:
                    offers.append(written)
    except OSError:
        return []
    return offers


def template_keys(ctx: typer.Context, incomplete: str) -> list[str]:
    """Keys of the template that was named before, each with its `=`."""
    from itable.plans.templates import known

    path = known().get(str(ctx.params.get("template")))
    return [] if path is None else _keys(path, incomplete)


def setting_names(incomplete: str) -> list[Offer]:
    """Names of the table's settings, each with its `=`, and what they mean."""
    from itable.care.settings import SETTINGS

    return [
        (f"{setting.name}=", f"{setting.meaning}, in {setting.unit}")
        for setting in SETTINGS
        if setting.name.startswith(incomplete)
    ]


def plan_keys(ctx: typer.Context, incomplete: str) -> list[str]:
    """Keys of the plan file that was named before, each with its `=`."""
    file: Any = ctx.params.get("file")
    return [] if file is None else _keys(Path(str(file)), incomplete)


def hows(incomplete: str) -> list[str]:
    """How a session may have ended, as `--how` takes it."""
    from itable.clinic.sessions import HOW

    words = [word.replace(" ", "-") for word in HOW]
    return [word for word in words if word.startswith(incomplete.lower())]


def patients(ctx: typer.Context, incomplete: str) -> list[str]:
    """The pseudonyms of the store."""
    names = _asked(ctx, lambda store: store.names())
    return [name for name in names if name.startswith(incomplete)]


def sessions(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """The newest sessions of the store, as 12 or, where several tables have a 12, as DEVICE/12."""
    from itable.clinic.release import without_mark
    from itable.days import day_and_time
    from itable.store.listing import Choice

    found = _asked(ctx, lambda store: store.sessions(Choice(last=_NEWEST)).sessions[::-1])
    numbers = [one.number for one in found]
    offers = []
    for one in found:
        twice = numbers.count(one.number) > 1
        short = f"{one.device}/{one.number}" if twice else str(one.number)
        word = f"@{one.id}" if incomplete.startswith("@") else short
        parts = (day_and_time(one.start_unix_s), one.patient, without_mark(one.plan_name or ""))
        if word.startswith(incomplete):
            offers.append((word, " ".join(part for part in parts if part)))
    return offers


def patients_and_sessions(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """What a report can be about."""
    named: list[Offer] = [(name, "patient") for name in patients(ctx, incomplete)]
    return named + sessions(ctx, incomplete)


def session_files(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """Kept sessions, and files of raw pages."""
    files: list[Offer] = [(name, "file") for name in _files(incomplete, ".itlog")]
    return sessions(ctx, incomplete) + files


def _asked(ctx: typer.Context, ask: "Callable[[Listing], list[OfferT]]") -> "list[OfferT]":
    """What the command's store answers; nothing when there is none yet, or it does not answer."""
    from itable.errors import ItableError
    from itable.store import opening
    from itable.store.listing import Listing

    name = ctx.params.get("store") or os.environ.get("ITABLE_STORE")
    try:
        url = opening.address(name)
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
            return []
        with Listing(name) as store:
            return ask(store)
    except ItableError:
        return []


def _keys(path: Path, incomplete: str) -> list[str]:
    from itable.plans import edit

    try:
        return [
            f"{key}=" for key in edit.keys(path.read_text("utf-8")) if key.startswith(incomplete)
        ]
    except (OSError, ValueError):
        return []
