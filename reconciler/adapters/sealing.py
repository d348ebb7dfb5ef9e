"""Sealing: what is kept in the database and must be read only by who also knows secrets that are not there."""

from __future__ import annotations

import os
from hashlib import sha256

_NONCE = 12  # bytes, as AES-GCM takes them


def key_of(name: str, secret: str, use: str) -> bytes:
    """A key that follows from a random name, which its holder alone has, and a secret of the service (HKDF)."""
    from cryptography.hazmat.primitives.hashes import SHA256  # 9 MB, where somebody signs in alone
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    salt = sha256(secret.encode()).digest()
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=use.encode()).derive(name.encode())


def sealed(key: bytes, content: bytes, place: str) -> bytes:
    """The content for nobody else (AES-256-GCM), good at this place alone."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, content, place.encode())


def unsealed(key: bytes, content: bytes, place: str) -> bytes | None:
    """What was sealed; None with another key, at another place, or where a byte of it has changed."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(content[:_NONCE], content[_NONCE:], place.encode())
    except (InvalidTag, ValueError):
        return None
