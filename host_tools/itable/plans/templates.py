"""The plans that come with itable, and those that a clinic keeps in its own folder."""

from pathlib import Path

from itable import toml
from itable.errors import InputError
from itable.folders import templates_folder

SHIPPED = Path(__file__).parents[1] / "templates"


def known() -> dict[str, Path]:
    """Every template by name; one of the clinic's own goes before a shipped one of that name."""
    found = {
        path.stem: path
        for folder in (SHIPPED, templates_folder())
        for path in folder.glob("*.toml")
    }
    return dict(sorted(found.items()))


def find(template: str) -> Path:
    """The file of a template; raises InputError with what there is instead."""
    templates = known()
    if template not in templates:
        raise InputError(
            f"there is no template '{template}'",
            where=", ".join(templates),
            next_step="`itable plan templates` lists them",
        )
    return templates[template]


def name(path: Path) -> str:
    """The name of the plan in a template; "" when it cannot be read."""
    try:
        return str(toml.loads(path.read_text("utf-8")).get("name", ""))
    except (OSError, ValueError):
        return ""
