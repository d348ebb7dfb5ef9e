"""Locked texts of a real commit: what a flow's digest depends on, and that a link stands for no text."""

from __future__ import annotations

import pytest

from reconciler.flows.lock import Lock, LockedHub, digest_of, written
from reconciler.flows.pins import Pin
from reconciler.steps.flow_files import Revision, load
from tests.reconciler.steps.test_discover import COMPONENT

URL = Pin("", "https://components.example.com/trainer.yaml")
PART, OTHER = Pin("acme", "hub/trainer.yaml"), Pin("acme", "hub/other.yaml")
USER = "kind: operation\nhubRef: acme/trainer\nparams: {lr: 0.1}\n"
SETTINGS = "references: {urls: [components.example.com], hubs: {acme: {url: /srv/hub.git, revision: main}}}\n"


def lock_file(*pins: Pin, url: str = "/srv/hub.git", commit: str = "1" * 40, text: str = COMPONENT) -> str:
    lock = Lock({}, {"acme": LockedHub(url, commit, "main")})
    for pin in pins:
        lock = lock.with_digest(pin, digest_of(text.encode()))
    return written(lock).decode()


FILES = {
    "flows/user.yaml": USER,
    ".headgate.yaml": SETTINGS,
    ".headgate.lock": lock_file(PART),
    PART.file: COMPONENT,
}


def user(source, sha):
    return load(source, "demo", sha, "flows/user.yaml", "user")


def test_a_flow_depends_on_its_pins_and_their_texts(repository, source):
    loaded = user(source, repository.commit(FILES))

    assert (loaded.errors, loaded.plan is not None) == ((), True)
    assert {PART.mark, PART.file} <= set(loaded.references)
    assert ".headgate.lock" not in loaded.references


@pytest.mark.parametrize(
    ("files", "changes"),
    [
        ({".headgate.lock": lock_file(PART, OTHER), OTHER.file: COMPONENT}, False),
        ({".headgate.lock": lock_file(PART, URL), URL.file: COMPONENT}, False),
        ({".headgate.lock": lock_file(PART, commit="2" * 40)}, False),
        ({".headgate.lock": "# words\n" + lock_file(PART)}, False),
        ({".headgate.lock": lock_file(PART, url="/srv/other.git")}, True),
        ({".headgate.lock": lock_file(OTHER)}, True),
        ({".headgate.lock": None}, True),
        ({".headgate.lock": "<<<<<<< ours\n"}, True),
        ({".headgate.lock": lock_file(PART, text=COMPONENT + "#\n"), PART.file: COMPONENT + "#\n"}, True),
        ({PART.file: COMPONENT + "#\n"}, True),
        ({".headgate.yaml": SETTINGS.replace("/srv/hub.git", "/srv/other.git")}, True),
        ({".headgate.yaml": SETTINGS.replace("components.example.com", "example.org")}, False),
    ],
)
def test_the_digest_changes_with_its_own_pins_and_with_no_other(repository, source, files, changes):
    before = repository.commit(FILES)
    after = repository.commit(files)
    loaded = user(source, before)

    assert (
        Revision(source, "demo", after).declared("flows/user.yaml", "user", loaded.references) != loaded.declared
    ) is (changes)


def test_the_code_of_a_flow_is_not_what_is_locked(repository, source):
    before = user(source, repository.commit(FILES))
    more = {".headgate.lock": lock_file(PART, OTHER), OTHER.file: COMPONENT}
    after = user(source, repository.commit(more))

    assert after.plan.hash == before.plan.hash


def test_a_link_in_the_place_of_a_text_is_no_text(repository, source):
    sha = repository.commit(FILES | {"trainer.yaml": COMPONENT})
    link = repository.blob(b"../../../../../trainer.yaml")
    run = repository._with({"GIT_INDEX_FILE": str(repository.path / "link-index")})
    run("read-tree", sha)
    run("update-index", "--index-info", stdin=f"120000 {link}\t{PART.file}\n".encode())
    linked = repository.commit_tree(run("write-tree"), "main", [sha])

    (found,) = user(source, linked).errors
    assert (found.rule, "no regular file" in found.message) == ("ref-digest", True)


def test_a_locked_text_is_no_flow_whatever_the_globs_say(repository, source):
    revision = Revision(source, "demo", repository.commit(FILES | {".headgate.yaml": "flows: ['**']\n" + SETTINGS}))

    assert revision.flow_files == ("flows/user.yaml",)
