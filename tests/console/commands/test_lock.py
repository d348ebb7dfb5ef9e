"""`headgate lock` with real files, a real Git repository as a hub and an https server on this machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from reconciler.flows.lock import parse_lock
from tests.console.typing_in import Terminal
from tests.https_server import HttpsServer
from tests.reconciler.adapters.git_repository import GitRepository

JOB = "kind: component\nname: job\nrun: {kind: job, container: {image: a}}\n"
OTHER = JOB.replace("image: a", "image: b")

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with openssl")


@pytest.fixture
def hub(tmp_path: Path) -> GitRepository:
    return GitRepository(tmp_path / "hub.git")


class Shop:
    """A repository in the making, in which people type."""

    def __init__(self, root: Path, terminal: Terminal) -> None:
        self.root = root
        self.typed = terminal
        (root / ".git").mkdir(parents=True)

    def write(self, **files: str) -> None:
        for name, text in files.items():
            self.put(f"flows/{name}.yaml", text)

    def put(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")

    def allow(
        self, server: HttpsServer | None = None, hub: GitRepository | None = None, revision: str = "main"
    ) -> None:
        urls = f"  urls: ['{server.host}']\n" if server else ""
        hubs = f"  hubs:\n    acme: {{url: {hub.path}, revision: {revision}}}\n" if hub else ""
        self.put(".headgate.yaml", f"references:\n{urls}{hubs}")

    def files(self) -> dict[str, bytes]:
        """The lock file and the locked texts."""
        found = [self.root / ".headgate.lock", *(self.root / ".headgate").rglob("*")]
        return {file.relative_to(self.root).as_posix(): file.read_bytes() for file in found if file.is_file()}

    def lock(self, *words: str):
        return self.typed("lock", *words)

    def validate(self, *words: str):
        return self.typed("validate", *words)


@pytest.fixture
def shop(tmp_path: Path, bare: Terminal, monkeypatch: pytest.MonkeyPatch) -> Shop:
    shop = Shop(tmp_path / "shop", bare)
    monkeypatch.chdir(shop.root)
    return shop


def op(ref: str) -> str:
    return f"kind: operation\nname: f\n{ref}\n"


# --- hubs -----------------------------------------------------------------------------------------------------------


def test_a_component_of_a_hub_is_locked_and_judged_from_its_copy(shop, hub):
    sha = hub.commit({"hub/job/v1.yaml": JOB, "hub/other.yaml": OTHER})
    shop.allow(hub=hub)
    shop.write(f=op("hubRef: acme/job:v1"))
    assert "ref-unpinned" in shop.validate().out

    done = shop.lock()

    assert (done.code, done.out.splitlines()) == (
        0,
        [f"+ acme  {sha[:10]} main", done.out.splitlines()[1], "1 text is locked: 2 added."],
    )
    assert shop.files().keys() == {".headgate.lock", ".headgate/locked/hubs/acme/hub/job/v1.yaml"}
    assert shop.files()[".headgate/locked/hubs/acme/hub/job/v1.yaml"] == JOB.encode()
    shutil.rmtree(hub.path)  # nothing is fetched from here on
    assert shop.validate("--strict").code == 0
    assert shop.lock("--check").code == 0
    assert (shop.lock().code, shop.lock().out) == (0, "Up to date: 1 text is locked.\n")


def test_what_components_refer_to_is_locked_with_them(shop, hub):
    hub.commit({"hub/a.yaml": op("pathRef: ../parts/b.yaml"), "parts/b.yaml": op("hubRef: c"), "hub/c.yml": JOB})
    shop.allow(hub=hub)
    shop.put("hub/own.yaml", "name: own\nops: [{name: x, hubRef: acme/a}]\n")
    shop.write(f=op("hubRef: own"))

    assert shop.lock().code == 0
    names = {name.partition("/acme/")[2] for name in shop.files()} - {""}
    assert names == {"hub/a.yaml", "hub/c.yml", "parts/b.yaml"}
    assert shop.validate().code == 0


def test_a_hub_stays_at_its_commit_until_it_is_upgraded(shop, hub):
    first = hub.commit({"hub/job.yaml": JOB, "hub/more.yaml": JOB})
    shop.allow(hub=hub)
    shop.write(f=op("hubRef: acme/job"))
    shop.lock()
    second = hub.commit({"hub/job.yaml": OTHER, "hub/more.yaml": OTHER})

    shop.write(g=op("hubRef: acme/more"))
    shop.lock()
    assert parse_lock(shop.files()[".headgate.lock"])[0].hubs["acme"].commit == first
    assert shop.files()[".headgate/locked/hubs/acme/hub/more.yaml"] == JOB.encode()

    done = shop.lock("--upgrade", "acme")
    assert f"~ acme  {first[:10]} main → {second[:10]} main" in done.out
    assert shop.files()[".headgate/locked/hubs/acme/hub/more.yaml"] == OTHER.encode()
    assert (shop.lock("--upgrade").code, shop.lock("--upgrade").out) == (0, "Up to date: 2 texts are locked.\n")


def test_another_revision_in_the_settings_is_another_commit(shop, hub):
    first = hub.commit({"hub/job.yaml": JOB})
    hub.git("update-ref", "refs/tags/v1", first)
    second = hub.commit({"hub/job.yaml": OTHER})
    shop.allow(hub=hub)
    shop.write(f=op("hubRef: acme/job"))
    shop.lock()

    shop.allow(hub=hub, revision="v1")
    told = shop.validate()
    assert (told.code, "locked at main, and the settings say v1" in told.out) == (0, True)
    assert shop.lock("--check").code == 1
    assert f"~ acme  {second[:10]} main → {first[:10]} v1" in shop.lock().out
    assert shop.validate("--strict").code == 0


@pytest.mark.parametrize(
    ("ref", "word"),
    [("acme/jop", "has no hub/jop.yaml"), ("acme/job:v9", "Did you mean hub/job/v1.yaml?"), ("acme/link", "has no")],
)
def test_a_component_that_the_hub_does_not_have_is_told_where_it_is_asked_for(shop, hub, ref, word):
    link, text = hub.blob(b"job/v1.yaml"), hub.blob(JOB.encode())
    job = hub.raw_tree([("100644", "v1.yaml", text)])
    hub.commit_tree(
        hub.raw_tree([("40000", "hub", hub.raw_tree([("40000", "job", job), ("120000", "link.yaml", link)]))]),
        "main",
        [],
    )
    shop.allow(hub=hub)
    shop.write(f=op(f"hubRef: {ref}"))

    done = shop.lock()

    assert (done.code, shop.files()) == (1, {})
    assert "flows/f.yaml:3:9: The hub `acme`" in done.err
    assert word in done.err
    assert "Nothing was written" in done.err


def test_a_hub_that_is_away_is_told(shop, hub):
    shop.allow(hub=hub)
    shop.write(f=op("hubRef: acme/job"))
    assert "The hub `acme` has no branch or tag `main`" in shop.lock().err
    failed = shop.lock("--format", "json")
    assert failed.json["error"]["where"] == "flows/f.yaml:3:9"

    shop.put(".headgate.yaml", "references: {hubs: {acme: {url: 'https://localhost:1/hub.git'}}}\n")
    assert shop.lock().code == 3


def test_names_without_an_owner_may_be_of_a_hub_called_polyaxon(shop, hub):
    hub.commit({"tensorboard.yaml": JOB})
    shop.put(".headgate.yaml", f"references: {{hubs: {{polyaxon: {{url: {hub.path}, folder: .}}}}}}\n")
    shop.write(f=op("hubRef: tensorboard"))

    assert shop.lock().code == 0
    assert shop.validate().code == 0


# --- addresses ------------------------------------------------------------------------------------------------------


@needs_openssl
def test_an_address_is_fetched_once_and_kept(shop, server):
    server.answers |= {"/a/job.yaml": op("pathRef: ../base.yaml").encode(), "/base.yaml": JOB.encode()}
    shop.allow(server)
    shop.write(f=op(f"urlRef: {server.url('/a/job.yaml')}"), g=op(f"urlRef: {server.url('/a/job.yaml')}"))

    done = shop.lock()

    assert done.code == 0, done.err
    assert "2 texts are locked: 2 added." in done.out
    assert server.asked == ["/a/job.yaml", "/base.yaml"]
    assert shop.validate("--strict").code == 0
    assert shop.lock("--check").code == 0
    assert shop.lock().code == 0
    assert server.asked == ["/a/job.yaml", "/base.yaml"]


@needs_openssl
def test_a_text_that_changed_there_is_taken_only_when_asked_for(shop, server):
    url = server.url("/job.yaml")
    server.answers["/job.yaml"] = JOB.encode()
    shop.allow(server)
    shop.write(f=op(f"urlRef: {url}"))
    shop.lock()
    server.answers["/job.yaml"] = OTHER.encode()
    before = shop.files()

    assert (shop.lock().code, shop.files()) == (0, before)
    text = next(shop.root.glob(".headgate/locked/urls/**/*.yaml"))
    text.unlink()
    assert "ref-digest" in shop.validate().out
    done = shop.lock()
    assert (done.code, "another text than the one that is locked" in done.err) == (1, True)

    done = shop.lock("--upgrade", url)
    assert (done.code, text.read_bytes()) == (0, OTHER.encode())
    assert f"~ {url}" in done.out


@needs_openssl
def test_a_text_that_was_lost_or_changed_by_hand_is_brought_back(shop, server):
    server.answers["/job.yaml"] = JOB.encode()
    shop.allow(server)
    shop.write(f=op(f"urlRef: {server.url('/job.yaml')}"))
    shop.lock()
    text = next(shop.root.glob(".headgate/locked/urls/**/*.yaml"))
    text.write_text(OTHER)
    assert "ref-digest" in shop.validate().out
    checked = shop.lock("--check")
    assert (checked.code, checked.out, "not as it should be" in checked.err) == (1, "", True)

    done = shop.lock()

    assert (done.code, done.out.splitlines()[0][:2]) == (0, "* ")
    assert text.read_bytes() == JOB.encode()


@needs_openssl
def test_a_link_in_the_place_of_a_text_is_not_followed(shop, server, tmp_path):
    server.answers["/job.yaml"] = JOB.encode()
    shop.allow(server)
    shop.write(f=op(f"urlRef: {server.url('/job.yaml')}"))
    shop.lock()
    text = next(shop.root.glob(".headgate/locked/urls/**/*.yaml"))
    outside = tmp_path / "outside.yaml"
    outside.write_text(JOB)
    text.unlink()
    text.symlink_to(outside)

    assert "no regular file" in shop.validate().out
    assert shop.lock().code == 0
    assert not text.is_symlink()
    assert outside.read_text() == JOB

    shutil.rmtree(shop.root / ".headgate" / "locked")
    (tmp_path / "elsewhere").mkdir()
    (shop.root / ".headgate" / "locked").symlink_to(tmp_path / "elsewhere")
    done = shop.lock()
    assert (done.code, "This is no folder" in done.err) == (2, True)
    assert list((tmp_path / "elsewhere").iterdir()) == []


@needs_openssl
@pytest.mark.parametrize(
    ("text", "word"),
    [
        (b"a: [", "no component that can be used"),
        (b"\xff\xfe\x00", "no component that can be used"),
        (b"", "no component that can be used"),
        (b"<html><body>Sign in</body></html>", "no component that can be used"),
        (b"#" * (11 << 20), "10 MiB"),
    ],
)
def test_what_is_no_component_is_not_locked(shop, server, text, word):
    server.answers["/job.yaml"] = text
    shop.allow(server)
    shop.write(f=op(f"urlRef: {server.url('/job.yaml')}"))

    done = shop.lock()

    assert (done.code, shop.files()) == (1, {})
    assert "flows/f.yaml:3:9: " in done.err
    assert word in done.err


@needs_openssl
def test_every_failure_is_told_and_nothing_is_written(shop, server):
    server.answers["/job.yaml"] = JOB.encode()
    server.refuse("/away.yaml", 503)
    shop.allow(server)
    for name in ("job", "away", "gone"):
        shop.write(**{name: op(f"urlRef: {server.url(f'/{name}.yaml')}")})
    shop.write(far=op("urlRef: https://example.com/x.yaml"), plain=op("urlRef: http://example.com/x.yaml"))

    done = shop.lock()

    assert (done.code, shop.files()) == (1, {})
    places = [line.partition(":")[0] for line in done.err.splitlines() if line.startswith("flows/")]
    assert places == ["flows/away.yaml", "flows/far.yaml", "flows/gone.yaml", "flows/plain.yaml"]
    assert "4 references cannot be locked.\n  Nothing was written." in done.err


@needs_openssl
def test_a_text_that_wants_thousands_of_others_is_refused(shop, server):
    ops = "".join(f"  - {{name: x{number}, urlRef: {server.url(f'/{number}.yaml')}}}\n" for number in range(2_001))
    server.answers["/many.yaml"] = f"name: many\nrun:\n  kind: dag\n  operations:\n{ops}".encode()
    shop.allow(server)
    shop.write(f=op(f"urlRef: {server.url('/many.yaml')}"))

    done = shop.lock()

    assert (done.code, server.asked, shop.files()) == (1, ["/many.yaml"], {})
    assert "more than 2,000 texts" in done.err
    assert "… and 1,976 more." in done.err


@needs_openssl
def test_a_server_that_is_away_is_worth_a_retry(shop, server):
    server.refuse("/job.yaml", 503)
    shop.allow(server)
    shop.write(f=op(f"urlRef: {server.url('/job.yaml')}"))

    assert shop.lock().code == 3


# --- the lock file --------------------------------------------------------------------------------------------------


def test_what_nothing_refers_to_is_told_and_removed(shop, hub):
    hub.commit({"hub/job.yaml": JOB, "hub/more.yaml": JOB})
    shop.allow(hub=hub)
    shop.write(f=op("hubRef: acme/job"), g=op("hubRef: acme/more"))
    shop.lock()
    shop.put("flows/g.yaml", JOB)
    shop.put(".headgate/locked/stray.yaml", JOB)

    assert ("lock-unused" in shop.validate().out, shop.validate("--strict").code) == (True, 1)
    assert shop.validate("flows/f.yaml", "--strict").code == 0
    assert shop.lock("--check").code == 1
    assert {line[:2] for line in shop.lock().out.splitlines()[:-1]} == {"- "}
    assert shop.files().keys() == {".headgate.lock", ".headgate/locked/hubs/acme/hub/job.yaml"}

    shop.put("flows/f.yaml", JOB)
    assert shop.lock().out.splitlines()[-1] == "Nothing is locked: 2 removed."
    assert shop.files() == {}
    assert not (shop.root / ".headgate").exists()


def test_a_flow_with_mistakes_keeps_its_pins(shop, hub):
    hub.commit({"hub/job.yaml": JOB})
    shop.allow(hub=hub)
    shop.write(f=op("hubRef: acme/job"))
    shop.lock()
    before = shop.files()
    shop.put("flows/f.yaml", "kind: [\n")

    done = shop.lock()

    assert (done.code, shop.files()) == (0, before)
    assert "Nothing is removed" in done.err


def test_marks_of_a_conflict_are_told_and_mended(shop, hub):
    sha = hub.commit({"hub/job.yaml": JOB})
    shop.allow(hub=hub)
    shop.write(f=op("hubRef: acme/job"))
    shop.lock()
    right = shop.files()
    lines = right[".headgate.lock"].decode().splitlines()
    at = next(number for number, line in enumerate(lines) if sha in line)
    lines[at : at + 1] = ["<<<<<<< ours", lines[at], "=======", lines[at].replace(sha[:4], "0000"), ">>>>>>> theirs"]
    shop.put(".headgate.lock", "\n".join(lines) + "\n")

    told = shop.validate()
    assert told.code == 1
    assert f".headgate.lock:{at + 1}:1" in told.out
    assert told.out.count("[lock-invalid]") == 1
    assert shop.validate(".headgate.lock").code == 1
    assert shop.lock("--check").code == 1

    done = shop.lock()
    assert (done.code, "everything is pinned anew" in done.err) == (0, True)
    assert shop.files() == right


def test_what_both_sides_of_a_conflict_say_is_not_taken_anew(shop, hub):
    first = hub.commit({"hub/job.yaml": JOB, "hub/more.yaml": JOB, "hub/most.yaml": JOB})
    shop.allow(hub=hub)
    shop.write(f=op("hubRef: acme/job"), g=op("hubRef: acme/more"), h=op("hubRef: acme/most"))
    shop.lock()
    right = shop.files()
    *head, one, other = right[".headgate.lock"].decode().splitlines()
    shop.put(".headgate.lock", "\n".join([*head, "<<<<<<< ours", one, "=======", other, ">>>>>>> theirs", ""]))
    hub.commit({"hub/job.yaml": OTHER})

    assert "(3) is kept" in shop.lock().err
    assert shop.files() == right
    assert parse_lock(right[".headgate.lock"])[0].hubs["acme"].commit == first


def test_without_references_to_elsewhere_nothing_is_written(shop):
    shop.write(f=JOB)

    assert (shop.lock().code, shop.lock().out) == (0, "Up to date: nothing is locked.\n")
    assert shop.files() == {}


def test_names_to_upgrade_are_held_against_the_lock(shop, hub):
    hub.commit({"hub/job.yaml": JOB})
    shop.allow(hub=hub)
    shop.write(f=op("hubRef: acme/job"))
    shop.lock()

    done = shop.lock("--upgrade", "acne")
    assert (done.code, "Did you mean `acme`?" in done.err) == (2, True)
    assert shop.lock("--check", "--upgrade").code == 2


def test_as_json_everything_is_told_with_whole_digests(shop, hub):
    hub.commit({"hub/job.yaml": JOB})
    shop.allow(hub=hub)
    shop.write(f=op("hubRef: acme/job"))

    checked = shop.lock("--check", "--format", "json")
    assert (checked.code, checked.json["up_to_date"], len(checked.json["problems"])) == (1, False, 1)
    done = shop.lock("--format", "json")
    assert done.json["version"] == 1
    assert [(one["name"], one["change"]) for one in done.json["changes"]] == [
        ("acme", "added"),
        ("acme: hub/job.yaml", "added"),
    ]
    assert len(done.json["changes"][1]["now"]) == 71
    assert shop.lock("--format", "json").json["up_to_date"] is True


def test_broken_settings_are_told_first(shop):
    shop.write(f=JOB)
    shop.put(".headgate.yaml", "references: {urls: 3}\n")

    done = shop.lock()
    assert (done.code, "The settings have mistakes" in done.err) == (2, True)


def test_a_lock_file_is_readable_by_others(shop, hub):
    hub.commit({"hub/job.yaml": JOB})
    shop.allow(hub=hub)
    shop.write(f=op("hubRef: acme/job"))
    old = os.umask(0o022)
    try:
        shop.lock()
    finally:
        os.umask(old)

    assert (shop.root / ".headgate.lock").stat().st_mode & 0o777 == 0o644


def test_a_changed_copy_changes_the_plan(shop, hub):
    hub.commit({"hub/job.yaml": JOB, "hub/more.yaml": JOB})
    shop.allow(hub=hub)
    shop.write(f=op("hubRef: acme/job"))
    shop.lock()
    before = shop.typed("plan", "flows/f.yaml", "--format", "json").json["hash"]
    shop.write(g=op("hubRef: acme/more"))
    shop.lock()
    assert shop.typed("plan", "flows/f.yaml", "--format", "json").json["hash"] == before

    hub.commit({"hub/job.yaml": OTHER})
    shop.lock("--upgrade")
    assert shop.typed("plan", "flows/f.yaml", "--format", "json").json["hash"] != before
