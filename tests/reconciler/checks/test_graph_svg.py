"""Where boxes go and how they are drawn."""

import itertools
import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from reconciler.checks.graph_layout import layers, layout
from reconciler.checks.graph_svg import BOXES, Drawn, svg, sweeps
from reconciler.checks.ops import views
from tests.reconciler.checks.samples import CHURN, graph, op, plan, state

BOX = (100.0, 40.0)


@st.composite
def dags(draw):
    count = draw(st.integers(1, 30))
    pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)).filter(lambda pair: pair[0] < pair[1])
    edges = draw(st.lists(pairs, max_size=60, unique=True)) if count > 1 else []
    return count, edges


@given(dags())
def test_every_edge_points_to_the_right(dag):
    count, edges = dag
    places = layout([BOX] * count, edges).places

    assert all(places[source][0] + BOX[0] < places[target][0] for source, target in edges)


@given(dags())
def test_no_box_lies_upon_another(dag):
    count, edges = dag
    places = layout([BOX] * count, edges).places
    by_column = {}
    for x, y in places:
        by_column.setdefault(x, []).append(y)

    for tops in by_column.values():
        ordered = sorted(tops)
        assert all(below - above >= BOX[1] for above, below in itertools.pairwise(ordered))


@given(dags())
def test_everything_lies_inside_and_is_the_same_each_time(dag):
    count, edges = dag
    made = layout([BOX] * count, edges)

    assert made == layout([BOX] * count, edges)
    assert all(0 <= x <= made.width - BOX[0] and -1e-6 <= y <= made.height - BOX[1] + 1e-6 for x, y in made.places)


def test_layers_are_the_longest_ways():
    assert layers(4, [(0, 1), (1, 2), (0, 2), (2, 3)]) == [0, 1, 2, 3]


def test_boxes_say_status_by_glyph_word_and_class():
    states = (state("prepare", "succeeded"), state("train", "failed"), state("train[0]", "failed"))
    seen = views(CHURN, states)
    drawn = svg(CHURN.graph, Drawn({view.path: view for view in seen}, sweeps(seen)))

    assert ">✓<" in drawn
    assert "succeeded · 12 s" in drawn
    assert 'class="bad"' in drawn
    assert "failed · 1 of 1 · 1 ✗" in drawn


def test_a_change_of_status_moves_nothing():
    def places(states):
        seen = views(CHURN, states)
        root = ET.fromstring(svg(CHURN.graph, Drawn({view.path: view for view in seen}, sweeps(seen))))
        return [
            (rect.get("x"), rect.get("y"), rect.get("width")) for rect in root.iter("{http://www.w3.org/2000/svg}rect")
        ]

    assert places(()) == places(
        (state("prepare", "failed"), state("train[0]", "running"), state("train[1]", "running"))
    )


def test_a_page_gets_no_inline_style_and_a_file_brings_its_own():
    assert "style" not in svg(CHURN.graph)
    assert "<style>" in svg(CHURN.graph, standalone=True)
    ET.fromstring(svg(CHURN.graph, standalone=True))


def test_hostile_names_are_text():
    hostile = plan(op('</text><script>alert(1)</script>" onload="x'))
    drawn = svg(hostile.graph, Drawn(link=lambda path: f"?op={path}"))

    assert "<script" not in drawn
    assert 'onload="' not in drawn
    ET.fromstring(drawn)


def test_a_nested_dag_is_a_group_around_its_ops():
    nested = plan(op("a"), op("inner", "a", kind="dag", graph=graph(op("b"), op("c", "b"))), op("z", "inner"))
    drawn = svg(nested.graph)

    assert 'class="group"' in drawn
    assert "<title>inner.c" in drawn


def test_more_boxes_than_people_read_are_not_drawn_unasked():
    many = plan(*(op(f"op-{index}") for index in range(1_000)))

    assert svg(many.graph).count('class="name"') == BOXES + 1
    assert "600 more ops are not drawn." in svg(many.graph)
    assert svg(many.graph, Drawn(most=1_000)).count('class="name"') == 1_000
