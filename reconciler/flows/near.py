"""Near names: which of the known words somebody most likely meant. Wording the suggestion is the caller's business."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_CUTOFF: Final = 0.6  # below it, suggestions are more often wrong than right
_SURE: Final = 0.75  # below it, even one slip of the fingers leaves too little of a short word
_CLEAR: Final = 0.08  # by as much the best must be better than the next one
_MANY: Final = 500  # with more words than this only a different spelling of the same word is looked for
_LONG: Final = 100  # characters
_LONGER: Final = 8  # characters in which two slips of the fingers still leave the word


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
    clear = best_ratio >= _SURE and best_ratio - next_ratio >= _CLEAR and _digits(best) == _digits(word)
    return Guess(best, clear and _slips(plain, _plain(best)) <= (1 if len(plain) < _LONGER else 2))


def _slips(word: str, meant: str) -> int:
    """How many letters were left out, put in, taken for another or typed in the wrong order."""
    before: list[int] = []
    row = list(range(len(meant) + 1))
    for i, letter in enumerate(word, 1):
        older, before, row = before, row, [i]
        for j, right in enumerate(meant, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != right))
            if i > 1 and j > 1 and letter == meant[j - 2] and word[i - 2] == right:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]


def _digits(word: str) -> str:
    """What tells `lr1` from `lr2`: such words are near and never slips."""
    return "".join(filter(str.isdigit, word))


def _plain(word: str) -> str:
    return word.casefold().replace("_", "").replace("-", "")
