"""The words that checks, pages and texts share: numbers, durations, times, and making users' text harmless."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

TITLE = 60  # characters: what a list of checks shows without cutting
ROWS = 25  # of a table in a check; people do not read more there

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[@-Z\\-_])")
# Control characters, and the invisible ones that reorder or hide text.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    r"\u3164\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff\ud800-\udfff]"
)
# `$` begins mathematics on some forges; a line may begin a list, a heading or a quotation.
_MARKUP = re.compile(r"([\\`*\[\]<>|~&$]|(?<![^\W_])_|_(?![^\W_])|^[#+=-]|(?<=^\d)[.)]|(?<=^\d\d)[.)])")
_LINKED = re.compile(r"(@|#|://|www|GH-)(?=[\w./-])", re.IGNORECASE)
_LINK = re.compile(r"(?<!\\)\[([^\[\]]*)(?<!\\)\]\([^()\s]*\)")
_MARKED = re.compile(r"\\([\\`*\[\]<>|~&_#+$!.-])|\*\*|`")
_ZERO_WIDTH = "\u200b"


def plain(text: str) -> str:
    """Text without terminal escapes, control characters and characters nobody sees; tabs and newlines stay."""
    if text.isascii() and text.isprintable():  # nearly every line of a log
        return text
    return _UNSEEN.sub("", _ANSI.sub("", text.replace("\r\n", "\n")))


def line(text: str) -> str:
    """The same as one line."""
    return " ".join(plain(text).split())


def prose(text: str) -> str:
    """A user's words inside Markdown: no markup, no mention, no link, one line."""
    unlinked = _LINKED.sub(lambda found: found.group(1) + _ZERO_WIDTH, line(text))
    return _MARKUP.sub(r"\\\1", unlinked)


def code(text: str) -> str:
    """A user's name inside a Markdown code span, where nothing has a meaning; safe in a table's cell."""
    inner = line(text).replace("`", "'").replace("|", r"\|")
    return f"`{inner}`" if inner else "—"


def spoken(text: str) -> str:
    """One of our sentences in Markdown: what stands between its backticks is code, all else is said literally."""
    parts = text.split("`")
    return "".join(code(part) if index % 2 else _prose_part(part) for index, part in enumerate(parts))


def _prose_part(text: str) -> str:
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return (" " if before else "") + prose(text) + (" " if after and text.strip() else "")


def unmarked(text: str) -> str:
    """One of our lines of Markdown as plain words, for places that show none."""
    return line(_MARKED.sub(lambda found: found.group(1) or "", _LINK.sub(r"\1", text)))


def markup(text: str) -> str:
    """A user's words inside HTML that Markdown leaves alone."""
    from html import escape  # with a large table of entities, which a terminal does not need

    return escape(_LINKED.sub(lambda found: found.group(1) + _ZERO_WIDTH, line(text)))


def bold(text: str) -> str:
    """A user's name set in bold."""
    return f"**{prose(text)}**"


def fenced(text: str, language: str = "text") -> str:
    """A block of users' lines: the fence is longer than any in them."""
    inner = plain(text).rstrip("\n")
    longest = max((len(run) for run in re.findall(r"`+", inner)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{inner}\n{fence}"


def folded(title: str, body: str, items: int | None = None) -> str:
    """A part that opens on a click."""
    count = "" if items is None else f" ({items})"
    return f"<details><summary>{title}{count}</summary>\n\n{body}\n\n</details>"


def clip(text: str, limit: int) -> str:
    """At most `limit` characters; what is too long ends with an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def title(text: str) -> str:
    """A check's title: one line of at most TITLE characters."""
    return clip(line(text), TITLE)


def named_title(form: str, name: str) -> str:
    """A title around a user's name (`{}` in `form`): where it gets too long the name is cut, the fact stays."""
    room = TITLE - len(form) + len("{}")
    return title(form.replace("{}", clip(line(name), max(room, 8))))


def count(number: int, word: str, many: str = "") -> str:
    """`1 op`, `2 ops`, `4,812 ops`."""
    return f"{number:,} {word if number == 1 else many or word + 's'}"


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `12 m 3 s`, `3 h 5 m`, `2 d 4 h`."""
    if seconds < 0:
        seconds = 0.0
    if seconds < 9.95:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    whole = round(seconds)
    for size, unit, lower_size, lower in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "m"), (60, "m", 1, "s")):
        if whole >= size:
            rest = whole % size // lower_size
            return f"{whole // size} {unit} {rest} {lower}" if rest else f"{whole // size} {unit}"
    return f"{whole} s"


def when(at: float) -> str:
    """`2026-03-01 14:05:09 UTC`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def short(sha: str) -> str:
    """The first seven digits of a commit, or of an id."""
    return sha[:7]


def listed(names: Sequence[str], most: int = 3) -> str:
    """`a`, `a and b`, `a, b and 4 more`."""
    if len(names) > most:
        return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1] if names else "") if part)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], total: int | None = None, url: str = "") -> str:
    """A Markdown table of at most ROWS rows; cells are ready-made. What is left out of `total` is said above it."""
    number = len(rows) if total is None else total
    lines = [_row(head), "|" + " --- |" * len(head), *(_row(row) for row in rows[:ROWS])]
    if number > ROWS:
        more = f", all at {url}" if url else ""
        lines[:0] = [f"{ROWS} of {number:,} shown{more}", ""]
    return "\n".join(lines)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("\n", " ") for cell in cells) + " |"


def quoted(text: str) -> str:
    """Text as a part of an address's query."""
    return quote(text, safe="")
