"""What a clinic sets once: `config.toml` in the platform's config folder.

Each setting stands in for an option that was not given; what is said on the command line, or by the
option's environment variable, goes before it.
"""

import tomllib
from pathlib import Path

from itable import toml
from itable.errors import InputError
from itable.folders import config_folder

SETTINGS = {"port": "the table's serial port, for every command that talks to a table"}
"""Every setting, a text, and what it is."""


def path() -> Path:
    """The file of the settings; it need not be there."""
    return config_folder() / "config.toml"


def load() -> dict[str, str]:
    """The settings that are written; raises InputError for a file that cannot be relied on."""
    try:
        text = path().read_bytes().decode()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise _wrong(f"cannot read the configuration: {error}") from error
    try:
        values = toml.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _wrong(f"the configuration is not TOML: {error}") from error
    for name, value in values.items():
        _require_known(name)
        if not isinstance(value, str):
            raise _wrong(f"'{name}' must be a text in quotes")
    return values


def changed(name: str, value: str | None) -> None:
    """Write a setting, or with None take it out; the rest of the file stays as it is."""
    import tomlkit

    from itable.files import write_whole

    _require_known(name)
    load()
    text = path().read_text("utf-8") if path().exists() else ""
    document = tomlkit.parse(text)
    if value is None:
        document.pop(name, None)
    else:
        document[name] = value
    write_whole(path(), tomlkit.dumps(document).encode())


def _require_known(name: str) -> None:
    if name not in SETTINGS:
        raise InputError(
            f"there is no setting '{name}'",
            where=str(path()),
            next_step="settings: " + ", ".join(SETTINGS),
        )


def _wrong(what: str) -> InputError:
    return InputError(what, where=str(path()), next_step="put the file right, or delete it")
