"""Where itable keeps things on this computer."""

from pathlib import Path

import platformdirs


def data_folder() -> Path:
    """Pulled logs and other things worth keeping."""
    return platformdirs.user_data_path("itable", appauthor=False)


def partial_folder() -> Path:
    """Where sessions wait that were not pulled whole yet."""
    return data_folder() / "partial"


def config_folder() -> Path:
    """What the people of a clinic set once: `config.toml`, their own templates."""
    return platformdirs.user_config_path("itable", appauthor=False)


def templates_folder() -> Path:
    """A clinic's own plan templates."""
    return config_folder() / "templates"


def virtual_tables_folder() -> Path:
    """Where running virtual tables write down their ports."""
    return platformdirs.user_state_path("itable", appauthor=False) / "virtual-tables"
