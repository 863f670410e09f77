"""Where itable keeps things on this computer."""

from pathlib import Path

import platformdirs


def data_folder() -> Path:
    """Pulled logs and other things worth keeping."""
    return platformdirs.user_data_path("itable", appauthor=False)


def config_folder() -> Path:
    """What the people of a clinic set once: `config.toml`, their own templates."""
    return platformdirs.user_config_path("itable", appauthor=False)


def templates_folder() -> Path:
    """A clinic's own plan templates."""
    return config_folder() / "templates"


def logs_folder() -> Path:
    """Where `log pull` puts sessions when no folder is named."""
    return data_folder() / "logs"


def virtual_tables_folder() -> Path:
    """Where running virtual tables write down their ports."""
    return platformdirs.user_state_path("itable", appauthor=False) / "virtual-tables"
