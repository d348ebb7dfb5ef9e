"""Tokens with which ops prove that they speak for their attempt. What they may then do is not decided here."""

from __future__ import annotations

import hmac
import os
import secrets
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

_SECRET_BYTES = 32


class Tokens:
    """Derives an attempt's token from a secret of the data directory, so that a restart forgets none.

    Raises OSError where the secret can be neither read nor made.
    """

    def __init__(self, data_dir: Path) -> None:
        self._secret = _secret(data_dir / "callback.secret")

    def token(self, attempt: str) -> str:
        """What the attempt's op is given: good for this attempt only, for as long as it lives."""
        return hmac.new(self._secret, b"attempt\0" + attempt.encode(), sha256).hexdigest()

    def proves(self, token: str, attempt: str) -> bool:
        """Whether a token is that attempt's; takes as long for any wrong one (RFC 2104, constant-time comparison)."""
        return hmac.compare_digest(self.token(attempt).encode(), token.encode())


def _secret(path: Path) -> bytes:
    """The secret in the file, made on first use; of two that make it at once, both take the first."""
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        with open(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())  # a disk that fails soon after would leave its name with nothing in it
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    secret = path.read_bytes()
    if len(secret) < _SECRET_BYTES:
        raise OSError(f"{path} is no secret of {_SECRET_BYTES} bytes; delete it to have a new one made")
    return secret
