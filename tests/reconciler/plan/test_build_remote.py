"""Facts about references to elsewhere: what the lock file pins is used, all else is a finding, nothing is fetched."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from reconciler.flows.lock import Lock, LockedHub, digest_of, written
from reconciler.flows.pins import Pin
from reconciler.flows.remotes import HubSource, RemoteSettings

JOB = "kind: component\nname: job\nrun: {kind: job, container: {image: a}}\n"
URL = "https://components.example.com/parts/job.yaml"
REMOTE = RemoteSettings(("components.example.com",), {"acme": HubSource("/srv/hub.git", "main")})
SHA = "2f6c1d9e0b7a4c3d5e8f90123456789abcdef012"


def op(ref: str, more: str = "") -> str:
    return f"kind: operation\nname: f\n{ref}\n{more}\n"


def locked(texts: Mapping[Pin, str], commit: str = SHA) -> dict[str, str]:
    """The files of a repository that has locked these texts."""
    lock = Lock()
    for pin, text in texts.items():
        if pin.hub and pin.hub not in lock.hubs:
            source = REMOTE.hubs[pin.hub]
            lock = lock.with_hub(pin.hub, LockedHub(source.url, commit, source.revision))
        lock = lock.with_digest(pin, digest_of(text.encode()))
    return {".headgate.lock": written(lock).decode(), **{pin.file: text for pin, text in texts.items()}}


def rules(result) -> list[str]:
    return [found.rule for found in result.findings]


def test_a_locked_address_is_a_component_like_any_other(built):
    result = built(op(f"urlRef: {URL}"), locked({Pin("", URL): JOB}), remote=REMOTE)

    assert result.findings == ()
    assert result.plan.root.component == "job"
    assert result.references == (Pin("", URL).mark, Pin("", URL).file)


@pytest.mark.parametrize(
    ("ref", "path"),
    [
        ("acme/job", "hub/job.yaml"),
        ("acme/job", "hub/job.yml"),
        ("acme/job:v1", "hub/job/v1.yaml"),
        ("acme/job:latest", "hub/job.yaml"),
        ("acme/deep/job:v1", "hub/deep/job/v1.yml"),
    ],
)
def test_a_locked_hub_is_read_as_the_own_one(built, ref, path):
    result = built(op(f"hubRef: {ref}"), locked({Pin("acme", path): JOB}), remote=REMOTE)

    assert result.findings == ()
    assert result.plan.root.component == "job"


def test_the_own_hub_goes_before_a_repository_of_that_name(built):
    files = {"hub/acme/job.yaml": JOB.replace("name: job", "name: own"), **locked({Pin("acme", "hub/job.yaml"): JOB})}
    result = built(op("hubRef: acme/job"), files, remote=REMOTE)

    assert result.plan.root.component == "own"
    assert ".headgate.lock" not in "".join(result.references)


def test_a_name_without_an_owner_is_of_polyaxons_hub_where_there_is_one(built):
    remote = RemoteSettings((), {"polyaxon": HubSource("/srv/hub.git", "main", "")})
    lock = Lock({}, {"polyaxon": LockedHub("/srv/hub.git", SHA, "main", {"tensorboard.yaml": digest_of(JOB.encode())})})
    files = {".headgate.lock": written(lock).decode(), ".headgate/locked/hubs/polyaxon/tensorboard.yaml": JOB}

    assert built(op("hubRef: tensorboard"), files, remote=remote).plan is not None
    assert rules(built(op("hubRef: tensorboard"))) == ["ref-not-found"]
    assert rules(built(op("hubRef: acme/trainer:1.2"))) == ["ref-not-found"]


@pytest.mark.parametrize(
    ("ref", "rule"),
    [
        (f"urlRef: {URL}", "ref-unpinned"),
        ("hubRef: acme/job", "ref-unpinned"),
        ("hubRef: acme/job:v1", "ref-unpinned"),
        ("hubRef: other/job", "ref-not-found"),
        ("hubRef: acme/../job", "ref-not-found"),
        ("urlRef: http://components.example.com/parts/job.yaml", "ref-not-allowed"),
        ("urlRef: https://example.com/job.yaml", "ref-not-allowed"),
        ("urlRef: file:///etc/passwd", "ref-not-allowed"),
        ("pathRef: .headgate/locked/urls/components.example.com/parts/job.yaml", "ref-not-allowed"),
    ],
)
def test_what_is_not_locked_is_one_error_that_says_what_to_do(built, ref, rule):
    files = {".headgate/locked/urls/components.example.com/parts/job.yaml": JOB}
    result = built(op(ref), files, remote=REMOTE)

    assert rules(result) == [rule]
    assert result.findings[0].span.line == 3
    assert rule != "ref-unpinned" or "run `headgate lock`" in result.findings[0].message


def test_an_owner_that_is_nearly_a_hub_is_suggested(built):
    (found,) = built(op("hubRef: acne/job"), remote=REMOTE).findings

    assert (found.rule, found.suggestion) == ("ref-not-found", "acme/job")


def test_a_text_that_was_changed_by_hand_is_not_used(built):
    files = locked({Pin("", URL): JOB}) | {Pin("", URL).file: JOB.replace("image: a", "image: evil")}
    result = built(op(f"urlRef: {URL}"), files, remote=REMOTE)

    assert rules(result) == ["ref-digest"]
    assert result.plan is None


def test_a_text_that_is_not_there_is_told(built):
    files = locked({Pin("", URL): JOB})
    del files[Pin("", URL).file]

    assert rules(built(op(f"urlRef: {URL}"), files, remote=REMOTE)) == ["ref-digest"]


def test_other_ends_of_lines_are_the_same_text(built):
    files = locked({Pin("", URL): JOB}) | {Pin("", URL).file: JOB.replace("\n", "\r\n")}

    assert built(op(f"urlRef: {URL}"), files, remote=REMOTE).findings == ()


def test_a_broken_lock_file_is_one_finding_in_it(built):
    conflict = "<<<<<<< ours\nversion: 1\n=======\nversion: 1\n>>>>>>> theirs\n"
    text = "name: f\nrun:\n  kind: dag\n  operations:\n" + "".join(
        f"  - {{name: {name}, urlRef: {URL}}}\n" for name in "ab"
    )
    result = built(text, {".headgate.lock": conflict}, remote=REMOTE)

    assert [(found.rule, found.file) for found in result.findings] == [("lock-invalid", ".headgate.lock")]
    assert result.plan is None


def test_a_lock_file_that_nothing_uses_is_not_read(built):
    result = built(op("pathRef: job.yaml"), {"job.yaml": JOB, ".headgate.lock": "<<<<<<< ours"}, remote=REMOTE)

    assert (result.findings, result.references) == ((), ("job.yaml",))


def test_a_hub_of_another_repository_is_not_taken_for_this_one(built):
    files, other = locked({Pin("acme", "hub/job.yaml"): JOB}), HubSource("/srv/other.git", "main")
    result = built(op("hubRef: acme/job"), files, remote=RemoteSettings((), {"acme": other}))

    assert (rules(result), result.plan) == (["ref-unpinned"], None)


def test_a_hub_of_another_revision_than_the_settings_say_is_good_until_it_is_locked_anew(built):
    files, other = locked({Pin("acme", "hub/job.yaml"): JOB}), HubSource("/srv/hub.git", "v2")
    text = "name: f\nrun:\n  kind: dag\n  operations:\n" + "".join(
        f"  - {{name: {x}, hubRef: acme/job}}\n" for x in "ab"
    )
    result = built(text, files, remote=RemoteSettings((), {"acme": other}))

    (found,) = result.findings
    assert (found.rule, found.severity, found.file, found.span.line) == ("ref-unpinned", "warning", ".headgate.lock", 4)
    assert "locked at main, and the settings say v2" in found.message
    assert result.plan is not None


def test_paths_in_a_hub_stay_in_the_hub(built):
    texts = {
        Pin("acme", "hub/job.yaml"): op("pathRef: ../parts/base.yaml"),
        Pin("acme", "parts/base.yaml"): op("hubRef: inner:v1"),
        Pin("acme", "hub/inner/v1.yaml"): JOB,
    }
    files = {"parts/base.yaml": JOB.replace("job", "own"), "hub/inner/v1.yaml": JOB.replace("job", "own")}
    result = built(op("hubRef: acme/job"), files | locked(texts), remote=REMOTE)

    assert result.findings == ()
    assert result.plan.root.component == "job"


def test_a_path_never_leaves_a_hub(built):
    texts = {Pin("acme", "hub/job.yaml"): op("pathRef: ../../../../../secret.yaml")}
    result = built(op("hubRef: acme/job"), {"secret.yaml": JOB, **locked(texts)}, remote=REMOTE)

    assert rules(result) == ["ref-outside"]


def test_a_path_in_a_text_of_a_host_is_of_that_host(built):
    base = "https://components.example.com/base.yaml"
    texts = {Pin("", URL): op("pathRef: ../base.yaml"), Pin("", base): JOB}

    assert built(op(f"urlRef: {URL}"), locked(texts), remote=REMOTE).findings == ()


def test_a_hub_name_in_a_text_of_a_host_is_of_the_own_hub(built):
    files = {"hub/job.yaml": JOB, **locked({Pin("", URL): op("hubRef: job")})}

    assert built(op(f"urlRef: {URL}"), files, remote=REMOTE).findings == ()


@pytest.mark.parametrize("path", ["https://evil.example/x.yaml", "//evil.example/x.yaml", "x.yaml?y#z"])
def test_a_path_in_a_text_of_a_host_leads_to_no_other_host(built, path):
    result = built(op(f"urlRef: {URL}"), locked({Pin("", URL): op(f"pathRef: '{path}'")}), remote=REMOTE)

    assert len(result.findings) == 1
    assert all(pin.startswith(".headgate.lock##https://components.example.com/") for pin in result.references[::2])


def test_a_host_that_is_allowed_in_part_is_held_to_it_by_paths(built):
    remote = RemoteSettings(("components.example.com/parts/",))
    result = built(op(f"urlRef: {URL}"), locked({Pin("", URL): op("pathRef: ../base.yaml")}), remote=remote)

    assert rules(result) == ["ref-not-allowed"]


def test_the_plan_changes_with_the_text_and_with_nothing_else(built):
    def plan(text: str, commit: str = SHA, **more: str):
        texts = {
            Pin("acme", "hub/job.yaml"): text,
            **{Pin("acme", f"hub/{name}.yaml"): one for name, one in more.items()},
        }
        return built(op("hubRef: acme/job"), locked(texts, commit), remote=REMOTE).plan.hash

    assert plan(JOB) == plan(JOB, "0" * 40) == plan(JOB, other=JOB) == plan("# a comment\n" + JOB)
    assert plan(JOB) != plan(JOB.replace("image: a", "image: b"))


def test_warnings_about_texts_of_elsewhere_are_their_authors_business(built):
    noisy = JOB + "description: x\ntags: [012]\n"
    assert "yaml-octal" in rules(
        built(op("pathRef: job.yaml"), {"job.yaml": noisy.replace("[012]", "['a']\ncost: 012")})
    )
    result = built(
        op(f"urlRef: {URL}"), locked({Pin("", URL): noisy.replace("[012]", "['a']\ncost: 012")}), remote=REMOTE
    )
    assert rules(result) == []


def test_a_hook_may_be_of_a_hub(built):
    files = {"job.yaml": JOB, **locked({Pin("acme", "hub/say.yaml"): JOB})}
    result = built(op("pathRef: job.yaml", "hooks: [{hubRef: acme/say}]"), files, remote=REMOTE)

    assert result.findings == ()
    assert len(result.plan.root.hooks) == 1


def test_a_circle_through_hubs_and_files_is_told_with_every_edge(built):
    texts = {Pin("acme", "hub/a.yaml"): op("hubRef: b"), Pin("acme", "hub/b.yaml"): "\n" + op("pathRef: a.yaml")}
    (found,) = built(op("hubRef: acme/a"), locked(texts), remote=REMOTE).findings
    a, b = (f".headgate/locked/hubs/acme/hub/{name}.yaml" for name in "ab")

    assert (found.rule, found.file, found.span.line) == ("ref-cycle", a, 3)
    assert f"{a} → {b} → {a}" in found.message
    assert [(file, span.line, word) for file, span, word in found.also] == [(b, 4, f"refers to {a}")]


@pytest.mark.parametrize("start", ["a.yaml", "b.yaml", "c.yaml", "into.yaml"])
def test_a_circle_is_the_same_mistake_wherever_it_is_entered(built, start):
    files = {
        "a.yaml": op("pathRef: ./b.yaml"),
        "b.yaml": "\n" + op("pathRef: ./c.yaml"),
        "c.yaml": "\n\n" + op("pathRef: ./a.yaml"),
        "into.yaml": op("pathRef: ./b.yaml"),
    }
    (found,) = built(files[start], files, file=start).findings

    assert (found.rule, found.file, found.span.line) == ("ref-cycle", "a.yaml", 3)
    assert "a.yaml → b.yaml → c.yaml → a.yaml" in found.message
    assert [(file, span.line, word) for file, span, word in found.also] == [
        ("b.yaml", 4, "refers to c.yaml"),
        ("c.yaml", 5, "refers to a.yaml"),
    ]
