"""The signature of a GitHub App: the one home of cryptography, loaded by the first call."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping

from reconciler.adapters.github_http import Secret
from reconciler.adapters.github_reasons import KEY
from reconciler.errors import Stalled

_NO_KEY = "The private key of the GitHub App cannot be read: it is a PEM file that begins with BEGIN."


def signed(app: str, private_key: Secret, now: float) -> Secret:
    """The token with which an App speaks for itself, for nine minutes from `now` by GitHub's clock.

    A JSON Web Token (RFC 7519) with RS256 (RFC 7518, 3.3). Raises Stalled for a key that is none.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(private_key.reveal().encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Stalled(KEY, _NO_KEY) from None
    if not isinstance(key, RSAPrivateKey):
        raise Stalled(KEY, "The private key of the GitHub App is no RSA key, and GitHub makes no other.")
    claims = {"iat": int(now) - 60, "exp": int(now) + 540, "iss": app}
    told = f"{_part({'typ': 'JWT', 'alg': 'RS256'})}.{_part(claims)}"
    return Secret(f"{told}.{_encoded(key.sign(told.encode(), PKCS1v15(), SHA256()))}")


def _part(values: Mapping[str, object]) -> str:
    return _encoded(json.dumps(values, separators=(",", ":")).encode())


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")
