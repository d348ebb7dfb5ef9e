"""A text that is too long is cut between characters, and what was open is closed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.checks.cutting import cut, cut_plain


@given(st.text(), st.integers(200, 400))
def test_no_cut_text_is_too_long_in_characters_or_bytes(text, limit):
    said = cut(text * 20, limit)

    assert len(said) <= len(said.encode()) <= limit


@given(st.text(), st.integers(0, 50))
def test_no_character_is_cut_in_pieces(text, limit):
    said = cut_plain(text, limit)

    assert text.encode("utf-8", "replace").decode().startswith(said)
    assert len(said.encode()) <= limit


def test_what_fits_stays_as_it_is():
    assert cut("Fine. 🙂", 10) == "Fine. 🙂"


@pytest.mark.parametrize("fence", ["```", "`````"])
def test_an_open_block_and_open_parts_are_closed(fence):
    text = f"<details><summary>One</summary>\n\n<details><summary>Two</summary>\n\n{fence}text\n" + "line\n" * 200

    said = cut(text, 400, "https://gate.example/1")

    assert f"line\n{fence}\n\n</details>\n\n</details>\n\n_Cut here, all of it is at https://gate.example/1_" in said


def test_a_half_character_of_another_encoding_does_no_harm():
    assert cut("a\udcff", 100) == "a?"
