"""Facts about templates."""

from __future__ import annotations

import pytest

from reconciler.plan.templates import (
    TemplateError,
    compile_condition,
    compile_template,
    evaluate_condition,
    render,
    render_data,
)

CONTEXT = {
    "params": {"lr": {"value": 0.1, "as_arg": "--lr=0.1"}, "off": {"as_arg": None}},
    "x": 3,
    "names": ["b", "a", "b"],
    "rows": [{"loss": 0.5}, {"loss": 0.25}],
    "none": None,
    "word": "Hello",
}


def value(text):
    return render(compile_template(text), CONTEXT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("{{ x }}", 3),
        (" {{ x }}\n", 3),
        ("--x={{ x }}", "--x=3"),
        ("{{ params.lr.value }}", 0.1),
        ("{{ params['lr'].value * 10 }}", 1.0),
        ("{{ params.lr.as_arg }} {{ x + 1 }}", "--lr=0.1 4"),
        ("[{{ nope }}]", "[]"),
        ("[{{ nope.deeper[0].yet }}]", "[]"),
        ("{{ nope | default('d') }}", "d"),
        ("{{ names | join(',') }}", "b,a,b"),
        ("{{ names | unique | sort | join }}", "ab"),
        ("{{ rows | map(attribute='loss') | min }}", 0.25),
        ("{{ rows | map(attribute='loss') | map('string') | join(' ') }}", "0.5 0.25"),
        ("{{ names | map_format('--n=%s') }}", ["--n=b", "--n=a", "--n=b"]),
        ("{{ word | upper }}{{ word | length }}", "HELLO5"),
        ("{{ 'big' if x > 2 else 'small' }}", "big"),
        ("{{ x in [1, 2, 3] and not none }}", True),
        ("{{ 2 ** 10 // 3 % 100 }}", 41),
        ("{{ rows | tojson }}", '[{"loss": 0.5}, {"loss": 0.25}]'),
        ("rows={{ rows }}", 'rows=[{"loss": 0.5}, {"loss": 0.25}]'),
        ("{{ '3.7' | int + '2' | int }}", 5),
        ("{{ 3.14159 | round(2) }}", 3.14),
        ("{{ names[1:] }}", ["a", "b"]),
        ("{{ {'a': x} }}", {"a": 3}),
        ("{{ nope is defined }}", False),
        ("a\n{{ x }}\n", "a\n3\n"),
        ("{{ 1 < x <= 3 }}", True),
        ("{# said aside #}{{ word }}!", "Hello!"),
    ],
)
def test_a_template_gives(text, expected):
    assert value(text) == expected


def test_names_are_paths_of_constant_attributes_and_items():
    template = compile_template("{{ ops.a.outputs['x'] }} {{ rows[x].loss }} {{ y | default(z) }}")
    assert set(template.names) == {("ops", "a", "outputs", "x"), ("rows",), ("x",), ("y",), ("z",)}


def test_a_text_without_expressions_is_static():
    assert compile_template("echo ok").is_static
    assert compile_template("echo ${#array[@]}").is_static
    assert not compile_template("echo {{ x }}").is_static


@pytest.mark.parametrize(
    ("text", "rule", "offset"),
    [
        ("ab {{ x", "template-broken", 3),
        ("ab {{ }}", "template-broken", 5),
        ("{{ x + }}", "template-broken", 2),
        ("{% for a in x %}{% endfor %}", "template-not-allowed", 0),
        ("n {% raw %}{{ x }}{% endraw %}", "template-not-allowed", 2),
        ("{{ x.upper() }}", "template-not-allowed", 2),
        ("{{ x.__class__ }}", "template-not-allowed", 2),
        ("{{ x['__class__'] }}", "template-not-allowed", 2),
        ("{{ __builtins__ }}", "template-not-allowed", 2),
        ("{{ range(10) }}", "template-not-allowed", 2),
        ("{{ x | attr('y') }}", "template-not-allowed", 2),
        ("{{ x | format(1) }}", "template-not-allowed", 2),
        ("{{ " + "(" * 900 + "x" + ")" * 900 + " }}", "template-broken", 2),
        ("{{ " + "x" * 5000 + " }}", "template-not-allowed", 2),
    ],
)
def test_what_cannot_be_allowed_is_refused_with_its_rule_and_place(text, rule, offset):
    with pytest.raises(TemplateError) as caught:
        compile_template(text)
    assert (caught.value.rule, caught.value.offset) == (rule, offset)


@pytest.mark.parametrize(
    "text",
    [
        "{{ 99999 ** 99999 }}",
        "{{ 'a' * 1000000000 }}",
        "{{ [1] * 1000000000 }}",
        "{{ '%99999999d' % 1 }}",
        "{{ big | replace('a', big) }}",
        "{{ [big, big, big] | string }}",
        "{{ names | join(big ~ big) }}",
        "{{ 5 | round(1000000000) }}",
        "{{ 1 / 0 }}",
        "{{ x < word }}",
        "{{ rows + 1 }}",
        "{{ rows | map('map', 'map') }}",
        "{{ 1.5 ** 99999999 }}",
        "{{ (0 - 8) ** 0.5 < 1 }}",
    ],
)
def test_what_grows_or_does_not_fit_ends_in_an_error(text):
    with pytest.raises(TemplateError) as caught:
        render(compile_template(text), {**CONTEXT, "big": "a" * 500_000})
    assert caught.value.rule == "template-broken"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x == 3", True),
        ("{{ x == 3 }}", True),
        ("{{ x }} ", True),
        ("x > 5 or none", False),
        ("{{ nope }}", False),
        ("false", False),
        ("true", True),
        ("{{ 'no' }}", False),
        ("'a' in names", True),
        ("t{{ 'rue' }}", True),
    ],
)
def test_a_condition_is(text, expected):
    assert evaluate_condition(text, CONTEXT) is expected


def test_a_condition_that_gives_a_word_is_an_error():
    with pytest.raises(TemplateError):
        evaluate_condition("{{ word }}", CONTEXT)


def test_a_bare_condition_has_names():
    assert compile_condition("ops.a.outputs.x > y").names == (("ops", "a", "outputs", "x"), ("y",))


def test_render_data_keeps_types_and_makes_arguments_of_args():
    data = {
        "container": {
            "args": [
                "{{ params.lr.as_arg }}",
                "{{ none }}",
                "{{ params.off.as_arg }}",
                "{{ names }}",
                "{{ x }}",
                "",
            ],
            "env": [{"name": "X", "value": "{{ x }}"}],
        },
        "replicas": "{{ x }}",
        "parallel": 2,
    }
    assert render_data(data, CONTEXT) == {
        "container": {
            "args": ["--lr=0.1", "b", "a", "b", "3", ""],
            "env": [{"name": "X", "value": "3"}],
        },
        "replicas": 3,
        "parallel": 2,
    }


def test_the_offset_of_a_name_is_where_it_stands():
    template = compile_template("--a={{ x }} --b={{ nope.y }}")
    assert template.offset_of(("nope", "y")) == 19


def test_a_misspelt_filter_is_told_the_one_it_is_near_to():
    with pytest.raises(TemplateError, match="no filter `uper`; did you mean `upper`"):
        compile_template("{{ x | uper }}")
    with pytest.raises(TemplateError, match="no filter `bake`; known are abs, "):
        compile_template("{{ x | bake }}")
