"""The syntax of templates: a text to plain pieces and expressions. The one home of Jinja's lexer and parser.

Nothing of Jinja is executed: its syntax tree is turned into the small language of expressions.py, node type by
node type, and whatever has no place there is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jinja2 import Environment, TemplateSyntaxError, nodes

from reconciler.plan.expressions import Expression
from reconciler.plan.filters import FILTERS, TESTS
from reconciler.plan.pieces import EXPRESSION_LIMIT, Piece, TemplateError
from reconciler.plan.suggestions import near, said

_JINJA = Environment(keep_trailing_newline=True, autoescape=False)  # noqa: S701 - parses only, renders nothing


def split(text: str) -> Iterator[Piece]:
    """The pieces of a text in order. Raises TemplateError (template-broken, template-not-allowed)."""
    offset = start = 0
    begin = None
    for _, kind, value in _tokens(text):
        offset = text.find(value, offset)
        if kind in ("block_begin", "raw_begin"):
            raise TemplateError(
                "template-not-allowed", "Statements (`{% … %}`) are not allowed; use an expression.", offset
            )
        if kind == "variable_begin":
            begin, start = offset, offset + len(value)
        elif kind == "variable_end" and begin is not None:
            yield read(text[start:offset], start), begin
            begin = None
        elif kind == "data":
            yield value
        offset += len(value)
    if begin is not None:
        raise TemplateError("template-broken", "The expression is not closed; add `}}`.", begin)


def _tokens(text: str) -> list[tuple[int, str, str]]:
    try:
        return list(_JINJA.lex(text))
    except TemplateSyntaxError as error:
        raise _broken(error, _line_offset(text, error.lineno)) from error


def _line_offset(text: str, line: int) -> int:
    return sum(len(part) + 1 for part in text.split("\n")[: line - 1])


def _broken(error: TemplateSyntaxError, offset: int) -> TemplateError:
    message = (error.message or "bad syntax").rstrip(".").replace("'end of print statement'", "`}}`")
    return TemplateError("template-broken", f"The template cannot be read: {message}.", offset)


def read(source: str, offset: int) -> Expression:
    """The expression between two braces, `source` standing at `offset` of its text."""
    if len(source) > EXPRESSION_LIMIT:
        raise TemplateError("template-not-allowed", f"Keep an expression below {EXPRESSION_LIMIT} characters.", offset)
    try:
        tree = _JINJA.parse("{{" + source + "}}")
        return _lower(_only_expression(tree, offset), offset)
    except TemplateSyntaxError as error:
        raise _broken(error, offset) from error
    except (RecursionError, ValueError) as error:
        if isinstance(error, TemplateError):
            raise
        raise TemplateError(
            "template-broken", "The expression is nested too deeply or not readable.", offset
        ) from error


def _only_expression(tree: nodes.Template, offset: int) -> nodes.Expr:
    outputs = [node for part in tree.body if isinstance(part, nodes.Output) for node in part.nodes]
    if len(outputs) != 1 or len(tree.body) != 1 or isinstance(outputs[0], nodes.TemplateData):
        raise TemplateError("template-broken", "Write one expression between `{{` and `}}`.", offset)
    return outputs[0]


def _lower(node: nodes.Node, offset: int) -> Expression:
    lower = _LOWER.get(type(node))
    if lower is None:
        word = _REFUSED.get(type(node).__name__, "This form of expression is")
        raise TemplateError(
            "template-not-allowed",
            f"{word} not allowed in a template; use names, operators and filters.",
            offset,
        )
    return lower(node, offset)


def _many(parts: list[Any], offset: int) -> tuple[Expression, ...]:
    return tuple(_lower(part, offset) for part in parts)


def _lower_name(node: nodes.Name, offset: int) -> Expression:
    return Expression("name", _public(node.name, offset))


def _public(name: Any, offset: int) -> Any:
    if isinstance(name, str) and name.startswith("__"):
        raise TemplateError(
            "template-not-allowed",
            f"`{name}` is not allowed: names with two underscores are private.",
            offset,
        )
    return name


def _lower_attribute(node: nodes.Getattr, offset: int) -> Expression:
    return Expression("item", None, (_lower(node.node, offset), Expression("literal", _public(node.attr, offset))))


def _lower_item(node: nodes.Getitem, offset: int) -> Expression:
    value = _lower(node.node, offset)
    if isinstance(node.arg, nodes.Slice):
        bounds = (node.arg.start, node.arg.stop, node.arg.step)
        none = Expression("literal", None)
        return Expression("slice", None, (value, *(none if part is None else _lower(part, offset) for part in bounds)))
    key = _lower(node.arg, offset)
    _public(key.word if key.kind == "literal" else None, offset)
    return Expression("item", None, (value, key))


def _lower_mapping(node: nodes.Dict, offset: int) -> Expression:
    return Expression("mapping", None, _many([part for pair in node.items for part in (pair.key, pair.value)], offset))


def _lower_compare(node: nodes.Compare, offset: int) -> Expression:
    parts = _many([node.expr, *(operand.expr for operand in node.ops)], offset)
    return Expression("compare", tuple(operand.op for operand in node.ops), parts)


def _lower_choice(node: nodes.CondExpr, offset: int) -> Expression:
    return Expression("choice", None, _many([node.test, node.expr1, node.expr2 or nodes.Const(None)], offset))


def _lower_filter(node: Any, offset: int) -> Expression:
    kind, known = ("filter", FILTERS) if isinstance(node, nodes.Filter) else ("test", TESTS)
    if node.name not in known:
        end = said(near(node.name, known), f"known are {', '.join(sorted(known))}.")
        raise TemplateError("template-not-allowed", f"There is no {kind} `{node.name}`; {end}", offset)
    if node.node is None or node.dyn_args or node.dyn_kwargs:
        raise TemplateError("template-not-allowed", f"Give the {kind} `{node.name}` plain arguments.", offset)
    named = tuple((keyword.key, _lower(keyword.value, offset)) for keyword in node.kwargs)
    return Expression(kind, node.name, _many([node.node, *node.args], offset), named)


def _operator(kind: str, word: str | None = None) -> Callable[[Any, int], Expression]:
    """Lower a node whose operands are `left` and `right`, or `node` alone."""

    def lower(node: Any, offset: int) -> Expression:
        operands = [node.node] if isinstance(node, nodes.UnaryExpr) else [node.left, node.right]
        return Expression(kind, word, _many(operands, offset))

    return lower


_REFUSED = {"Call": "Calls are"}

_LOWER: Mapping[type[nodes.Node], Callable[[Any, int], Expression]] = {
    nodes.Name: _lower_name,
    nodes.Const: lambda node, offset: Expression("literal", node.value),
    nodes.TemplateData: lambda node, offset: Expression("literal", node.data),
    nodes.List: lambda node, offset: Expression("list", None, _many(node.items, offset)),
    nodes.Tuple: lambda node, offset: Expression("list", None, _many(node.items, offset)),
    nodes.Dict: _lower_mapping,
    nodes.Getattr: _lower_attribute,
    nodes.Getitem: _lower_item,
    nodes.Compare: _lower_compare,
    nodes.CondExpr: _lower_choice,
    nodes.Concat: lambda node, offset: Expression("concat", None, _many(node.nodes, offset)),
    nodes.Filter: _lower_filter,
    nodes.Test: _lower_filter,
    nodes.And: _operator("and"),
    nodes.Or: _operator("or"),
    nodes.Not: _operator("not"),
    nodes.Add: _operator("arithmetic", "+"),
    nodes.Sub: _operator("arithmetic", "-"),
    nodes.Mul: _operator("arithmetic", "*"),
    nodes.Div: _operator("arithmetic", "/"),
    nodes.FloorDiv: _operator("arithmetic", "//"),
    nodes.Mod: _operator("arithmetic", "%"),
    nodes.Pow: _operator("arithmetic", "**"),
    nodes.Neg: _operator("arithmetic", "neg"),
    nodes.Pos: _operator("arithmetic", "pos"),
}
