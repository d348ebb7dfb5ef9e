"""The lock file: read, written, and what a pin depends on."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.flows.globs import LOCKED_FOLDER
from reconciler.flows.lock import Lock, LockedHub, digest_of, parse_lock, state_of, unused, written
from reconciler.flows.pins import Pin, is_plain_path, pin_in_hub, pin_marked
from reconciler.flows.remotes import HubSource, RemoteSettings
from reconciler.flows.rules import RULES


def _lock_like() -> st.SearchStrategy[bytes]:
    """Texts that look like lock files, with odd names."""
    names = st.one_of(
        st.sampled_from(["acme", "../x", "hub/a.yaml", ".git/x", "a/../b", "/x", ""]), st.text(max_size=8)
    )
    digests = st.sampled_from(["sha256:" + "0" * 64, "sha256:" + "1" * 64, "no"])
    files = st.dictionaries(names, digests, max_size=3)
    commits = st.sampled_from(["0" * 40, "1" * 40, "main"])
    hub = st.fixed_dictionaries({"url": names, "commit": commits, "files": files})
    whole = st.fixed_dictionaries(
        {"version": st.just(1), "urls": files, "hubs": st.dictionaries(names, hub, max_size=2)}
    )
    conflict = st.tuples(whole, whole).map(lambda two: b"<<<<<<< a\n%s\n=======\n%s\n>>>>>>> b\n" % (*map(_json, two),))
    return st.one_of(whole.map(_json), conflict)


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


ONE, OTHER = digest_of(b"one"), digest_of(b"other")
SHA = "2f6c1d9e0b7a4c3d5e8f90123456789abcdef012"
URL = "https://components.example.com/train.yaml"
HUB = LockedHub("/srv/hub.git", SHA, "main", {"hub/train.yaml": ONE, "hub/a b#c.yaml": OTHER})
LOCK = Lock({URL: ONE, "https://a.example.com/x?y=1": OTHER}, {"acme": HUB})


def test_what_is_written_is_read_again() -> None:
    lock, findings = parse_lock(written(LOCK))

    assert (lock, findings) == (LOCK, ())
    assert written(lock) == written(LOCK)


def test_equal_locks_are_written_equally_whatever_their_order() -> None:
    turned = Lock(dict(reversed(LOCK.urls.items())), LOCK.hubs)

    assert written(turned) == written(LOCK)


def test_a_lock_of_nothing_is_no_file() -> None:
    assert written(Lock()) == b""
    assert parse_lock(None) == (Lock(), ())


def test_a_commit_of_digits_stays_a_text() -> None:
    lock = Lock({}, {"acme": LockedHub("/srv/hub.git", "1" * 40, "1.0", {"hub/x.yaml": ONE})})

    assert parse_lock(written(lock)) == (lock, ())


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("version: 1\nurls:\n<<<<<<< ours\n  a: b\n=======\n  a: c\n>>>>>>> theirs\n", 3),
        ("version: 1\nurls: [\n", 3),
        ("- 1\n", 1),
        ("", 1),
        ("version: 1\n---\nversion: 1\n", 3),
        ("version: 2\n", 1),
        (f"version: 1\nurls:\n  {URL}: sha1:0\n", 3),
        (f"version: 1\nhubs:\n  acme:\n    url: /x\n    commit: main\n    files: {{hub/x.yaml: {ONE!r}}}\n", 5),
        (f"version: 1\nhubs:\n  acme: {{url: /x, commit: '{SHA}', files: {{../../x: '{ONE}'}}}}\n", 3),
        (f"version: 1\nhubs:\n  ../x: {{url: /x, commit: '{SHA}', files: {{x.yaml: '{ONE}'}}}}\n", 3),
        ("version: 1\nurls: \xff\n", 2),
    ],
)
def test_a_lock_file_that_nobody_wrote_is_found_on_its_line(text: str, line: int) -> None:
    lock, findings = parse_lock(text.encode("latin-1"))

    assert [(one.rule, one.file, one.span.line) for one in findings] == [("lock-invalid", ".headgate.lock", line)]
    assert all(is_plain_path(pin.file) for pin in lock.pins())


@pytest.mark.parametrize("text", ["version: one\n", "urls: 3\nversion: 1\n", "urls: {}\n", "version: 1\nother: 2\n"])
def test_a_lock_file_of_another_form_is_found(text: str) -> None:
    assert parse_lock(text.encode())[1] != ()


def test_the_places_of_addresses_are_told_apart_by_every_file_system() -> None:
    urls = [
        *(
            URL,
            URL.upper().replace("HTTPS", "https"),
            URL + "?v=1",
            URL + "?v=2",
            "https://components.example.com/train",
        ),
        *("https://components.example.com:8443/train.yaml", "https://h/a.yaml/b", "https://h/a.yaml", "https://h/"),
        *("https://h/" + "a/" * depth + "x.yaml" for depth in (5, 6, 7, 300)),
        *("https://h/%2Fa", "https://h/~a", "https://h/" + "a" * 500, "https://h/" + "a" * 501, "https://h//a.yaml"),
    ]
    files = [Pin("", url).file for url in urls]

    assert len({file.lower() for file in files}) == len(files)
    assert all(is_plain_path(file) and file.startswith(LOCKED_FOLDER) and file.endswith(".yaml") for file in files)
    folders = {file.rpartition("/")[0] for file in files}
    assert folders.isdisjoint(files)


def test_a_plain_address_is_kept_under_its_own_name() -> None:
    assert Pin("", URL).file == ".headgate/locked/urls/components.example.com/train.yaml"
    assert Pin("acme", "hub/train/v2.yaml").file == ".headgate/locked/hubs/acme/hub/train/v2.yaml"


def test_a_pin_is_found_by_its_mark_and_by_its_file() -> None:
    for pin in LOCK.pins():
        assert pin_marked(pin.mark) == pin
        assert pin_in_hub(pin.file) == (pin if pin.hub else None)


def test_the_ends_of_lines_do_not_change_a_digest() -> None:
    assert digest_of(b"a: 1\r\nb: 2\r\n") == digest_of(b"a: 1\nb: 2\n") != digest_of(b"a: 1\nb: 3\n")


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode), _lock_like()))
@settings(max_examples=200, deadline=None)
def test_whatever_a_lock_file_holds_it_is_read_or_a_finding_and_names_no_place_outside(data: bytes) -> None:
    lock, findings = parse_lock(data)

    assert all(found.rule in RULES and found.file == ".headgate.lock" for found in findings)
    assert all(is_plain_path(pin.file) and pin.file.startswith(LOCKED_FOLDER) for pin in lock.pins())
    whole = lock.only(lock.pins())
    assert parse_lock(written(whole) or None) == (whole, ())


@given(st.text(max_size=60))
def test_whatever_an_address_is_it_has_a_plain_place(text: str) -> None:
    for url in (text, f"https://h/{text}", f"https://{text}/x.yaml"):
        assert is_plain_path(Pin("", url).file)
        assert RemoteSettings(("h",)).refusal(url) == "" or RemoteSettings(("h",)).refusal(url).endswith((".", ")"))


def test_only_its_own_pin_and_source_count_for_a_pin() -> None:
    remote = RemoteSettings(("components.example.com",), {"acme": HubSource("/srv/hub.git", "main")})
    mark, hub = Pin("", URL).mark, Pin("acme", "hub/train.yaml").mark
    moved = LOCK.with_hub("acme", LockedHub("/srv/hub.git", "0" * 40, "main", HUB.files))
    other = moved.with_digest(Pin("acme", "hub/other.yaml"), OTHER).with_digest(Pin("", "https://h/x"), ONE)

    assert [state_of(one, other, remote) for one in (mark, hub)] == [state_of(one, LOCK, remote) for one in (mark, hub)]
    assert state_of(mark, LOCK.with_digest(Pin("", URL), OTHER), remote) != state_of(mark, LOCK, remote)
    assert state_of(hub, LOCK, RemoteSettings()) != state_of(hub, LOCK, remote)
    assert state_of(mark, LOCK, RemoteSettings()) != state_of(mark, LOCK, remote)


def test_what_nothing_refers_to_is_told_on_its_line() -> None:
    lock, _ = parse_lock(written(LOCK))
    found = unused(lock, [Pin("", URL).file, Pin("acme", "hub/train.yaml").file])

    assert [(one.rule, one.span.line) for one in found] == [("lock-unused", 4), ("lock-unused", 12)]


def test_a_lock_without_some_pins_forgets_hubs_that_are_left_empty() -> None:
    assert LOCK.only([Pin("", URL)]) == Lock({URL: ONE})
