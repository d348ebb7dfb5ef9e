"""Every way of writing a field that the language takes, beside the one it is understood as."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.flows.findings import Severity
from reconciler.flows.model import Operation
from reconciler.flows.parse import parse

JOB = "run: {kind: job, container: {image: i}}\n"


def read(text: str) -> Operation:
    """The operation of a flow without mistakes."""
    parsed = parse(text.encode(), "f.yaml")
    assert [found for found in parsed.findings if found.severity is Severity.ERROR] == []
    return parsed.flows[0].operation


def run_of(text: str) -> dict[str, Any]:
    component = read(text).component
    assert component is not None
    assert component.run is not None
    return {"kind": component.run.kind, **component.run.data}


@pytest.mark.parametrize(
    ("written", "tags"),
    [
        ("[a, b]", ("a", "b")),
        ("a, b", ("a", "b")),
        ("a", ("a",)),
        ("'a,,b,'", ("a", "b")),
        ("''", ()),
        ("'{{ t }}'", ("{{ t }}",)),
    ],
)
def test_tags_are_a_list_or_a_text_with_commas(written: str, tags: tuple[str, ...]) -> None:
    assert read(f"kind: operation\ntags: {written}\ncomponent: {{{JOB.strip()}}}\n").settings.tags == tags


@pytest.mark.parametrize("written", ["true", "yes", "on", "'true'", "'Yes'", "1", "'1'", "t", "Y"])
def test_a_flag_is_any_word_for_true(written: str) -> None:
    assert read(f"strictParams: {written}\n{JOB}").strict_params is True


@pytest.mark.parametrize("written", ["false", "no", "off", "'False'", "0", "'0'", "n", "F"])
def test_a_flag_is_any_word_for_false(written: str) -> None:
    assert read(f"strictParams: {written}\n{JOB}").strict_params is False


@pytest.mark.parametrize(("written", "cost"), [("1.5", 1.5), ("'1.5'", 1.5), ("2", 2), ("'{{ c }}'", "{{ c }}")])
def test_a_number_may_be_quoted(written: str, cost: Any) -> None:
    assert read(f"kind: operation\ncost: {written}\ncomponent: {{{JOB.strip()}}}\n").settings.cost == cost


@pytest.mark.parametrize(
    ("written", "amounts"),
    [
        ("{cpu: 1}", {"requests": {"cpu": "1"}}),
        ("{cpu: 500m..2}", {"requests": {"cpu": "500m"}, "limits": {"cpu": "2"}}),
        ("{memory: ..8Gi}", {"limits": {"memory": "8Gi"}}),
        ("{memory: 8Gi..}", {"requests": {"memory": "8Gi"}}),
        ("{gpu: 2}", {"requests": {"nvidia.com/gpu": "2"}, "limits": {"nvidia.com/gpu": "2"}}),
        ("{google.com/tpu: 1..2}", {"requests": {"google.com/tpu": "1"}, "limits": {"google.com/tpu": "2"}}),
    ],
)
def test_resources_are_amounts_or_ranges(written: str, amounts: dict[str, Any]) -> None:
    assert run_of(f"container: {{image: i}}\nresources: {written}\n")["container"]["resources"] == amounts


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("container: {image: i}", "job"),
        ("cmd: echo", "job"),
        ("init: [{connection: a}]", "job"),
        ("environment: {nodeName: n}", "job"),
        ("connections: [a]", "job"),
        ("sidecars: [{image: i}]", "job"),
        ("volumes: [{name: v}]", "job"),
        ("ports: [80]", "service"),
    ],
)
def test_any_shortcut_makes_a_run(written: str, kind: str) -> None:
    assert run_of(f"{written}\n")["kind"] == kind


@pytest.mark.parametrize(
    ("written", "start"),
    [
        ("2026-01-01", "2026-01-01T00:00:00"),
        ("2026-01-01 10:00", "2026-01-01T10:00:00"),
        ("2026-01-01T10:00:00Z", "2026-01-01T10:00:00+00:00"),
        ("1700000000", "2023-11-14T22:13:20"),
        ("'1700000000'", "2023-11-14T22:13:20"),
    ],
)
def test_a_moment_is_a_text_or_seconds_since_1970(written: str, start: str) -> None:
    schedule = read(f"schedule: {{kind: datetime, startAt: {written}}}\n{JOB}").schedule

    assert schedule is not None
    assert schedule.start_at == start


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("60", 60),
        ("1.5", 1.5),
        ("PT1H", 3600),
        ("P1W", 604_800),
        ("P1M", 2_592_000),
        ("1 day", 86_400),
        ("'1:00:00'", 3600),
    ],
)
def test_a_frequency_is_seconds_or_a_duration(written: str, seconds: float) -> None:
    schedule = read(f"schedule: {{kind: interval, frequency: {written}}}\n{JOB}").schedule

    assert schedule is not None
    assert schedule.frequency == seconds


@pytest.mark.parametrize(("written", "concurrency"), [("2", 2), ("'2'", 2), ("'{{ c }}'", "{{ c }}")])
def test_concurrency_may_be_quoted(written: str, concurrency: object) -> None:
    op = read(f"run: {{kind: dag, concurrency: {written}, operations: [{{name: a, {JOB.strip()}}}]}}\n")

    assert op.component is not None
    assert op.component.run is not None
    assert op.component.run.concurrency == concurrency
