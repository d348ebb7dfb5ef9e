"""Signatures of bodies by a secret that both sides know: HMAC with SHA-256, over the bytes as they came."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

SCHEME = "sha256="


def signature(secret: bytes, body: bytes) -> str:
    """`sha256=…`, as GitHub sends it in `X-Hub-Signature-256`."""
    return SCHEME + hmac.digest(secret, body, "sha256").hex()


def is_signed(body: bytes, given: str, secrets: Sequence[bytes]) -> bool:
    """Whether one of the secrets made the signature; takes as long for any wrong one. Two may be active at a time."""
    proven = False
    for secret in secrets:
        proven |= hmac.compare_digest(signature(secret, body).encode(), given.encode("utf-8", "replace"))
    return proven
