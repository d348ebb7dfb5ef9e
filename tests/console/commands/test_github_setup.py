"""`headgate github setup` as a person types it: what is said where, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.console.test_github_setup import agrees

ROOT = Path(__file__).resolve().parents[3]


@contextmanager
def typing(tmp_path: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    command = [sys.executable, "-m", "console", "github", "setup", *words]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        yield process


def address(process: subprocess.Popen[str]) -> str:
    assert process.stderr
    return process.stderr.readline().strip().rpartition(" ")[2]


@pytest.mark.slow
def test_the_configuration_goes_to_stdout_and_no_secret_anywhere(github, tmp_path):
    github.organization("acme")
    github.signed_in = "ann"
    options = ["--organization", "acme", "--api-url", github.api_url, "--public-url", "http://127.0.0.1:1"]
    with typing(tmp_path, *options) as process, httpx.Client(trust_env=False, verify=False) as client:
        agrees(client, address(process))
        out, err = process.communicate(timeout=60)

    app = next(iter(github.state.apps.values()))
    assert process.returncode == 0
    assert out == (tmp_path / "headgate-server.yaml").read_text()
    assert out == (
        f"pageUrl: http://127.0.0.1:1\ngithub:\n  apiUrl: {github.api_url}\n"
        f"  app:\n    id: {app.id}\n    privateKey: {{file: github-app.pem}}\n"
        f"    clientId: {app.client_id}\n    clientSecret: {{file: github-client.secret}}\n"
        "  webhookSecrets:\n  - {file: github-webhook.secret}\n"
    )
    for step in ("/apps/headgate-acme/installations/new", "headgate serve --config", "Require the check `headgate`"):
        assert step in err
    for secret in (github.webhooks.hooks[0].secret, "PRIVATE KEY", app.client_secret):
        assert secret not in out + err


@pytest.mark.slow
def test_one_document_with_format_json(github, tmp_path):
    github.signed_in = "ann"
    with typing(tmp_path, "--api-url", github.api_url, "--format", "json") as process:
        with httpx.Client(trust_env=False, verify=False) as client:
            agrees(client, address(process))
        out, _ = process.communicate(timeout=60)

    document = json.loads(out)
    assert (document["version"], document["app"]["owner"]) == (1, "ann")
    assert document["written"] == "headgate-server.yaml"
    assert len(document["next"]) == 4


@pytest.mark.slow
def test_ctrl_c_ends_it_with_nothing_made(github, tmp_path):
    with typing(tmp_path, "--api-url", github.api_url) as process:
        address(process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)

    assert (process.returncode, out) == (130, "")
    assert err.strip().endswith("headgate: interrupted.")
    assert not list(tmp_path.glob("*.yaml"))
    assert not list(tmp_path.glob("github-*"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--api-url", "http://git.acme.example/api/v3"], "begins with https://"),
        (["--api-url", "https://ann:pw@git.acme.example"], "begins with https://"),
        (["--organization", "acme/shop"], "is no organization"),
        (["--public-url", "headgate.acme.example"], "is no address"),
        (["--public-url", "http://localhost:8470"], "GitHub cannot reach localhost"),
        (["--name", "x" * 35], "at most 34 characters"),
        (["--config", "nowhere/server.yaml"], "no directory that can be written"),
        (["--minutes", "0"], "--minutes"),
    ],
)
def test_wrong_use_ends_before_anything_begins(bare, words, said):
    shown = bare("github", "setup", *words)

    assert (shown.code, shown.out) == (2, "")
    assert said in shown.err
    assert "pw" not in shown.err


def test_a_key_that_is_there_is_told_with_what_to_do(bare, tmp_path):
    (tmp_path / "github-app.pem").write_text("mine")
    shown = bare("github", "setup", "--format", "json")

    assert shown.code == 2
    assert shown.json["error"]["code"] == "file-exists"
    assert "Move it away" in shown.json["error"]["do"]
