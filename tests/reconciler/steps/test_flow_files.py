"""Flows at a revision: what their digests depend on, and what becomes of mistakes and severities."""

import pytest

from reconciler.flows.findings import Severity
from reconciler.steps.flow_files import Revision, load
from tests.reconciler.steps.test_discover import COMPONENT, USER, flow


def test_a_flow_is_loaded_with_its_plan_code_and_references(repository, source):
    sha = repository.commit({"flows/user.yaml": USER, "lib/trainer.yaml": COMPONENT})

    loaded = load(source, "demo", sha, "flows/user.yaml", "user")

    assert loaded.plan is not None
    assert loaded.plan.code
    assert (loaded.references, loaded.unbound, loaded.errors) == (("lib/trainer.yaml",), (), ())


def test_what_is_not_there_is_none(repository, source):
    sha = repository.commit({"flows/a.yaml": flow("a"), "flows/broken.yaml": "a: ["})

    assert load(source, "demo", sha, "flows/a.yaml", "other") is None
    assert load(source, "demo", sha, "flows/absent.yaml", "a") is None
    assert load(source, "demo", sha, "flows/broken.yaml", "broken") is None


def test_the_digest_is_told_without_reading_a_file(repository, source):
    sha = repository.commit({"flows/user.yaml": USER, "lib/trainer.yaml": COMPONENT})
    loaded = load(source, "demo", sha, "flows/user.yaml", "user")

    assert Revision(source, "demo", sha).declared("flows/user.yaml", "user", loaded.references) == loaded.declared


@pytest.mark.parametrize(
    ("files", "changes"),
    [
        ({"flows/user.yaml": USER.replace("0.1", "0.2")}, True),
        ({"lib/trainer.yaml": COMPONENT + "# note\n"}, True),
        ({"train.py": "1"}, True),
        ({".headgate.yaml": "settings: {user: {onNewPlan: cancel}}\n"}, True),
        ({".headgate.yaml": "settings: {other: {onNewPlan: cancel}}\n"}, False),
        ({"README.md": "words", "docs/a.txt": "x", "hub/x.yaml": COMPONENT, "flows/b.yaml": flow("b")}, False),
    ],
)
def test_the_digest_changes_with_all_that_the_plan_depends_on(repository, source, files, changes):
    before = repository.commit({"flows/user.yaml": USER, "lib/trainer.yaml": COMPONENT})
    after = repository.commit(files)

    digests = [load(source, "demo", sha, "flows/user.yaml", "user").declared for sha in (before, after)]

    assert (digests[0] != digests[1]) is changes


def test_without_code_only_the_plan_counts(repository, source):
    sha = repository.commit({"flows/a.yaml": flow("a"), ".headgate.yaml": "settings: {a: {code: none}}\n"})

    assert load(source, "demo", sha, "flows/a.yaml", "a").plan.code == ""


def test_an_error_leaves_no_plan_and_stands_on_its_line(repository, source):
    sha = repository.commit({"flows/user.yaml": USER.replace("trainer.yaml", "nothing.yaml")})

    loaded = load(source, "demo", sha, "flows/user.yaml", "user")

    assert loaded.plan is None
    assert [(found.rule, found.file, found.span.line) for found in loaded.errors] == [
        ("ref-not-found", "flows/user.yaml", 3)
    ]


def test_the_repository_sets_severities(repository, source):
    settings = "severities: {param-undeclared: error}\n"
    extra = USER.replace("{lr: {value: 0.1}}", "{lr: {value: 0.1}, zzz: {value: 1}}")
    sha = repository.commit({"flows/user.yaml": extra, "lib/trainer.yaml": COMPONENT, ".headgate.yaml": settings})

    loaded = load(source, "demo", sha, "flows/user.yaml", "user")

    assert [found.severity for found in loaded.findings if found.rule == "param-undeclared"] == [Severity.ERROR]
    assert loaded.plan is None


def test_a_lowered_rule_leaves_a_plan(repository, source):
    files = {"flows/a.yaml": flow("a").replace("image: busybox, ", "")}
    lax = {".headgate.yaml": "severities: {image-missing: warning}\n"}

    strict, lowered = (
        load(source, "demo", repository.commit(one), "flows/a.yaml", "a") for one in (files, files | lax)
    )

    assert (strict.plan, [found.rule for found in strict.errors]) == (None, ["image-missing"])
    assert lowered.plan is not None
    assert [(found.rule, found.severity) for found in lowered.findings] == [("image-missing", Severity.WARNING)]


def test_links_are_not_followed(repository, source):
    target = repository.blob(b"flow.yaml")
    inner = repository.raw_tree(
        [("100644", "flow.yaml", repository.blob(flow("a").encode())), ("120000", "link.yaml", target)]
    )
    sha = repository.commit_tree(repository.raw_tree([("40000", "flows", inner)]), "main", [])

    assert Revision(source, "demo", sha).flow_files == ("flows/flow.yaml",)
