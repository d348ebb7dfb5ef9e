"""Facts about dags: edges, cycles, what can never start, what a dag hands down."""

from __future__ import annotations

import pytest


def dag(ops, head=""):
    listed = "".join(f"  - {{{op}, run: {{kind: job, container: {{image: a}}}}}}\n" for op in ops)
    return f"kind: component\nname: f\n{head}run:\n  kind: dag\n  operations:\n{listed}"


def test_a_cycle_is_named_in_full_with_every_edge(built):
    result = built(
        dag(
            [
                "name: a, dependencies: [b]",
                "name: b, dependencies: [c]",
                "name: c, events: [{ref: ops.a, kinds: [run_status_running]}]",
                "name: d, dependencies: [a]",
            ]
        )
    )
    (found,) = result.findings
    assert found.rule == "dag-cycle"
    assert "a → b → c → a" in found.message
    assert [(span.line, text) for _, span, text in found.also] == [
        (6, "`a` waits for `b`."),
        (7, "`b` waits for `c`."),
        (8, "`c` waits for `a`."),
    ]


def test_an_op_that_waits_for_itself_is_a_cycle(built):
    (found,) = built(dag(["name: a, dependencies: [a]"])).findings
    assert "a → a" in found.message


def test_a_nested_dag_is_judged_as_well(built):
    text = """\
    kind: component
    name: f
    run:
      kind: dag
      operations:
      - name: nested
        component:
          name: inner
          run:
            kind: dag
            operations:
            - {name: a, dependencies: [b], run: {kind: job, container: {image: x}}}
            - {name: b, dependencies: [a], run: {kind: job, container: {}}}
    """
    found = built(text).findings
    assert [(one.rule, one.path) for one in found] == [
        ("dag-cycle", "f.ops.nested.ops.a"),
        ("image-missing", "f.ops.nested.ops.b"),
    ]


def test_an_unknown_dependency_names_the_near_op(built):
    (found,) = built(dag(["name: prepare", "name: b, dependencies: [prepar]"])).findings
    assert (found.rule, found.suggestion, found.span.line) == ("dependency-unknown", "prepare", 7)


def test_the_graph_is_compiled(built):
    graph = built(dag(["name: c, dependencies: [a, b]", "name: a", "name: b, dependencies: [a]"])).plan.graph
    assert graph.roots == (1,)
    assert [op.upstream for op in graph.ops] == [(1, 2), (), (1,)]
    assert [op.downstream for op in graph.ops] == [(), (0, 2), (0,)]
    assert [op.critical for op in graph.ops] == [1, 3, 2]


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("name: a", "trigger: all_failed", []),
        ("name: a, conditions: 'false'", "trigger: all_failed", ["op-unreachable"]),
        ("name: a, conditions: 'false'", "trigger: one_failed", ["op-unreachable"]),
        ("name: a, conditions: 'false'", "trigger: all_done", []),
        ("name: a, conditions: 'false'", "trigger: all_succeeded", []),
    ],
)
def test_an_op_that_nothing_can_start_is_an_error(built, first, second, found):
    result = built(dag([first, f"name: b, dependencies: [a], {second}"]))
    assert [one.rule for one in result.findings] == found


def test_events_become_edges_with_statuses(built):
    graph = built(
        dag(["name: a", "name: b, events: [{ref: ops.a, kinds: [run_status_running, run_status_done]}]"])
    ).plan.graph
    (event,) = graph.ops[1].events
    assert (event.op, event.statuses, graph.ops[1].upstream) == (0, ("running", "done"), (0,))


def test_joins_over_an_op_wait_for_it(built):
    graph = built(
        dag(
            [
                "name: a",
                "name: b, joins: [{ref: ops.a, query: 'status:succeeded', params: {losses: {value: outputs.loss}}}]",
            ]
        )
    ).plan.graph
    assert (graph.ops[1].joins[0].op, graph.ops[1].reads) == (0, (0,))
    assert (graph.ops[1].sources["losses"].kind, graph.ops[1].sources["losses"].field) == ("join", "outputs.loss")


def test_what_an_op_says_stands_above_its_dag_and_that_above_the_component(built):
    text = """\
    kind: component
    name: f
    termination: {maxRetries: 7, timeout: 60}
    queue: fast
    run:
      kind: dag
      environment: {nodeSelector: {c: dag, d: dag}}
      connections: [store]
      operations:
      - name: own
        dagRef: job
        termination: {maxRetries: 5}
        runPatch: {environment: {nodeSelector: {c: own}}}
      - name: plain
        dagRef: job
      components:
      - name: job
        termination: {maxRetries: 1, ttl: 9}
        run:
          kind: job
          environment: {nodeSelector: {c: component}}
          container: {image: a}
    """
    own, plain = built(text).plan.graph.ops
    assert (own.max_retries, own.timeout, own.ttl, own.queue) == (5, 60, 9, "fast")
    assert own.run["environment"]["nodeSelector"] == {"c": "own", "d": "dag"}
    assert plain.max_retries == 7
    assert plain.run["environment"]["nodeSelector"] == {"c": "dag", "d": "dag"}
    assert plain.run["connections"] == ["store"]


def test_a_build_on_a_dag_is_an_error(built):
    head = "build: {hubRef: kaniko, connection: c}\n"
    assert [found.rule for found in built(dag(["name: a"], head)).findings] == ["build-on-dag"]


def test_components_that_use_each_other_cannot_multiply_without_end(built, monkeypatch):
    monkeypatch.setattr("reconciler.plan.dags.OPS_LIMIT", 500)
    component = "  - name: c{0}\n    run: {{kind: dag, operations: [{1}]}}\n"
    levels = [
        component.format(level, ", ".join(f"{{name: o{op}, dagRef: c{level + 1}}}" for op in range(10)))
        for level in range(9)
    ]
    text = dag(["name: a"]) + "  - {name: top, dagRef: c0}\n  components:\n" + "".join(levels)
    result = built(text + "  - {name: c9, run: {kind: job, container: {image: a}}}\n")
    assert {found.rule for found in result.findings} == {"yaml-too-large"}


def test_a_chain_of_references_has_an_end(built):
    links = [
        f"  - {{name: c{number}, run: {{kind: dag, operations: [{{name: o, dagRef: c{number + 1}}}]}}}}\n"
        for number in range(300)
    ]
    text = dag(["name: a"]) + "  - {name: top, dagRef: c0}\n  components:\n" + "".join(links)
    result = built(text + "  - {name: c300, run: {kind: job, container: {image: a}}}\n")
    assert [found.rule for found in result.findings] == ["ref-not-allowed"]


def test_a_long_chain_is_no_deep_recursion(built):
    ops = [f"name: op{number}, dependencies: [op{number - 1}]" if number else "name: op0" for number in range(2000)]
    graph = built(dag(ops)).plan.graph
    assert graph.ops[0].critical == 2000
