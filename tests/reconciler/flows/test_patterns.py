"""Patterns that people write are matched in a bounded time."""

from __future__ import annotations

import pytest

from reconciler.flows.patterns import check_pattern, matches_pattern


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"^[a-z]+$", "abc"),
        (r"[^@]+@[^@]+\.[a-z]{2,}$", "a@b.io"),
        (r"(foo|bar)+", "foobar"),
        (r"v\d+\.\d+\.\d+", "v1.20.3"),
        (r"(?i)S3://.*", "s3://bucket"),
        (r"(?!tmp)\w+", "data"),
    ],
)
def test_usual_patterns_match(pattern: str, text: str) -> None:
    assert matches_pattern(text, pattern)


_ENDLESS = [r"(a+)+$", r"(a|a)*b", r"(a*)*", r"(.*a){20,40}", r".*.*.*.*.*x", r"(\w+)\1", "(", "a" * 501, r"((a?)*)*"]


@pytest.mark.parametrize("pattern", _ENDLESS)
def test_patterns_that_may_take_forever_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError):
        check_pattern(pattern)


def test_a_text_too_long_for_its_pattern_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 1000 characters"):
        matches_pattern("a" * 1001, ".*.*x")


def test_the_worst_that_is_allowed_ends_soon() -> None:
    assert not matches_pattern("a" * 200, ".*.*.*.*x")
    assert not matches_pattern("a" * 1000, ".*.*x")
