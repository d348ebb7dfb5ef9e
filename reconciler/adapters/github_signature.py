"""The token with which a GitHub App speaks for itself, signed by a process of its own (github_signer.py).

A signature is wanted once in eight minutes. What makes it would be a tenth of the memory of a service at rest.
"""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from reconciler.adapters.github_http import Secret
from reconciler.adapters.github_reasons import KEY
from reconciler.errors import ReconcileError, Stalled, Waiting

LONGEST = 30.0  # s for a signature; it takes 0.1
_PROGRAM = str(Path(__file__).with_name("github_signer.py"))
_NO_KEY, _NO_RSA = 10, 11  # codes that it exits with
_SOON = timedelta(seconds=15)


def signed(app: str, private_key: Secret, now: float) -> Secret:
    """A JSON Web Token (RFC 7519), good for nine minutes from `now` by GitHub's clock.

    Raises Stalled for a key that is none, and Waiting where no process can be started.
    """
    claims = {"iat": int(now) - 60, "exp": int(now) + 540, "iss": app}
    told = f"{_part({'typ': 'JWT', 'alg': 'RS256'})}.{_part(claims)}"
    return Secret(f"{told}.{_encoded(_signature(private_key, told))}")


def _signature(private_key: Secret, text: str) -> bytes:
    given = f"{private_key.reveal()}\0{text}".encode()
    command = [sys.executable, "-P", _PROGRAM]
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=LONGEST, check=False)
    except (OSError, subprocess.TimeoutExpired):
        raise _no_process() from None
    if done.returncode:
        raise _refusal(done.returncode)
    return done.stdout


def _refusal(code: int) -> ReconcileError:
    if code == _NO_KEY:
        message = "The private key of the GitHub App cannot be read: it is a PEM file that begins with BEGIN."
        return Stalled(KEY, message)
    if code == _NO_RSA:
        return Stalled(KEY, "The private key of the GitHub App is no RSA key, and GitHub makes no other.")
    return _no_process()


def _no_process() -> Waiting:
    return Waiting("GitHubSignature", "The process that signs for the GitHub App did not end well.", _SOON)


def _part(values: Mapping[str, object]) -> str:
    return _encoded(json.dumps(values, separators=(",", ":")).encode())


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")
