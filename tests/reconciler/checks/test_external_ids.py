"""What a check is called elsewhere leads back to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.checks.external_ids import LONGEST, ExternalId, external_id, key_of, parse_external_id, shortened
from reconciler.checks.model import Check

NAMES = st.text(alphabet=st.characters(codec="utf-8"), max_size=12)
IDS = st.text(alphabet="0123456789abcdef", max_size=20)  # as runs and attempts have them


@given(NAMES, NAMES, IDS, IDS)
def test_every_part_is_found_again(repository, name, run, attempt):
    check = Check(name, "queued", "", "", run=run, attempt=attempt)
    text = external_id(repository, check)

    assert text.startswith(key_of(repository, check) + ":")
    assert len(text) <= LONGEST + 130
    if not any(part.count("~") or len(part.encode()) > 30 for part in (repository, name)):
        assert parse_external_id(text) == ExternalId(repository, name, run, attempt)


@pytest.mark.parametrize("text", ["", "headgate", "headgate:a:b", "other:a:b:c:d", "headgate:a:b:c:d:e"])
def test_other_texts_are_no_ids(text):
    assert parse_external_id(text) is None


def test_long_names_stay_apart_and_are_short_enough():
    one, other = (shortened("x" * 300 + end) for end in "ab")

    assert one != other
    assert len(one) == len(other) == LONGEST
    assert shortened("short") == "short"
