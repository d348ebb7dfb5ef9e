"""Facts about ops that can be planned and not be run yet."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("kind", ["notifier", "cleaner", "tuner"])
def test_other_kinds_are_planned_and_say_why_they_cannot_run(built, kind):
    result = built(f"name: n\nrun: {{kind: {kind}, container: {{image: a}}}}\n")
    assert [(one.rule, one.severity, one.span.line) for one in result.findings] == [("kind-unsupported", "warning", 2)]
    assert f"`{kind}` cannot be run yet" in result.plan.root.unsupported


def test_an_event_from_elsewhere_is_not_supported_yet(built):
    text = """\
    kind: operation
    name: f
    events: [{ref: connections.repo, kinds: [connection_git_commit]}]
    component: {run: {kind: job, container: {image: a}}}
    """
    assert "connections.repo" in built(text).plan.root.unsupported


def test_a_build_is_not_supported_yet_and_needs_no_image(built):
    text = """\
    kind: component
    name: f
    build: {hubRef: kaniko, connection: c}
    run: {kind: job, container: {command: [x]}}
    """
    assert "not built" in built(text).plan.root.unsupported
