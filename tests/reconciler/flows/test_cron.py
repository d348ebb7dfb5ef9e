"""Which cron expressions can be read and can fire."""

from __future__ import annotations

import pytest

from reconciler.flows.cron import cron_expression


@pytest.mark.parametrize(
    "text",
    [
        "* * * * *",
        "*/15 0-6,22 * jan-mar mon-fri",
        "0 0 29 2 *",
        "0 0 l * *",
        "5 4 * * sun",
        "0 0 * * 7",
        "0 9 * * mon#1",
    ],
)
def test_expressions_that_fire(text: str) -> None:
    assert cron_expression(text) == text


def test_presets_stand_for_five_fields() -> None:
    assert cron_expression("@quarterly") == "0 0 1 */3 *"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "five fields"),
        ("* * * *", "five fields"),
        ("* * * * * *", "five fields"),
        ("60 * * * *", "minute"),
        ("* 24 * * *", "hour"),
        ("* * 0 * *", "day of month"),
        ("* * * 13 *", "month"),
        ("* * * * fry", "day of week"),
        ("*/0 * * * *", "minute"),
        ("5-1 * * * *", "minute"),
        ("@sometimes", "@daily"),
        ("0 0 30 2 *", "no such month"),
        ("0 0 31 4,6 *", "no such month"),
    ],
)
def test_expressions_that_never_fire_are_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        cron_expression(text)
