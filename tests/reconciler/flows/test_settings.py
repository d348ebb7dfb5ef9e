"""The settings of a repository."""

from __future__ import annotations

import pytest

from reconciler.flows.findings import Severity
from reconciler.flows.settings import FlowSettings, RepositorySettings, parse_settings

TEXT = b"""
version: 1
flows: ["pipelines/**/*.yaml"]
settings:
  "**":
    onNewPlan: cancel
    priority: 1
    code: none
  pipelines/churn.yaml:
    startOn: [merge, pull_request]
    priority: 5
    code: [src/**, train.py]
  nightly: {onRemove: stop}
checks: {style: op, annotations: off}
severities: {param-undeclared: error, edge-implied: warning}
"""


def test_an_absent_file_means_the_defaults() -> None:
    assert parse_settings(None) == (RepositorySettings(), ())
    assert parse_settings(b"") == (RepositorySettings(), ())


def test_later_globs_override_earlier_ones_field_by_field() -> None:
    settings, findings = parse_settings(TEXT)

    assert findings == ()
    assert settings.for_flow("pipelines/churn.yaml", "churn") == FlowSettings(
        start_on=("merge", "pull_request"), on_new_plan="cancel", priority=5, code=("src/**", "train.py")
    )
    assert settings.for_flow("pipelines/other.yaml", "nightly") == FlowSettings(
        on_new_plan="cancel", priority=1, code=(), on_remove="stop"
    )


def test_checks_severities_and_flows_are_read() -> None:
    settings, _ = parse_settings(TEXT)

    assert settings.flow_globs == ("pipelines/**/*.yaml",)
    assert (settings.checks.style, settings.checks.annotations) == ("op", False)
    assert settings.severities == {"param-undeclared": Severity.ERROR, "edge-implied": Severity.WARNING}


def test_a_word_that_is_not_known_is_found_with_the_near_one() -> None:
    _, findings = parse_settings(b"settings:\n  flows/a.yaml: {onNewPlan: cancle, startsOn: merge}\n")

    assert [(one.rule, one.suggestion) for one in findings] == [
        ("value-not-allowed", "cancel"),
        ("field-unknown", "startOn"),
    ]


def test_only_rules_about_readable_files_can_be_lowered() -> None:
    _, findings = parse_settings(b"severities: {yaml-broken: notice, cron-invald: warning, cron-invalid: warning}\n")

    assert [(one.rule, one.suggestion) for one in findings] == [
        ("settings-invalid", None),
        ("settings-invalid", "cron-invalid"),
    ]


def test_broken_settings_are_found_and_never_raise() -> None:
    for data in (b"{", b"[1]", b"a: 1", b"\xff", b"flows: ['../x']", b"checks: 3", b"x: 1\n---\ny: 2"):
        settings, findings = parse_settings(data)
        assert isinstance(settings, RepositorySettings)
        assert findings, data


@pytest.mark.parametrize(
    "said",
    [
        "settings: {'*': {concurrency: '{{ 4 }}'}}",
        "settings: {'*': {priority: '{{ 4 }}'}}",
        "checks: {annotations: '{{ true }}'}",
    ],
)
def test_settings_are_said_plainly_as_no_run_fills_templates_in(said):
    assert [found.rule for found in parse_settings(said.encode())[1]] == ["template-not-allowed"]


def test_the_code_of_a_flow_is_asked_for_by_itself() -> None:
    settings, _ = parse_settings(TEXT)

    for path, name in (("pipelines/churn.yaml", "churn"), ("pipelines/other.yaml", "nightly"), ("a.yaml", "b")):
        assert settings.code_of(path, name) == settings.for_flow(path, name).code
    assert settings.code_of("pipelines/churn.yaml", "churn") == ("src/**", "train.py")
