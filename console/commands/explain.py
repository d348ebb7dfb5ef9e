"""`headgate explain`: what a rule is about, why it is there, how to mend, accept or lower it."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator

import click

from console.failures import Failure
from console.options import FORMAT
from console.rule_pages import Example, RulePage, rule_page
from reconciler.flows.model import Json
from reconciler.flows.near import near
from reconciler.flows.rules import RULES, Rule, page

_WIDTH = 100


def _complete(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    return [name for name in RULES if name.startswith(begun)]


@click.command(epilog="Exit codes: 0 told, 2 there is no such rule.")
@click.argument("rule", required=False, shell_complete=_complete)
@FORMAT
def explain(rule: str | None, form: str) -> int:
    """Explain a rule: why it is there, examples, how to mend, accept or lower a finding.

    \b
    headgate explain param-undeclared
    headgate explain --format json

    Without a rule all of them are listed.
    """
    if rule is None:
        click.echo(_list() if form == "text" else _json({"rules": [_entry(one) for one in RULES.values()]}))
        return 0
    found = RULES.get(rule)
    if found is None:
        guess = near(rule, RULES)
        do = f"Did you mean `{guess}`?" if guess else "`headgate explain` lists the rules."
        raise Failure("rule-unknown", f"There is no rule `{rule}`.", do=do)
    told = rule_page(rule)
    click.echo("\n".join(_lines(found, told)) if form == "text" else _json(_document(found, told)))
    return 0


def _json(document: dict[str, Json]) -> str:
    return json.dumps({"version": 1, **document}, indent=2, ensure_ascii=False)


def _list() -> str:
    width = max(map(len, RULES))
    return "\n".join(f"{rule.name:<{width}}  {rule.severity:<7}  {rule.summary}" for rule in RULES.values())


def _entry(rule: Rule) -> dict[str, Json]:
    return {
        "rule": rule.name,
        "severity": str(rule.severity),
        "lowerable": rule.lowerable,
        "summary": rule.summary,
        "url": page(rule.name),
    }


def _document(rule: Rule, told: RulePage) -> dict[str, Json]:
    return {
        **_entry(rule),
        "why": told.why,
        "bad": _files(told.bad),
        "good": _files(told.good),
        "fix": told.fix,
        "accept": [*_ways_to_accept(rule)],
    }


def _files(example: Example) -> dict[str, Json]:
    return {"words": example.words, "files": [{"file": file, "text": text} for file, text in example.files]}


def _lines(rule: Rule, told: RulePage) -> Iterator[str]:
    yield f"{rule.name}: {rule.severity}"
    yield from ("", _filled(rule.summary), "", _filled(told.why))
    for title, example in (("Bad", told.bad), ("Good", told.good)):
        yield from ("", title)
        yield from ("", _filled(example.words, "  ")) if example.words else ()
        for _, text in example.files:
            yield from ("", textwrap.indent(text.rstrip("\n"), "    "))
    yield from ("", "Fix", "", _filled(told.fix, "  "))
    yield from ("", "Accept", "", *(_filled(way, "  ") for way in _ways_to_accept(rule)))
    yield from ("", f"See {page(rule.name)}")


def _filled(text: str, indent: str = "") -> str:
    """Paragraphs of a page in lines of a terminal."""
    paragraphs = (" ".join(one.split()) for one in text.split("\n\n"))
    made = (textwrap.fill(one, _WIDTH, initial_indent=indent, subsequent_indent=indent) for one in paragraphs)
    return "\n\n".join(made)


def _ways_to_accept(rule: Rule) -> Iterator[str]:
    """How a repository or file can live with findings of a rule."""
    if not rule.lowerable:
        yield "It can be neither accepted nor lowered: without it a file has no clear meaning."
        return
    if not rule.name.startswith("acceptance-"):
        yield f"At one place: `# headgate: accept {rule.name} (reason)` at the end of the line, or alone above it."
        yield f"In one file: `# headgate: accept-file {rule.name} (reason)` above its first key."
    yield f"In the repository: `severities: {{{rule.name}: notice}}` in .headgate.yaml, or another severity."
