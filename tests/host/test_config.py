"""What is set once for this computer, and the examples that help pages show."""

import json
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from itable import config, examples, exits
from itable.app import app
from itable.errors import InputError
from itable.link import ports

ROOT = Path(__file__).parents[2]


def write(text):
    config.path().parent.mkdir(parents=True, exist_ok=True)
    config.path().write_bytes(text if isinstance(text, bytes) else text.encode())


def test_without_a_file_nothing_is_set(run):
    assert config.load() == {}
    assert "port: not set" in run("config", "show").output
    assert not config.path().exists()


def test_a_setting_is_written_kept_and_taken_out(run, own_home):
    write("# ours\n")
    assert run("config", "set", "port=/dev/ttyACM7").exit_code == exits.OK
    assert config.path() == own_home / ".config/itable/config.toml"
    assert config.path().read_text() == '# ours\nport = "/dev/ttyACM7"\n'
    assert run("config", "set", "port=/dev/a=b").exit_code == exits.OK
    answer = json.loads(run("config", "show", "--json").output)
    assert answer == {"file": str(config.path()), "settings": {"port": "/dev/a=b"}}
    assert run("config", "unset", "port").exit_code == exits.OK
    assert config.path().read_text() == "# ours\n"
    assert run("config", "unset", "port").exit_code == exits.OK


def test_the_configured_port_stands_in_for_one_that_was_not_given(run, table, monkeypatch):
    write(f'port = "{table.port}"\n')
    assert run("status").exit_code == exits.OK
    assert ports.choose("/dev/other") == "/dev/other"
    write('port = "/dev/not-there"\n')
    assert run("status").exit_code == exits.NO_DEVICE
    assert run("status", "--port", table.port).exit_code == exits.OK
    monkeypatch.setenv("ITABLE_PORT", table.port)
    assert run("status").exit_code == exits.OK


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("port = ", "the configuration is not TOML: "),
        ("port = " + "[" * 5000, "the configuration is not TOML: lists or tables are nested"),
        (b"\xff", "cannot read the configuration: "),
        ("prot = 'x'", "there is no setting 'prot'"),
        ("port = 3", "'port' must be a text in quotes"),
    ],
)
def test_a_file_that_cannot_be_relied_on_is_told_and_left_alone(run, text, what):
    write(text)
    before = config.path().read_bytes()
    for words in (["config", "show"], ["config", "set", "port=x"], ["status"]):
        result = run(*words)
        assert result.exit_code == exits.PROBLEM
        assert result.stderr.startswith(f"error: {what}")
        assert f"where: {config.path()}" in result.stderr
        assert "next:" in result.stderr
    assert config.path().read_bytes() == before


@pytest.mark.parametrize("word", ["port", "port=", "=x", "prt=x"])
def test_what_is_no_setting_is_refused(run, word):
    assert run("config", "set", word).exit_code == exits.PROBLEM
    assert not config.path().exists()


def test_an_unknown_setting_is_not_taken_out():
    with pytest.raises(InputError, match="no setting 'prt'"):
        config.changed("prt", None)


# --- examples --------------------------------------------------------------------------------


def commands():
    """Every command by its words, as ("plan check", command)."""
    found = []

    def walk(group, above):
        for name, command in group.commands.items():
            path = f"{above} {name}".strip()
            if hasattr(command, "commands"):
                walk(command, path)
            else:
                found.append((path, command))

    walk(get_command(app), "")
    return found


COMMANDS = dict(commands())


def test_every_command_has_examples_and_every_example_a_command():
    assert set(examples.EXAMPLES) == set(COMMANDS)


@pytest.mark.parametrize("path", sorted(examples.EXAMPLES))
def test_an_example_is_a_command_line_that_is_understood(path, run):
    for line in examples.EXAMPLES[path]:
        words = shlex.split(line)
        parts = path.split()
        assert words[: len(parts) + 1] == ["itable", *parts]
        # Parsed, not run.
        COMMANDS[path].make_context(path, words[len(parts) + 1 :])
        assert line.replace("`", "") in " ".join(run(*parts, "--help").output.split())


def test_the_page_has_every_setting():
    page = (ROOT / "docs/itable.md").read_text("utf-8")
    for name, meaning in config.SETTINGS.items():
        assert f"| `{name}` | {meaning} |" in page
