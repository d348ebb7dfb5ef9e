"""The pieces that a template is made of, and the reading of those that only name something, as nearly all do.

All other templates are read in syntax.py, which is loaded for the first of them.
"""

from __future__ import annotations

import re

from reconciler.plan.expressions import Expression

Piece = str | tuple[Expression, int]  # a plain text, or an expression and its offset in the text

EXPRESSION_LIMIT = 4000  # characters of one expression
_NAME = re.compile(r"\{\{\s*([A-Za-z_]\w*(?:\.[A-Za-z_]\w*){0,7})\s*\}\}", re.ASCII)
_BEYOND = ("{%", "{#", "\r")  # statements, comments and line ends that the syntax has a say in
_WORDS = frozenset(("true", "false", "none", "True", "False", "None", "not", "and", "or", "in", "is", "if", "else"))


class TemplateError(ValueError):
    """A template that cannot be read or computed.

    `rule` is template-broken, template-not-allowed or template-unknown-name, `offset` counts characters of the
    text from 0, the message is a sentence.
    """

    def __init__(self, rule: str, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message
        self.offset = offset


def named_pieces(text: str) -> tuple[Piece, ...] | None:
    """The pieces of a text whose expressions are all names such as `{{ params.lr.value }}`; None for any other text."""
    if any(mark in text for mark in _BEYOND):
        return None
    pieces: list[Piece] = []
    end = 0
    for found in _NAME.finditer(text):
        before, names = text[end : found.start()], found[1].split(".")
        if "{{" in before + "{" or not _is_plain(names) or len(found[0]) > EXPRESSION_LIMIT:
            return None
        pieces += [before, (_named(names), found.start())] if before else [(_named(names), found.start())]
        end = found.end()
    if "{{" in text[end:]:
        return None
    return (*pieces, text[end:]) if text[end:] else tuple(pieces)


def _is_plain(names: list[str]) -> bool:
    return names[0] not in _WORDS and not any(name.startswith("__") for name in names)


def _named(names: list[str]) -> Expression:
    expression = Expression("name", names[0])
    for name in names[1:]:
        expression = Expression("item", None, (expression, Expression("literal", name)))
    return expression
