"""What the shell offers behind a half-written command: templates, plan files, keys of a plan.

A shell asks while somebody types: what goes wrong here offers nothing, and says nothing.
"""

import os
from pathlib import Path
from typing import Any

import typer

Offer = tuple[str, str]
"""A word and, for shells that show it, what it means."""


def templates(incomplete: str) -> list[Offer]:
    """Names of templates, each with the plan's name."""
    from itable.plans.templates import known, name

    return [
        (template, name(path))
        for template, path in known().items()
        if template.startswith(incomplete)
    ]


def plan_files(incomplete: str) -> list[str]:
    """TOML files and folders that begin with what is written."""
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
                elif path.suffix == ".toml":
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


def _keys(path: Path, incomplete: str) -> list[str]:
    from itable.plans import edit

    try:
        return [
            f"{key}=" for key in edit.keys(path.read_text("utf-8")) if key.startswith(incomplete)
        ]
    except (OSError, ValueError):
        return []
