"""Facts about requests that are done while the command looks: by a service that runs, or by the command itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.config import Config
from console.opening import opened
from tests.console.typing_in import Terminal

FLOW = """\
version: 1.1
kind: component
name: once
run: {kind: job, container: {image: local, command: [sh, -c, "test -e mended"]}}
"""


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    file = tmp_path / "flows" / "once.yaml"
    file.parent.mkdir()
    (tmp_path / ".git").mkdir()
    file.write_text(FLOW)
    return file


@pytest.mark.slow
def test_a_local_run_is_resumed_and_restarted_by_the_command_itself(capsys, data, flow, tmp_path):
    typed = Terminal(capsys, data)
    assert typed("run", str(flow), "--progress", "plain").code == 1

    (tmp_path / "mended").touch()

    assert typed("resume", "@last", "--progress", "plain").code == 0
    assert typed("restart", "@last", "--progress", "none").code == 0
    assert [run["status"] for run in typed("status", "--format", "json").json["runs"]] == ["succeeded", "succeeded"]


@pytest.mark.slow
def test_a_running_service_answers_at_once(capsys, data, flow):
    typed = Terminal(capsys, data)
    typed("run", str(flow), "--progress", "none")

    with opened(Config(data, port=0)):
        shown = typed("restart", "@last", "--format", "json")
        waited = typed("status", shown.json["run"], "--wait")

    assert (shown.code, shown.err) == (0, "")
    assert shown.json["done"] is True
    assert waited.code == 1
