"""The reference says what the tables of the product say."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from console import config
from console.failures import AWAY, INTERRUPTED, NO, USAGE
from reconciler import keys
from reconciler.checks.actions import APPROVE, CANCEL, RERUN_FAILED
from reconciler.checks.cause_words import EXITS, REASONS
from reconciler.checks.commands import TAKES as COMMANDS
from reconciler.checks.commands import commands_in
from reconciler.checks.glyphs import LOOKS
from reconciler.checks.model import Annotation, Check, Conclusion
from reconciler.engine import reasons
from reconciler.engine.model import FINAL
from reconciler.flows import lock, settings
from reconciler.flows.lock import parse_lock
from tests.docs.pages import ROOT, blocks
from webhooks import bodies, github, github_events, health, mailbox

_STATUSES = "docs/reference/statuses-and-reasons.md"
_BLANK = re.compile(r"\{\w+\}")


def _page(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def _rows(name: str) -> dict[str, list[str]]:
    """The rows of all tables of a page by their first cell, without its backquotes."""
    lines = [line for line in _page(name).splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return {row[0].strip("` "): row[1:] for row in cells}


def _says(text: str, shown: str) -> bool:
    """Whether a text of the product is what the page shows, the places for values of an op left out."""
    parts = (re.escape(part) for part in _BLANK.split(text))
    return re.fullmatch(r"[\w `]*".join(parts), shown) is not None


def test_every_status_is_shown_with_its_word_and_glyph() -> None:
    rows = _rows(_STATUSES)

    for status, look in LOOKS.items():
        assert rows[status.value][0] == f"{look.glyph} {look.word}"
        assert (rows[status.value][1] == "yes") == (status in FINAL)


@pytest.mark.parametrize("name", [*REASONS, *map(str, EXITS)])
def test_every_cause_is_shown_with_its_title_and_advice(name: str) -> None:
    short, _, do = REASONS.get(name) or EXITS[int(name)]
    shown = _rows(_STATUSES)[name]

    assert _says(short, shown[0])
    assert _says(do, shown[1])


def test_every_reason_of_the_engine_is_on_the_page() -> None:
    named = [value for name, value in vars(reasons).items() if name.isupper() and isinstance(value, str)]

    assert [reason for reason in named if f"`{reason}`" not in _page(_STATUSES)] == []


def test_every_setting_is_on_its_page() -> None:
    page, rows = _page("docs/reference/settings.md"), _rows("docs/reference/settings.md")

    assert [key for key in settings.SETTINGS.fields if f"{key}:" not in page] == []
    assert [key for key in settings._FLOW_FIELDS if key not in rows] == []


def test_the_lock_file_that_is_shown_is_one_and_shows_every_key() -> None:
    (block,) = (one for one in blocks("docs/reference/lock-file.md") if one.language == "yaml")
    parsed, findings = parse_lock(block.text.encode())

    assert findings == ()
    assert len(parsed.pins()) == 2
    named = {*lock._LOCK.fields, *lock._HUB.fields}
    assert {f"`{key}`" for key in named} <= {
        f"`{part}`" for row in _rows("docs/reference/lock-file.md") for part in row.split("`, `")
    }


def test_every_key_and_variable_of_the_server_is_on_its_page() -> None:
    rows = _rows("docs/reference/server-configuration.md")

    assert [key for key in config._FILE.fields if key not in rows] == []
    assert [key for key in config._CONNECTION.fields if key not in rows] == []
    assert [key for key in config.GITHUB.shape.fields if key not in rows] == []
    assert [key for key in config.INCOMING.shape.item.fields if key not in rows] == []
    assert {name: rows[key][0] for name, key in config._ENVIRONMENT.items()} == {
        name: f"`{name}`" for name in config._ENVIRONMENT
    }


def test_every_exit_code_of_commands_is_on_its_page() -> None:
    assert {str(code) for code in (0, NO, USAGE, AWAY, INTERRUPTED)} < set(_rows("docs/reference/exit-codes.md"))


def test_every_conclusion_and_key_of_a_check_is_on_its_page() -> None:
    page = _page("docs/reference/checks.md")
    named = [field.name for form in (Check, Annotation) for field in dataclasses.fields(form)]

    assert [name for name in (*named, *Conclusion) if f"`{name}`" not in page] == []


def test_every_check_of_the_doctor_is_on_its_page() -> None:
    sources = [file.read_text("utf-8") for file in (ROOT / "console" / "doctor").glob("*.py")]
    named = {
        name
        for source in sources
        for name in re.findall(r'(?:fine|warning|problem|unknown|found)\(\s*"([a-z-]+)"', source)
    }
    cells = " ".join(_rows("docs/how-to/platform/trouble.md"))

    assert len(named) > 20
    assert [name for name in sorted(named) if name not in re.findall(r"[a-z-]+", cells)] == []


def test_every_command_of_comments_and_every_button_is_on_its_page() -> None:
    rows = _rows("docs/reference/comments-and-buttons.md")
    shown = [command for row in rows if row.startswith("/") for command in commands_in(row)]

    assert {command.verb for command in shown} == set(COMMANDS)
    assert [command.line for command in shown if command.wrong] == []
    for button in (RERUN_FAILED, CANCEL, APPROVE):
        assert button.label in rows
        assert f"`{button.name}`" in _page("docs/reference/checks.md")


def test_every_event_answer_and_metric_is_on_the_page_of_http() -> None:
    page, rows = _page("docs/reference/http.md"), _rows("docs/reference/http.md")
    sources = [Path(module.__file__ or "").read_text("utf-8") for module in (bodies, github, mailbox)]
    codes = {code for source in sources for code in re.findall(r'Refused\(\s*\d+,\s*"(\w+)"', source)}

    assert len(codes) > 5
    assert [name for name in (*codes, *github_events._EVENTS) if f"`{name}`" not in page] == []
    for name, label, says in health._WORDS.values():
        assert rows[f"{name}_total"][0] == f"`{label}`"
        assert rows[f"{name}_total"][1].startswith(says[0].lower() + says[1:].rstrip("."))
    assert [word for word in keys._WORDS if f"`{word}`" not in page] == []
