"""Near names: which of the known words somebody most likely meant. Wording the suggestion is the caller's business."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_CUTOFF: Final = 0.6  # below it, suggestions are more often wrong than right
_SURE: Final = 0.75  # from here on a word is nearly always a slip of the fingers
_CLEAR: Final = 0.08  # by as much the best must be better than the next one
_MANY: Final = 500  # with more words than this only a different spelling of the same word is looked for
_LONG: Final = 100  # characters


class Guess(str):
    """A known word that was most likely meant; `sure` where it is very near and no other known word is."""

    __slots__ = ("sure",)
    sure: bool

    def __new__(cls, word: str, sure: bool) -> Guess:
        made = super().__new__(cls, word)
        made.sure = sure
        return made


def near(word: str, words: Iterable[str]) -> Guess | None:
    """The word most like `word`, or None when none is like it. Ties go to the first."""
    known = list(dict.fromkeys(words))
    plain = _plain(word)
    same = [candidate for candidate in known if candidate != word and _plain(candidate) == plain]
    if same:
        return Guess(same[0], len(same) == 1)
    if len(known) > _MANY or len(word) > _LONG:
        return None
    return _most_like(word, plain, known)


def _most_like(word: str, plain: str, known: list[str]) -> Guess | None:
    from difflib import SequenceMatcher  # needed only where something is wrong

    matcher = SequenceMatcher()
    matcher.set_seq2(plain)
    best, best_ratio, next_ratio = None, _CUTOFF, 0.0
    for candidate in known:
        if candidate == word or len(candidate) > _LONG:
            continue
        matcher.set_seq1(_plain(candidate))
        floor = max(next_ratio, best_ratio - _CLEAR)
        if matcher.real_quick_ratio() <= floor or matcher.quick_ratio() <= floor or (ratio := matcher.ratio()) <= floor:
            continue
        if ratio > best_ratio:
            best, best_ratio, next_ratio = candidate, ratio, best_ratio if best is not None else 0.0
        else:
            next_ratio = ratio
    if best is None:
        return None
    clear = best_ratio - next_ratio >= _CLEAR and _digits(best) == _digits(word)
    return Guess(best, clear and best_ratio >= _SURE)


def _digits(word: str) -> str:
    """What tells `lr1` from `lr2`: such words are near and never slips."""
    return "".join(filter(str.isdigit, word))


def _plain(word: str) -> str:
    return word.casefold().replace("_", "").replace("-", "")
