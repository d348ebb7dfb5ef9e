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
        ("{{ lr.upper() }}", "template-not-allowed", None, 10),
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
