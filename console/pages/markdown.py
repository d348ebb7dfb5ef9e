"""Our own checks as HTML: the little Markdown that reconciler/checks writes. Whatever else stands there is text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from html import escape, unescape

_FENCE = re.compile(r"^(`{3,})\w*$")
_FOLD = re.compile(r"^<details><summary>(.*)</summary>$")
_CELL = re.compile(r"(?<!\\)\|")
_BAR = r"\|"  # in a table's cell
_ZERO_WIDTH = "\u200b"
_INLINE = re.compile(
    r"(?P<escaped>\\[\\`*\[\]<>|~&_#+-])"
    r"|`(?P<code>[^`\n]+)`"
    r"|\*\*(?P<bold>(?:\\.|[^*\\\n])+)\*\*"
    r"|\[(?P<text>(?:\\.|`[^`\n]*`|[^\]\\\n])+)\]\((?P<address>https?://[^\s()]+)\)"
)


def html_of(markdown: str) -> str:
    """The HTML of a check's summary or text; every character of it that we did not write as markup is escaped."""
    return "\n".join(_blocks(markdown.replace(_ZERO_WIDTH, "").split("\n")))


def _blocks(lines: Sequence[str]) -> Iterator[str]:
    at = 0
    while at < len(lines):
        line = lines[at]
        if fence := _FENCE.match(line):
            end = next((index for index in range(at + 1, len(lines)) if lines[index] == fence.group(1)), len(lines))
            yield f"<pre>{escape(chr(10).join(lines[at + 1 : end]))}</pre>"
            at = end + 1
        elif line.startswith("| "):
            end = _end(lines, at, lambda line: not line.startswith("| "))
            yield _table(lines[at:end])
            at = end
        elif fold := _FOLD.match(line):
            yield f"<p><strong>{escape(unescape(fold.group(1)))}</strong></p>"
            at += 1
        elif not line.strip() or line == "</details>":
            at += 1
        else:
            end = _end(lines, at, _ends_paragraph)
            yield f"<p>{'<br>'.join(_inline(line) for line in lines[at:end])}</p>"
            at = end


def _ends_paragraph(line: str) -> bool:
    return not line.strip() or line.startswith("| ") or bool(_FENCE.match(line)) or line == "</details>"


def _end(lines: Sequence[str], start: int, ends: Callable[[str], bool]) -> int:
    return next((index for index in range(start + 1, len(lines)) if ends(lines[index])), len(lines))


def _table(lines: Sequence[str]) -> str:
    head, *body = ([cell.strip() for cell in _CELL.split(line.strip())[1:-1]] for line in lines)
    body = body[1:] if body and all(set(cell) <= {"-"} for cell in body[0]) else body
    titles = "".join(f'<th scope="col">{_inline(cell)}</th>' for cell in head)
    rows = "".join(f"<tr>{''.join(f'<td>{_inline(cell)}</td>' for cell in row)}</tr>" for row in body)
    return f'<div class="scroll"><table><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table></div>'


def _inline(text: str) -> str:
    whole = text.strip()
    if len(whole) > 2 and whole.startswith("_") and whole.endswith("_") and not whole.endswith(r"\_"):
        return f"<em>{_spans(whole[1:-1])}</em>"
    return _spans(text)


def _spans(text: str) -> str:
    parts, at = [], 0
    for found in _INLINE.finditer(text):
        parts += [escape(text[at : found.start()]), _span(found)]
        at = found.end()
    return "".join([*parts, escape(text[at:])])


def _span(found: re.Match[str]) -> str:
    kind, inner = found.lastgroup, found.group(found.lastgroup or 0)
    if kind == "escaped":
        return escape(inner[1:])
    if kind == "code":
        return f"<code>{escape(inner.replace(_BAR, '|'))}</code>"
    if kind == "bold":
        return f"<strong>{_spans(inner)}</strong>"
    return f'<a href="{escape(found["address"])}" rel="noreferrer">{_spans(found["text"])}</a>'
