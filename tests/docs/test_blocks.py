"""What the documentation shows is true: files are judged as the product judges them, commands are run."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
import yaml

from console.config import load_config
from reconciler.flows.findings import Finding, Severity
from reconciler.flows.globs import PRESET_FOLDER, SETTINGS_FILE
from reconciler.flows.parse import parse, parse_preset
from reconciler.flows.settings import parse_settings
from reconciler.plan.build import build
from tests.docs.pages import Block, blocks, tried_pages
from tests.docs.terminal import Terminal, agrees, terminal, typed

_LANGUAGES = {"yaml", "console", "python", "json", "text", "sh", "toml", "lua"}
_SERVER_FILES = ("headgate-server.yaml",)
_SECRETS = ("HEADGATE_APP_KEY", "HEADGATE_CLIENT_SECRET", "HEADGATE_GITHUB_TOKEN", "HEADGATE_WEBHOOK_SECRET")
_SECRET_FILES = ("github-app.pem", "github-client.secret", "github-webhook.secret", "export.secret")


def _files(page: str) -> dict[str, bytes]:
    """The files of a page by path, as they are in the end."""
    return {block.file: block.text.encode() for block in blocks(page) if block.file and not block.shown}


def _findings(path: str, data: bytes, files: dict[str, bytes]) -> list[Finding]:
    if path == SETTINGS_FILE:
        return list(parse_settings(data)[1])
    if path.startswith(PRESET_FOLDER):
        return list(parse_preset(data, path)[1])
    parsed = parse(data, path)
    remote = parse_settings(files.get(SETTINGS_FILE))[0].remote
    built = [build(flow, files.get, start=False, remote=remote).findings for flow in parsed.flows]
    return [*parsed.findings, *(found for findings in built for found in findings)]


def _judge_yaml(page: str, block: Block, folder: Path) -> None:
    assert block.file, f"{page}:{block.line}: say in the first line which file this is, or mark the block as shown"
    if block.file in _SERVER_FILES:
        file = folder / block.file
        file.write_text(block.text, "utf-8")
        for name in _SECRET_FILES:
            (folder / name).write_text("a secret", "utf-8")
        load_config(file, {"HOME": str(folder), **dict.fromkeys(_SECRETS, "a secret")})
    elif block.file.startswith((".github/", ".gitlab-ci", ".pre-commit")):
        yaml.safe_load(block.text)
    else:
        found = _findings(block.file, block.text.encode(), _files(page))
        bad = [
            f"{one.file}:{one.span.line}: {one.message} ({one.rule})"
            for one in found
            if one.severity is not Severity.NOTICE
        ]
        assert not bad, f"{page}:{block.line}: " + "; ".join(bad)


@pytest.mark.parametrize("page", tried_pages())
def test_the_files_of_a_page_are_right(page: str, tmp_path: Path) -> None:
    for block in blocks(page):
        assert block.language in _LANGUAGES, f"{page}:{block.line}"
        if block.shown:
            continue
        if block.language == "yaml":
            _judge_yaml(page, block, tmp_path)
        elif block.language == "python":
            ast.parse(block.text)
        elif block.language == "json":
            json.loads(block.text)


def _play(block: Block, page: str, at: Terminal) -> None:
    for one in typed(block.text):
        printed = at.enter(one.command)
        assert agrees(one.expected, printed), (
            f"{page}:{block.line}: `{one.command}` printed\n{printed}\nand the page says\n{one.expected}"
        )


_COMMANDS = [page for page in tried_pages() if any(one.language == "console" and not one.shown for one in blocks(page))]


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("page", _COMMANDS)
def test_the_commands_of_a_page_print_what_it_says(page: str, tmp_path: Path) -> None:
    with terminal(tmp_path) as at:
        for block in blocks(page):
            if block.file and not block.shown:
                at.write(block.file, block.text)
            elif block.language == "console" and not block.shown:
                _play(block, page, at)


@pytest.mark.parametrize("printed", ["queued\nended", "queued\nrunning\nended"])
def test_an_ellipsis_on_a_page_stands_for_lines_or_for_none(printed: str) -> None:
    assert agrees("queued\n…\nended", printed)


def test_without_an_ellipsis_a_line_too_many_is_seen() -> None:
    assert not agrees("queued\nended", "queued\nrunning\nended")
