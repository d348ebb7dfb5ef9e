"""Templates to HTML: the pages' use of Jinja2, everything escaped. What is shown is not decided here."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from reconciler.checks import words
from reconciler.checks.glyphs import Look, look
from reconciler.engine.model import Status

_ENVIRONMENT = Environment(
    loader=PackageLoader("console.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Html(str):
    """Markup that our own code made and escaped: templates take it as it is."""

    __slots__ = ()

    def __html__(self) -> str:
        return self


def _spoken(text: str) -> Html:
    """One of our sentences: what stands between backticks is code."""
    parts = [escape(part) for part in words.plain(text).split("`")]
    return Html("".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts)))


def _look(status: str) -> Look:
    return look(Status(status))


_ENVIRONMENT.filters.update(
    duration=words.duration,
    line=words.line,
    look=_look,
    short=words.short,
    spoken=_spoken,
    urlpart=words.quoted,
    when=words.when,
)


def render(template: str, values: Mapping[str, Any]) -> str:
    """The template filled with values; a value that is missing is an error, never a gap."""
    return _ENVIRONMENT.get_template(template).render(values)
