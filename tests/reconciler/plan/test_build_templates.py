"""Facts about names in templates: what can exist, and where a mistake is shown."""

from __future__ import annotations

import pytest


def job(text, inputs="[{name: lr, type: float, value: 1}, {name: input-bucket, type: str, value: b}]"):
    return f"""\
kind: component
name: f
inputs: {inputs}
outputs: [{{name: loss, type: float}}]
run:
  kind: job
  connections: [store]
  container:
    image: a
    args:
    - "{text}"
"""


@pytest.mark.parametrize(
    "text",
    [
        "{{ lr }}",
        "{{ loss }}",
        "{{ params.lr.value }} {{ params.lr.as_arg }} {{ params.as_args }}",
        "{{ params['input-bucket'].value }}",
        "{{ globals.uuid }} {{ globals.run_outputs_path }} {{ globals.commit }}",
        "{{ connections.store.bucket }} {{ connections[store].bucket }}",
        "{{ init.repo.url }}",
    ],
)
def test_what_can_exist_is_fine(built, text):
    assert built(job(text)).findings == ()


@pytest.mark.parametrize(
    ("text", "rule", "suggestion", "column"),
    [
        ("--lr={{ lrr }}", "template-unknown-name", "lr", 16),
        ("{{ params.l.value }}", "template-unknown-name", "lr", 18),
        ("{{ params.lr.as_argg }}", "template-unknown-name", "as_arg", 21),
        ("{{ globals.uid }}", "template-unknown-name", "uuid", 19),
        ("{{ input-bucket }}", "template-unknown-name", "params['input-bucket'].value", 11),
        ("{{ dag.inputs.x }}", "template-unknown-name", None, 11),
        ("{{ ops.a.outputs.x }}", "template-unknown-name", None, 11),
        ("{{ lr", "template-broken", None, 8),
        ("{{ lr.upper() }}", "template-not-allowed", None, 11),
    ],
)
def test_a_mistake_is_one_error_at_its_place(built, text, rule, suggestion, column):
    (found,) = built(job(text)).findings
    assert (found.rule, found.suggestion, found.span.line, found.span.column) == (rule, suggestion, 11, column)


def test_a_mistake_in_a_block_is_shown_on_its_line(built):
    text = """\
    kind: component
    name: f
    cmd: |
      echo one
      echo {{ nope }}
    container: {image: a}
    """
    (found,) = built(text).findings
    assert (found.rule, found.span.line) == ("template-unknown-name", 5)


def test_conditions_may_be_bare(built):
    assert built(job("x") + "conditions: lr > 1\n").findings == ()
    (found,) = built(job("x") + "conditions: lrr > 1\n").findings
    assert (found.rule, found.span.line) == ("template-unknown-name", 12)


def test_of_thousands_of_mistakes_no_more_are_told_than_people_read(built):
    lines = "".join(f"- echo {{{{ nope{number} }}}}\n" for number in range(3000))
    found = built("kind: component\nname: f\ncontainer: {image: a}\ncmd:\n" + lines).findings
    assert 100 < len(found) < 1000
    assert [one.span.line for one in found[:2]] == [5, 6]


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ('"--lr={{ lrr }} and more"', "lrr"),
        ("'it''s {{ lrr }} and more'", "lrr"),
        ('"\\"q\\" {{ lrr }}"', "lrr"),
        ('"{{ lr + lrr }} lrr"', "lrr"),
        ('"{{ globals.uid }} x"', "uid"),
        ('"{{ params.lr.as_argg }} x"', "as_argg"),
        ('"{{ input-bucket }} x"', "input-bucket"),
        ('"{{ ops.a.outputs.x }} x"', "ops.a.outputs.x"),
        ('"a {{ lr.upper() }} x"', "lr.upper()"),
        ('"a {% if lr %} x"', "{% if lr %}"),
        ('"a {{ lr"', "{{ lr"),
        ("|\n  one {{ lr }}\n  äé {{ lrr }} two\n  three", "lrr"),
        (">\n  one {{ lr }}\n  two {{ lrr }} two\n\n  three", "lrr"),
        ('"one\n  two {{ lrr }} two"', "lrr"),
    ],
)
def test_a_mistake_covers_its_word_and_no_more(built, written, word):
    text = "kind: component\nname: f\ninputs: [{name: lr, value: 1}, {name: input-bucket, value: b}]\n"
    text += f"run:\n  kind: job\n  container:\n    image: a\n    command: [a]\n    args:\n    - {written}\n"
    text = text.replace("\n  one", "\n      one").replace("\n  two", "\n      two").replace("\n  äé", "\n      äé")
    text = text.replace("\n  three", "\n      three")
    (found,) = built(text, {"flow.yaml": text}).findings
    span = found.span
    assert (span.line, text.splitlines()[span.line - 1][span.column - 1 : span.end_column - 1]) == (span.end_line, word)
