"""Hub repositories: the commit that a branch, tag or commit means, and regular files of it alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from reconciler.adapters.git_components import ComponentCommit, ComponentRepositories
from reconciler.errors import Stalled, Waiting
from tests.https_server import HttpsServer, make_certificate
from tests.reconciler.adapters.git_repository import GitRepository


@pytest.fixture
def hub(tmp_path: Path) -> GitRepository:
    return GitRepository(tmp_path / "hub.git")


@pytest.fixture
def fetched(tmp_path: Path, hub: GitRepository):
    repositories = ComponentRepositories(tmp_path / "fetched")

    def fetch(revision: str = "", sha: str = "") -> ComponentCommit:
        return repositories.commit("acme", str(hub.path), revision, sha)

    return fetch


def test_the_default_branch_a_branch_a_tag_and_a_commit_are_found(hub, fetched):
    first = hub.commit({"hub/a.yaml": "one"})
    hub.git("update-ref", "refs/tags/v1", first)
    hub.git("tag", "-a", "v1-annotated", "-m", "One", first)
    second = hub.commit({"hub/a.yaml": "two"})
    third = hub.commit({"hub/a.yaml": "three"}, branch="next", start=second)

    assert {revision: fetched(revision).sha for revision in ("", "main", "next", "v1", "v1-annotated", first)} == {
        "": second,
        "main": second,
        "next": third,
        "v1": first,
        "v1-annotated": first,
        first: first,
    }
    assert fetched("v1").read("hub/a.yaml") == b"one"


def test_a_tag_goes_before_a_branch_of_its_name(hub, fetched):
    first = hub.commit({"hub/a.yaml": "one"})
    hub.git("update-ref", "refs/tags/main", first)
    hub.commit({"hub/a.yaml": "two"})

    assert fetched("main").sha == first


def test_a_pinned_commit_is_fetched_when_the_branch_has_moved_on(hub, fetched):
    first = hub.commit({"hub/a.yaml": "one"})
    hub.commit({"hub/a.yaml": "two"})

    assert fetched("main", sha=first).read("hub/a.yaml") == b"one"


def test_a_commit_that_no_ref_leads_to_is_told(hub, fetched):
    hub.commit({"hub/a.yaml": "one"})

    with pytest.raises(Stalled, match="not found"):
        fetched("main", sha="0" * 39 + "1")


@pytest.mark.parametrize("revision", ["nope", "v9", "abc123"])
def test_a_revision_that_is_not_there_is_told(hub, fetched, revision):
    hub.commit({"hub/a.yaml": "one"})

    with pytest.raises(Stalled, match=f"no branch or tag `{revision}`"):
        fetched(revision)


def test_an_empty_repository_is_told(hub, fetched):
    with pytest.raises(Stalled, match="no commit"):
        fetched()


@pytest.mark.parametrize("revision", ["--upload-pack=touch /tmp/x", "-x", "a..b", "a b"])
def test_a_revision_never_becomes_an_option(hub, fetched, revision):
    hub.commit({"hub/a.yaml": "one"})

    with pytest.raises(Stalled, match="names no branch"):
        fetched(revision)


def test_links_and_submodules_are_no_files(hub, fetched):
    link, text = hub.blob(b"../secret.yaml"), hub.blob(b"a: 1\n")
    folder = hub.raw_tree([("120000", "link.yaml", link), ("100644", "plain.yaml", text), ("160000", "sub", "1" * 40)])
    hub.commit_tree(hub.raw_tree([("40000", "hub", folder)]), "main", [])
    commit = fetched("main")

    assert commit.read("hub/plain.yaml") == b"a: 1\n"
    assert [commit.read(f"hub/{name}") for name in ("link.yaml", "sub", "absent.yaml")] == [None, None, None]


def test_a_repository_that_is_not_there_is_told(tmp_path):
    with pytest.raises(Stalled, match="no repository at"):
        ComponentRepositories(tmp_path).commit("acme", str(tmp_path / "nowhere.git"))


def test_a_folder_that_is_no_repository_is_told(tmp_path):
    (tmp_path / "plain").mkdir()

    with pytest.raises((Stalled, Waiting), match="git cannot fetch the hub `acme`"):
        ComponentRepositories(tmp_path / "fetched").commit("acme", str(tmp_path / "plain"))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with openssl")
def test_a_hub_is_fetched_over_https_from_a_server_that_only_has_files(tmp_path, hub, monkeypatch):
    first = hub.commit({"hub/a.yaml": "one"})
    hub.commit({"hub/a.yaml": "two"})
    hub.git("update-server-info")
    certificate = make_certificate(tmp_path)
    repositories = ComponentRepositories(tmp_path / "fetched")

    with HttpsServer(certificate).trusted(monkeypatch) as server:
        server.serve_folder("/hub.git", hub.path)
        assert repositories.commit("acme", server.url("/hub.git"), "main").read("hub/a.yaml") == b"two"
        assert repositories.commit("acme", server.url("/hub.git"), sha=first).read("hub/a.yaml") == b"one"
        with pytest.raises(Stalled, match="not found"):
            repositories.commit("acme", server.url("/other.git"), "main")
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(Stalled, match="certificate"):
            repositories.commit("acme", server.url("/another.git"), "main")


def test_a_host_that_is_away_may_come_back_and_secrets_are_not_repeated(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".gitconfig").write_text('[url "https://ada:hush@localhost:1/"]\n\tinsteadOf = https://localhost:1/\n')

    with pytest.raises(Waiting) as away:
        ComponentRepositories(tmp_path / "fetched").commit("acme", "https://localhost:1/hub.git")
    assert "localhost:1" in away.value.message
    assert "hush" not in away.value.message
