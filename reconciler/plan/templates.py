"""Templates: texts with `{{ expressions }}` over plain data, their names and values; conditions; run sections.

How they are written is in pieces.py and syntax.py, how expressions are computed in expressions.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from reconciler.flows.literals import FALSE_WORDS, TRUE_WORDS
from reconciler.flows.model import Json
from reconciler.plan.expressions import Expression, Path, Walk, names
from reconciler.plan.filters import SIZE_LIMIT, FilterError, as_text, bounded, plain
from reconciler.plan.pieces import Piece, TemplateError, named_pieces

__all__ = [
    "Template",
    "TemplateError",
    "compile_condition",
    "compile_template",
    "evaluate_condition",
    "render",
    "render_data",
    "templates_in",
]

_LONGEST = 1 << 18  # characters; going through more takes seconds
_KEPT = 4_096  # characters of a text whose parts are kept
_FALSE = FALSE_WORDS | {"", "none"}  # what an absent value renders to


@dataclass(frozen=True, slots=True)
class Template:
    """A text read once. `pieces` are plain texts and (expression, its offset) in order; `starts` says for every name
    that is used where the first expression with it stands; `single` is the expression, where the text is one."""

    text: str
    pieces: tuple[Piece, ...]
    starts: Mapping[Path, int] = field(default_factory=dict)
    is_static: bool = True  # holds no expression
    single: Expression | None = None

    @property
    def names(self) -> tuple[Path, ...]:
        """The paths that its expressions use, such as `("params", "lr", "value")`, each once."""
        return tuple(self.starts)

    def offset_of(self, path: Path, word: str | None = None) -> int:
        """Where a name of the template, or another word of its expression, stands in the text."""
        start = self.starts.get(path, 0)
        found = re.search(rf"(?<![\w.'\"]){re.escape(str(path[0]))}(?!\w)", self.text[start:])
        start += found.start() if found and word is None else 0
        found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", self.text[start:]) if word else None
        return start + (found.start() if found else 0)

    def expression_text(self, path: Path) -> str:
        """The text of the expression that uses a name."""
        start = self.starts.get(path, 0)
        end = self.text.find("}}", start)
        return self.text[start : end if end >= 0 else None]


def compile_template(text: str) -> Template:
    """The template that `text` is. Raises TemplateError (template-broken, template-not-allowed)."""
    if not _holds_template(text):
        return Template(text, (text,))
    return _compiled(text) if len(text) <= _KEPT else _compile(text)  # thousands of long ones would fill the memory


def compile_condition(text: str) -> Template:
    """A condition, with or without braces: `x == 3` means `{{ x == 3 }}`. Raises TemplateError."""
    return compile_template(text) if _holds_template(text) else _compile_bare(text)


def render(template: Template, context: Mapping[str, Json]) -> Json:
    """The value of a text that is one expression, else the filled text. What is missing renders empty.

    Raises TemplateError (template-broken) where an expression cannot be computed.
    """
    if template.is_static:
        return template.text
    if template.single is not None:
        return plain(_value(template, template.single, 0, context))
    filled = [
        piece if isinstance(piece, str) else as_text(_value(template, *piece, context)) for piece in template.pieces
    ]
    if sum(map(len, filled)) > SIZE_LIMIT:
        raise TemplateError("template-broken", "The rendered text is too large; shorten what it holds.")
    return "".join(filled)


def evaluate_condition(text: str, context: Mapping[str, Json]) -> bool:
    """Whether a condition holds: a bare expression, or a text that renders to a word for true or false.

    Raises TemplateError.
    """
    value = render(compile_condition(text), context)
    word = value.strip().lower() if isinstance(value, str) else None
    if word in TRUE_WORDS:
        return True
    if word in _FALSE:
        return False
    if word is not None:
        raise TemplateError(
            "template-broken", f"The condition gives {word[:40]!r}; compare it, so that it is true or false."
        )
    return bool(value)


def render_data(data: Json, context: Mapping[str, Json]) -> Json:
    """Every text in `data` rendered. Raises TemplateError.

    Items of `command` and `args` become texts: lists are spliced, None is dropped; so do the values of `env`.
    """
    if isinstance(data, str):
        return render(compile_template(data), context) if _holds_template(data) else data
    if isinstance(data, (list, tuple)):
        return [render_data(item, context) for item in data]
    if isinstance(data, (dict, Mapping)):  # a dict is asked for first, as what is abstract takes longer to tell
        return {
            key: value if type(value) is str and "{" not in value else _render_field(key, value, context)
            for key, value in data.items()
        }
    return data


def templates_in(data: Json) -> list[str]:
    """Every text in `data` that holds a template, in order."""
    found: list[str] = []
    _collect((data,), found)
    return found


def _collect(items: Iterable[Json], found: list[str]) -> None:
    for item in items:
        kind = type(item)
        if kind is str:
            if _holds_template(item):
                found.append(item)
        elif kind is dict:
            _collect(item.values(), found)
        elif kind is list or kind is tuple:
            _collect(item, found)


def _holds_template(text: str) -> bool:
    """Comments alone make no template: `{#` stands in shell scripts as well."""
    return "{{" in text or "{%" in text


def _render_field(key: str, value: Json, context: Mapping[str, Json]) -> Json:
    if value is None or isinstance(value, (str, dict)):
        return value if value is None else render_data(value, context)
    if key in ("command", "args") and isinstance(value, (list, tuple)):
        return _render_arguments(value, context)
    rendered = render_data(value, context)
    if key == "env" and isinstance(rendered, list):
        return [_variable(item) for item in rendered]
    return rendered


def _render_arguments(items: Iterable[Json], context: Mapping[str, Json]) -> list[str]:
    texts: list[str] = []
    for item in items:
        if isinstance(item, str) and not _holds_template(item):
            texts.append(item)
        else:
            texts += _arguments(render_data(item, context))
    return texts


def _arguments(item: Json) -> list[str]:
    parts = item if isinstance(item, list) else [item]
    return [as_text(part) for part in parts if part is not None]


def _variable(item: Json) -> Json:
    if isinstance(item, dict) and "value" in item:
        return {**item, "value": as_text(item["value"])}
    return item


def _value(template: Template, expression: Expression, offset: int, context: Mapping[str, Json]) -> Any:
    try:
        return bounded(Walk(context).value(expression))
    except (FilterError, TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
        message = f"`{template.text.strip()[:80]}` cannot be computed: {_reason(error)}."
        raise TemplateError("template-broken", message, offset) from error


def _reason(error: Exception) -> str:
    if isinstance(error, ZeroDivisionError):
        return "it divides by zero"
    return str(error).rstrip(".") if isinstance(error, FilterError) else "its values do not fit together"


def _compile(text: str) -> Template:
    if len(text) > _LONGEST:
        raise TemplateError("template-not-allowed", f"Keep a text with templates below {_LONGEST} characters.", 0)
    pieces = named_pieces(text)
    if pieces is None:
        from reconciler.plan.syntax import split  # loads a parser that few files need

        pieces = tuple(split(text.replace("\r\n", "\n")))
    return _template(text, pieces)


_compiled = lru_cache(maxsize=4096)(_compile)


@lru_cache(maxsize=1024)
def _compile_bare(text: str) -> Template:
    from reconciler.plan.syntax import read

    return _template(text, ((read(text, 0), 0),))


def _template(text: str, pieces: tuple[Piece, ...]) -> Template:
    said = [piece for piece in pieces if not isinstance(piece, str) or piece.strip()]
    single = said[0][0] if len(said) == 1 and isinstance(said[0], tuple) else None
    return Template(text, pieces, _starts(pieces), not any(isinstance(piece, tuple) for piece in pieces), single)


def _starts(pieces: Iterable[Piece]) -> dict[Path, int]:
    starts: dict[Path, int] = {}
    for piece in pieces:
        if isinstance(piece, tuple):
            for path in names(piece[0]):
                starts.setdefault(path, piece[1])
    return starts
