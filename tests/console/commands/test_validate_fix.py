"""Facts about `headgate validate --fix` and `--diff`."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

GOOD = "version: 1.1\nname: a\nrun:\n  kind: job\n  container: {image: busybox, command: [echo]}  # says it\n"
SLIP = GOOD.replace("command", "comand")


@pytest.fixture(autouse=True)
def repository(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", "."], check=True)
    (tmp_path / "flows").mkdir()
    return tmp_path


def put(path: str, text: str | bytes) -> Path:
    file = Path(path)
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def test_a_slip_is_mended_and_told_on_standard_error(bare):
    file = put("flows/a.yaml", SLIP)
    shown = bare("validate", "--fix")

    assert file.read_text() == GOOD
    assert shown.err == "flows/a.yaml:5:31 field-unknown: comand → command\nMended 1 mistake in 1 file.\n"
    assert (shown.code, shown.out) == (0, "Nothing to say in 1 file.\n")


def test_a_second_time_there_is_nothing_to_do_and_nothing_is_written(bare):
    file = put("flows/a.yaml", SLIP)
    bare("validate", "--fix")
    before = file.stat()

    assert bare("validate", "--fix").err == "Nothing to mend.\n"
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_what_cannot_be_mended_is_shown_and_decides(bare):
    put("flows/a.yaml", SLIP + "anything: 1\n")
    shown = bare("validate", "--fix")

    assert shown.code == 1
    assert shown.out.endswith("1 error in 1 file.\n")
    assert "flows/a.yaml:6:1: error: " in shown.out


def test_mode_breaks_and_mark_of_a_file_stay(bare):
    file = put("flows/a.yaml", b"\xef\xbb\xbf" + SLIP.replace("\n", "\r\n").encode())
    file.chmod(0o640)
    bare("validate", "--fix")

    assert file.read_bytes() == b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()
    assert file.stat().st_mode & 0o7777 == 0o640
    assert [one.name for one in file.parent.iterdir()] == ["a.yaml"]


def test_a_link_is_not_written_through(bare):
    target = put("target.yaml", SLIP)
    Path("link.yaml").symlink_to(target)
    shown = bare("validate", "--fix", "link.yaml")

    assert (shown.code, target.read_text()) == (2, SLIP)


def test_a_difference_is_shown_that_git_can_apply(bare):
    file = put("flows/a.yaml", SLIP.rstrip("\n"))
    shown = bare("validate", "--diff", "flows/a.yaml")

    assert file.read_text() == SLIP.rstrip("\n")
    assert shown.err.endswith("Would mend 1 mistake in 1 file.\nNothing to say in 1 file.\n")
    subprocess.run(["git", "apply", "-"], input=shown.out, text=True, check=True)
    assert file.read_text() == GOOD.rstrip("\n")


def test_standard_input_is_given_back_mended(bare, monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(SLIP.encode())))
    shown = bare("validate", "--fix", "-")

    assert shown.out == GOOD
    assert shown.err.endswith("Mended 1 mistake in 1 file.\nNothing to say in 1 file.\n")


def test_json_lists_what_was_mended(bare):
    put("flows/a.yaml", SLIP)
    found = bare("validate", "--fix", "--format", "json").json

    assert (found["findings"], found["fixed"]) == (
        [],
        [
            {
                "rule": "field-unknown",
                "file": "flows/a.yaml",
                "line": 5,
                "column": 31,
                "before": "comand",
                "after": "command",
            }
        ],
    )


def test_settings_and_presets_are_mended_too(bare):
    put("flows/a.yaml", GOOD)
    settings = put(".headgate.yaml", "severitis: {param-undeclard: error}\n")
    Path("presets").mkdir()
    preset = put("presets/p.yaml", "isPreset: true\ntermination: {max_retries: 1}\n")
    bare("validate", "--fix")

    assert settings.read_text() == "severities: {param-undeclared: error}\n"
    assert preset.read_text() == "isPreset: true\ntermination: {maxRetries: 1}\n"


def test_only_what_changed_is_mended_where_that_is_asked(bare):
    old, new = put("flows/a.yaml", SLIP), "flows/b.yaml"
    for words in (["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "first"]):
        subprocess.run(["git", *words], check=True)
    fresh = put(new, SLIP.replace("name: a", "name: b"))
    bare("validate", "--fix", "--changed", "HEAD")

    assert old.read_text() == SLIP
    assert fresh.read_text() == GOOD.replace("name: a", "name: b")


def test_a_mended_flow_is_judged_with_the_mended_component_it_uses(bare):
    Path("hub").mkdir()
    put("hub/part.yaml", f"kind: component\n{SLIP}inputs: [{{name: rate, type: flot}}]\n")
    flow = put("flows/use.yaml", "kind: operation\nname: use\nhubRef: part\nparams: {rate: 1}\n")

    assert bare("validate", "--fix").code == 0
    assert flow.read_text().endswith("params: {rate: 1}\n")
