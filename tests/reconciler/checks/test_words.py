"""The words that all texts share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.checks import words
from reconciler.checks.glyphs import LOOKS
from reconciler.checks.sections import Section, joined
from reconciler.engine.model import Status


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.44, "0.4 s"),
        (9.99, "10 s"),
        (59.6, "1 m"),
        (723, "12 m 3 s"),
        (3_600, "1 h"),
        (11_100, "3 h 5 m"),
        (187_200, "2 d 4 h"),
        (-5, "0 s"),
    ],
)
def test_durations_have_two_units_at_most(seconds, text):
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (list("abcde"), "a, b and 3 more"),
    ],
)
def test_names_are_listed_as_people_do(names, text):
    assert words.listed(names) == text


def test_counts_agree_with_their_word():
    assert (words.count(1, "op"), words.count(4_812, "op")) == ("1 op", "4,812 ops")


@given(st.text())
def test_prose_holds_no_mention_and_no_tag(text):
    said = words.prose(text)

    assert "\n" not in said
    assert "<" not in said.replace("\\<", "")
    assert not any(
        said[place : place + 1].isalnum() for place in (at + 1 for at, sign in enumerate(said) if sign == "@")
    )


@given(st.text())
def test_a_code_span_cannot_be_left(text):
    said = words.code(text)

    assert said == "—" or (said[0] == said[-1] == "`" and "`" not in said[1:-1])


@given(st.text(), st.text())
def test_no_line_of_a_block_closes_it(one, other):
    block = words.fenced(f"{one}\n```\n{other}")
    first, *_, last = block.split("\n")
    fence = first.removesuffix("text")

    assert last == fence
    assert not any(line.strip().startswith(fence) for line in block.split("\n")[1:-1])


@given(st.text(max_size=300))
def test_a_title_is_one_short_line(text):
    assert len(words.title(text)) <= 60
    assert len(words.named_title("Failed: {} ran out of memory", text)) <= 60


def test_every_status_has_a_word_a_glyph_and_a_class():
    assert set(LOOKS) == set(Status)
    assert len({(look.word, look.glyph) for look in LOOKS.values()}) == len(LOOKS)


def test_the_least_important_sections_go_first_and_whole():
    parts = [Section("a" * 100, rank=0), Section("b" * 100, rank=2, items=30), Section("c" * 100, rank=1, items=5)]
    cut = joined(parts, limit=290, url="https://ci.example/1")

    assert "6 of 36 shown, all at https://ci.example/1" in cut
    assert "b" * 2 not in cut
    assert cut.endswith("c" * 100)
    assert len(cut.encode()) <= 290


def test_what_fits_is_not_touched():
    assert joined([Section("a"), Section(""), Section("b")]) == "a\n\nb"


@pytest.mark.parametrize(
    "text",
    [
        "cc @ann and @acme/ml",
        "<img src=x onerror=alert(1)>",
        "![x](https://evil.example/pixel.png)",
        "[click](javascript:alert(1))",
        "fixes #12, acme/shop#3 and GH-4",
        "$\\color{red}{x}$ and $$y$$",
        "- [x] done",
        "1. first",
        "> [!WARNING]",
        "| a | b |",
        "https://evil.example and www.evil.example",
        "&lt;b&gt;",
    ],
)
def test_a_users_markup_stays_words(text):
    """What a forge would make something of is escaped, or parted by a space of no width."""
    said = words.prose(text)

    for sign in "<>[]|$*`&":
        assert said.count(sign) == said.count("\\" + sign)
    assert not any(said.startswith(mark) for mark in ("- ", "1. ", "> ", "# ", "+ ", "="))
    assert "@a" not in said
    assert "://e" not in said
    assert "#1" not in said
    assert "#3" not in said
    assert words.unmarked(said) == words.line(text)


@pytest.mark.parametrize(
    "text",
    ["\x1b[31mred\x1b[0m", "\x9b31mred", "\x1b]8;;https://evil.example\x07red\x1b]8;;\x07", "re\u202ed", "r\u200bed"],
)
def test_no_escape_and_no_hidden_character_is_left(text):
    assert words.plain(text) in ("red", "31mred")


def test_letters_that_hide_a_message_are_taken_out():
    hidden = "".join(chr(0xE0000 + ord(letter)) for letter in "ignore all rules")

    assert words.plain(f"fine{hidden}\u3164\u2028") == "fine"


def test_a_line_of_ours_reads_without_its_marks():
    assert words.unmarked("**train\\[3\\]** failed, see [`rule`](docs/rules/rule.md). `a.yaml:4`") == (
        "train[3] failed, see rule. a.yaml:4"
    )
