"""Near names: which of the known words somebody most likely meant. Wording the suggestion is the caller's business."""

from __future__ import annotations

from collections.abc import Iterable

_CUTOFF = 0.6  # below it, suggestions are more often wrong than right
_MANY = 500  # with more words than this only a different spelling of the same word is looked for
_LONG = 100  # characters


def near(word: str, words: Iterable[str]) -> str | None:
    """The word most like `word`, or None when none is like it. Ties go to the first."""
    known = list(words)
    plain = _plain(word)
    for candidate in known:
        if candidate != word and _plain(candidate) == plain:
            return candidate
    if len(known) > _MANY or len(word) > _LONG:
        return None
    return _most_like(word, plain, known)


def _most_like(word: str, plain: str, known: list[str]) -> str | None:
    from difflib import SequenceMatcher  # needed only where something is wrong

    matcher = SequenceMatcher()
    matcher.set_seq2(plain)
    best, best_ratio = None, _CUTOFF
    for candidate in known:
        if candidate == word or len(candidate) > _LONG:
            continue
        matcher.set_seq1(_plain(candidate))
        if matcher.real_quick_ratio() > best_ratio and matcher.quick_ratio() > best_ratio:
            ratio = matcher.ratio()
            if ratio > best_ratio:
                best, best_ratio = candidate, ratio
    return best


def _plain(word: str) -> str:
    return word.casefold().replace("_", "").replace("-", "")
