"""Templates that only name something: read without the parser, and exactly as the parser reads them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.plan.pieces import TemplateError, named_pieces
from reconciler.plan.syntax import split

MARKS = ("{{", "}}", "{", "}", "{%", "%}", "{#", "#}", "{{ x }}", "{{params.lr.value}}", "-", "+", "|", "'", "#", "%")
BLANKS = (" ", "\n", "\r\n", "\r", "\t", "\f", "\x1f")
NAMES = ("x", "lr_2", "a.b", ".", "0", "é", "__a", "x.__b", "true", "False", "none", "None", "not", "and", "or", "in")
WORDS = st.sampled_from([*MARKS, *BLANKS, *NAMES, "is", "if", "else", "self", "loop", "caller", "set"])


@given(st.lists(WORDS, max_size=9).map("".join))
@example("{{{ x }}}")
@example("{ {{ x }} }")
@example("{{ x }}\n")
@example("{{ a . b }}")
@example("{{" + " " * 5000 + "x }}")
@example("{{ " + ".".join("abcdefghijkl") + " }}")
def test_a_text_of_names_is_read_as_the_parser_reads_it(text: str) -> None:
    pieces = named_pieces(text)

    assert pieces is None or pieces == tuple(split(text))


@pytest.mark.parametrize(
    "text", ["{{ rate }}", "--rate={{ params.rate.value }}", "{{a}}{{ b }}\n", "{{ globals.run_outputs_path }}/model"]
)
def test_the_commonest_templates_need_no_parser(text: str) -> None:
    assert named_pieces(text) == tuple(split(text))


@pytest.mark.parametrize("text", ["{{ x + 1 }}", "{{ x | int }}", "{{ x[0] }}", "{{ true }}", "{{ __x }}", "{{- x }}"])
def test_anything_else_is_left_to_the_parser(text: str) -> None:
    assert named_pieces(text) is None


def test_what_the_parser_refuses_is_never_read_without_it() -> None:
    for text in ("{{ x }", "{{ x }} {% if %}", "{{ a.__class__ }}", "{{ x }}{{"):
        with pytest.raises(TemplateError):
            tuple(split(text))
        assert named_pieces(text) is None


def test_judging_a_flow_whose_templates_only_name_something_loads_no_parser() -> None:
    code = (
        "import sys\n"
        "from reconciler.flows.parse import parse\n"
        "from reconciler.plan.judge import judge\n"
        "flow = b'name: f\\ninputs: [{name: x, value: 1}]\\n'"
        "b'run: {kind: job, container: {image: a, args: [\"{{ x }}\"]}}\\n'\n"
        "assert judge(parse(flow, 'f.yaml').flows[0], {}.get).findings == ()\n"
        "print('jinja2' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
