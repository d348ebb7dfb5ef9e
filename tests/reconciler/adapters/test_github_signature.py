"""The signature of an App: what GitHub accepts, made elsewhere, and no word of the key where there is none."""

import subprocess
import sys
from textwrap import dedent

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from reconciler.adapters import github_signature
from reconciler.adapters.github_http import Secret
from reconciler.adapters.github_signature import signed
from reconciler.errors import ReconcileError, Stalled, Waiting


def pem(key):
    return Secret(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode())


def test_an_app_signs_for_nine_minutes_by_githubs_clock():
    key = rsa.generate_private_key(65537, 2048)

    token = signed("7", pem(key), 1_000_000.9).reveal()

    claims = jwt.decode(token, key.public_key(), ["RS256"], options={"verify_exp": False, "verify_iat": False})
    assert claims == {"iat": 999_940, "exp": 1_000_540, "iss": "7"}
    assert jwt.get_unverified_header(token) == {"typ": "JWT", "alg": "RS256"}


@pytest.mark.parametrize(
    "key", ["", "canary", "-----BEGIN RSA PRIVATE KEY-----\ncanary\n-----END RSA PRIVATE KEY-----\n"]
)
def test_a_key_that_is_none_is_told_without_it(key):
    with pytest.raises(ReconcileError, match="PEM file") as error:
        signed("7", Secret(key), 1e6)

    assert "canary" not in str(error.value)


def test_a_key_of_another_kind_is_told():
    with pytest.raises(Stalled, match="no RSA key"):
        signed("7", pem(ec.generate_private_key(ec.SECP256R1())), 1e6)


def test_what_signs_is_not_kept_in_memory():
    code = f"""
        import sys
        from reconciler.adapters.github_http import Secret
        from reconciler.adapters.github_signature import signed
        signed("7", Secret({pem(rsa.generate_private_key(65537, 2048)).reveal()!r}), 1e6)
        sys.exit("cryptography" in sys.modules)
    """

    assert subprocess.run([sys.executable, "-c", dedent(code)]).returncode == 0


@pytest.mark.parametrize("program", ["/nowhere", ""])
def test_where_no_process_can_be_started_time_helps(monkeypatch, program):
    monkeypatch.setattr(github_signature.sys, "executable", program or "/bin/false")

    with pytest.raises(Waiting) as waiting:
        signed("7", Secret("canary"), 1e6)

    assert waiting.value.reason == "GitHubSignature"
