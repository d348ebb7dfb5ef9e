"""The last resort for a text that is too long for its place: cut between characters, and said so."""

from __future__ import annotations

_FENCE, _OPEN, _CLOSE = "```", "<details>", "</details>"


def cut(text: str, limit: int, url: str = "") -> str:
    """At most `limit` bytes of UTF-8, and so of characters; what was open is closed, a last line tells of the rest."""
    clean = text.encode("utf-8", "replace").decode()
    if len(clean.encode()) <= limit:
        return clean
    more = f"_Cut here, all of it is at {url}_" if url else "_Cut here: the whole text is too long for this place._"
    room = limit - len(more.encode()) - 2 - _closing_room(clean)
    kept = cut_plain(clean, max(room, 0))
    if "\n" in kept:
        kept = kept[: kept.rindex("\n")]
    return f"{kept}{_closing(kept)}\n\n{more}"


def cut_plain(text: str, limit: int) -> str:
    """The beginning of a text, at most `limit` bytes of UTF-8, with no character in pieces."""
    return text.encode("utf-8", "replace")[:limit].decode("utf-8", "ignore")


def _closing(kept: str) -> str:
    """What ends an open block of code, and open folded parts."""
    opened = ""
    for one in kept.split("\n"):
        marks = len(one) - len(one.lstrip("`"))
        if marks >= len(_FENCE) and (not opened or (marks >= len(opened) and not one.strip("`"))):
            opened = "" if opened else "`" * marks
    folds = max(kept.count(_OPEN) - kept.count(_CLOSE), 0)
    return (f"\n{opened}" if opened else "") + f"\n\n{_CLOSE}" * folds


def _closing_room(text: str) -> int:
    longest = max((len(one) - len(one.lstrip("`")) for one in text.split("\n")), default=0)
    return longest + 1 + (len(_CLOSE) + 2) * min(text.count(_OPEN), 20)
