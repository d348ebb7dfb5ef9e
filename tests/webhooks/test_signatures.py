"""Signatures: what one of the active secrets has made, and nothing else."""

import pytest

from webhooks.signatures import is_signed, signature

SECRET = b"It's a Secret to Everybody"
BODY = b"Hello, World!"
MADE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def test_a_signature_is_what_github_documents():
    assert signature(SECRET, BODY) == MADE
    assert is_signed(BODY, MADE, [SECRET])


def test_either_of_two_active_secrets_proves():
    assert is_signed(BODY, signature(b"old", BODY), [b"new", b"old"])
    assert is_signed(BODY, signature(b"new", BODY), [b"new", b"old"])


@pytest.mark.parametrize(
    "given", ["", MADE[7:], MADE.upper(), MADE[:-1], MADE + "0", "sha1=" + MADE[7:], "sha256=", "sha256=\u00e9\udc80"]
)
def test_anything_else_proves_nothing(given):
    assert not is_signed(BODY, given, [SECRET])
    assert not is_signed(BODY + b"\n", MADE, [SECRET])
    assert not is_signed(BODY, MADE, [])
