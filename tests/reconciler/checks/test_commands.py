"""Commands: on a line of their own, where a person speaks and does not cite or show."""

import pytest

from reconciler.checks.commands import MOST, commands_in


def verbs(comment):
    return [command.verb for command in commands_in(comment)]


@pytest.mark.parametrize(
    ("line", "verb"),
    [
        ("/plan", "plan"),
        ("  /plan churn  ", "plan"),
        ("/retest\r", "retest"),
        ("/headgate retest", "retest"),
        ("/headgate /hold cancel", "hold"),
        ("/hold", "hold"),
        ("/help", "help"),
    ],
)
def test_a_line_of_its_own_is_a_command(line, verb):
    (command,) = commands_in(f"Thanks, ann.\n{line}\nMore words.")
    assert (command.verb, command.wrong) == (verb, "")


@pytest.mark.parametrize(
    "comment",
    [
        "Please /retest this.",
        "> /retest",
        "> quoted\n> /retest",
        "```\n/retest\n```",
        "~~~~ text\n/retest\n~~~\n/retest\n~~~~",
        "```\n/retest",
        "    /retest",
        "\t/retest",
        "<!-- /retest -->",
        "<!--\n/retest\n-->",
        "/Retest",
        "//retest",
        "/ retest",
        "/approve",
        "/lgtm cancel",
        "path/retest",
        "",
    ],
)
def test_what_is_cited_shown_hidden_or_meant_for_others_is_none(comment):
    assert commands_in(comment) == []


def test_a_command_after_code_is_one():
    assert verbs("```yaml\na: 1\n```\n/retest\n<!-- x -->\n/plan") == ["retest", "plan"]


def test_a_plan_may_name_a_flow_and_a_hold_is_lifted():
    assert [command.flow for command in commands_in("/plan churn\n/plan")] == ["churn", ""]
    assert [command.lifted for command in commands_in("/hold\n/hold cancel")] == [False, True]


@pytest.mark.parametrize(
    ("comment", "wrong"),
    [
        ("/plan churn other", "one flow"),
        ("/hold please", "nothing but `cancel`"),
        ("/retest now", "takes nothing"),
        ("/headgate retst", "Did you mean `/retest`"),
        ("/headgate", "Name a command"),
    ],
)
def test_a_command_that_cannot_be_done_says_why(comment, wrong):
    (command,) = commands_in(comment)
    assert wrong in command.wrong


def test_a_comment_does_only_so_much():
    assert len(commands_in("/retest\n" * 100)) == MOST


@pytest.mark.parametrize(
    "comment", ["/plan " + "x=" * 100_000, "`" * 100_000, "/" * 100_000, "<!--" * 50_000, "\0\ud800\n/plan"]
)
def test_hostile_comments_take_no_time_and_harm_nobody(comment):
    commands_in(comment)


def test_a_run_names_a_flow_and_its_inputs_as_a_shell_splits_words():
    (command,) = commands_in("/run churn rate=0.1 note='two words' empty=\"\" list='[1, 2]' pair=a=b")
    assert command.flow == "churn"
    given = {"rate": "0.1", "note": "two words", "empty": "", "list": "[1, 2]", "pair": "a=b"}
    assert (command.params, command.wrong) == (given, "")
