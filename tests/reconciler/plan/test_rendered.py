"""Data that rendering would leave as it is."""

import pytest

from reconciler.plan.rendered import is_rendered
from reconciler.plan.templates import render_data

PLAIN = [
    {},
    {"kind": "job", "container": {"image": "busybox", "command": ["sh", "-c"], "args": ["exit 0"]}},
    {"container": {"env": [{"name": "A", "value": "1"}, {"name": "B", "valueFrom": {"secretKeyRef": {"key": "k"}}}]}},
    {"ports": [8080, None, 1.5], "rewritePath": True, "init": [{"git": {"url": "https://git.example/a"}}]},
    {"container": {"args": ["awk '{print $1}'", "{#"]}},
]
RENDERED = [
    {"container": {"image": "{{ image }}"}},
    {"container": {"args": ["--lr={{ lr }}"]}},
    {"container": {"args": ["{% if a %}"]}},
    {"init": [{"git": {"url": "{{ url }}"}}]},
    {"container": {"args": [1]}},
    {"container": {"args": ["a", None]}},
    {"container": {"command": [["a", "b"]]}},
    {"container": {"env": [{"name": "A", "value": 1}]}},
    {"ports": [["{{ port }}"]]},
    {"ports": (1, 2)},
]


@pytest.mark.parametrize("section", PLAIN)
def test_what_is_rendered_stays_as_it_is_when_it_is_rendered(section):
    assert is_rendered(section)
    assert render_data(section, {}) == section


@pytest.mark.parametrize("section", RENDERED)
def test_templates_and_what_becomes_texts_are_still_to_be_rendered(section):
    assert not is_rendered(section)
