"""The address of a database as people mistype it: every command says so, and shows no piece of a password."""

from pathlib import Path

import pytest

from console.config import ConfigError, load_config
from tests.console.typing_in import Terminal

COMMANDS = [("status",), ("doctor",), ("logs", "@last"), ("stop", "@last"), ("serve",), ("backup", "copy")]
PIECES = ("S3C", "RET", "ET99")


@pytest.mark.parametrize(
    "address",
    ["postgresql://me:S3C@R:ET99@h/hg", "postgresql://me:S3C@RET99@h/hg", "me:S3C@h/hg", "host=h password=S3C"],
)
@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_an_address_that_cannot_be_read_ends_each_command_with_what_to_write(
    bare: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], address: str
) -> None:
    monkeypatch.setenv("HEADGATE_DATABASE", address)
    monkeypatch.setenv("HEADGATE_LISTEN", "127.0.0.1:0")
    typed = bare(*words, "--data-dir", str(tmp_path / "data"))
    said = typed.out + typed.err

    assert typed.code == (1 if words[0] in ("doctor", "backup") else 2), said
    assert "Write postgresql://USER:PASSWORD@HOST/NAME" in said
    assert "Traceback" not in said
    assert not any(piece in said for piece in PIECES), said
    assert "Restore" not in said


def test_a_mistake_in_an_address_is_told_as_one(
    bare: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("psycopg")
    monkeypatch.setenv("HEADGATE_DATABASE", "postgresql://me:S3C@127.0.0.1:1/hg?sslmode=maybe")
    doctor, status = (bare(word, "--data-dir", str(tmp_path / "data")) for word in ("doctor", "status"))

    assert status.code == 2
    assert 'invalid sslmode value: "maybe"' in status.err
    assert "Mend it where the service has it from: `HEADGATE_DATABASE`" in doctor.out
    assert "Is its server up" not in doctor.out
    assert "S3C" not in doctor.out + doctor.err + status.out + status.err


@pytest.mark.parametrize(
    "line",
    [
        "database: [postgresql://me:S3C@h/hg]",
        "databse: postgresql://me:S3C@h/hg",
        "database: postgresql://me:S3C@h/hg: x",
        "database: {password: S3C}",
        "db: postgresql://me:S3C@h/hg",
        'database: "postgresql://me:S3C@h/hg',
    ],
)
def test_a_mistake_in_the_configuration_does_not_show_the_line_of_the_address(tmp_path: Path, line: str) -> None:
    file = tmp_path / "server.yaml"
    file.write_text(f"slots: 2\n{line}\n")
    with pytest.raises(ConfigError) as caught:
        load_config(file, {})

    assert "server.yaml:" in caught.value.text()
    assert "S3C" not in caught.value.text()
