"""Near names."""

from __future__ import annotations

import pytest

from reconciler.flows.near import near


@pytest.mark.parametrize(
    ("word", "words", "best"),
    [
        ("comand", ["container", "command"], "command"),
        ("bucket", ["input-bucket", "rows"], "input-bucket"),
        ("run_patch", ["runPatch", "run"], "runPatch"),
        ("xyz", ["command", "args"], None),
        ("a", [], None),
        ("same", ["same"], None),
    ],
)
def test_the_word_most_likely_meant(word: str, words: list[str], best: str | None) -> None:
    assert near(word, words) == best


def test_among_very_many_words_only_another_spelling_is_found() -> None:
    words = [f"op-{index}" for index in range(10_000)]

    assert near("OP_9999", words) == "op-9999"
    assert near("op-99x", words) is None


@pytest.mark.parametrize(
    ("word", "words", "sure"),
    [
        ("containr", ["container", "image"], True),
        ("max_retries", ["maxRetries", "ttl"], True),
        ("max_retries", ["maxRetries", "max-retries"], False),
        ("train-c", ["train-a", "train-b"], False),
        ("lr1", ["lr2"], False),
        ("min_samples_split", ["min_samples_leaf"], False),
        ("dependnecis", ["dependencies"], True),
        ("depndnecis", ["dependencies"], False),
        ("bucket", ["input-bucket"], False),
        ("trian", ["train", "train"], True),
    ],
)
def test_a_guess_is_sure_where_nothing_else_can_be_meant(word, words, sure):
    guess = near(word, words)

    assert guess is not None
    assert guess.sure is sure
