"""What is sealed is read with the same name, secret, use and place, and with nothing less."""

import pytest

from reconciler.adapters.sealing import key_of, sealed, unsealed

KEY = key_of("name", "secret", "session")


def test_what_is_sealed_is_read_again_and_cannot_be_seen():
    made = sealed(KEY, b"ghu_canary", "place")

    assert unsealed(KEY, made, "place") == b"ghu_canary"
    assert b"canary" not in made
    assert sealed(KEY, b"ghu_canary", "place") != made


@pytest.mark.parametrize("parts", [("other", "secret", "session"), ("name", "", "session"), ("name", "secret", "form")])
def test_another_name_secret_or_use_is_another_key(parts):
    assert unsealed(key_of(*parts), sealed(KEY, b"x", "place"), "place") is None


def test_nothing_is_read_at_another_place_or_after_a_change():
    made = sealed(KEY, b"x", "place")
    changed = [made[:at] + bytes([made[at] ^ 1]) + made[at + 1 :] for at in range(len(made))]

    assert unsealed(KEY, made, "elsewhere") is None
    assert [unsealed(KEY, one, "place") for one in [*changed, made[:-1], made[:5], b""]] == [None] * (len(made) + 3)
