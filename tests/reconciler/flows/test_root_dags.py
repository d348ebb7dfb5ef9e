"""Facts about `ops` and `components` of a document that become its `run`."""

from __future__ import annotations

import pytest

from reconciler.flows.edits import Source, edited
from reconciler.flows.parse import parse
from reconciler.flows.root_dags import moved

PARTS = "components:\n- name: c\n  run: {kind: job, container: {image: a}}\n"


def run_of(text: str) -> str | None:
    """The text once its first root dag is moved, which must mean the same; None where it is left as it is."""
    before = parse(text.encode(), "a.yaml")
    (spelling,) = [one for one in before.spellings if one.form == "root-dag"]
    edits = moved(Source(text), spelling.node)
    if edits is None:
        return None
    after = edited(text, edits)
    assert parse(after.encode(), "a.yaml").flows == before.flows
    return after


def test_both_sections_move_to_the_right_with_comments_and_blank_lines():
    text = f"""\
name: f
# The work.
ops:  # two of them
# First.
- name: a  # one
  dagRef: c

# Between.
{PARTS}  # Still of the components.
# Of what follows.
queue: q
"""
    assert (
        run_of(text)
        == """\
name: f
# The work.
run:
  kind: dag
  operations:  # two of them
  # First.
  - name: a  # one
    dagRef: c

  # Between.
  components:
  - name: c
    run: {kind: job, container: {image: a}}
    # Still of the components.
# Of what follows.
queue: q
"""
    )


def test_the_order_of_the_sections_stays():
    moved_text = run_of(f"name: f\n{PARTS}ops: [{{name: a, dagRef: c}}]")

    assert moved_text is not None
    assert moved_text.startswith("name: f\nrun:\n  kind: dag\n  components:\n  - name: c\n")
    assert moved_text.endswith("\n  operations: [{name: a, dagRef: c}]")


def test_block_texts_keep_what_they_say():
    text = f"""\
name: f
ops:
- name: a
  dagRef: c
  description: |
    # not a comment
      deeper

    last
{PARTS}  description: >2-
      folded
"""
    assert run_of(text) is not None


def test_line_breaks_stay_those_of_the_file():
    text = f"name: f\nops:\n- {{name: a, dagRef: c}}\n{PARTS}".replace("\n", "\r\n")
    after = run_of(text)

    assert after is not None
    assert "\n" not in after.replace("\r\n", "")


def test_a_document_ends_where_the_next_one_begins():
    text = (
        f"name: f\n{PARTS}ops:\n- {{name: a, dagRef: c}}\n---\nname: g\nrun: {{kind: job, container: {{image: a}}}}\n"
    )
    after = run_of(text)

    assert after is not None
    assert "\n---\nname: g\nrun: {kind" in after


def test_the_component_of_an_operation_is_moved_within_it():
    text = """\
kind: operation
name: f
component:
  ops:
  - {name: a, component: {run: {kind: job, container: {image: a}}}}
queue: q
"""
    after = run_of(text)

    assert after is not None
    assert "component:\n  run:\n    kind: dag\n    operations:\n    - {name: a" in after


@pytest.mark.parametrize(
    "text",
    [
        "{name: f, ops: [{name: a, component: {run: {kind: job, container: {image: a}}}}]}\n",
        f"ops: [{{name: a, dagRef: c}}]\nname: f\n{PARTS}",
        "name: f\n? ops\n: - {name: a, component: {run: {kind: job, container: {image: a}}}}\n",
    ],
)
def test_what_takes_more_than_moving_lines_is_left_alone(text: str):
    assert run_of(text) is None
