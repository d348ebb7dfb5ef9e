"""A program that signs once (RS256, RFC 7518, 3.3), so that nothing else loads what that takes. It imports none of us.

Key (PEM) and text come by standard input, a zero byte between them; the signature goes to standard output.
"""

from __future__ import annotations

import sys

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

NO_KEY, NO_RSA = 10, 11  # codes to exit with


def main() -> int:
    """Sign what comes in."""
    pem, _, text = sys.stdin.buffer.read().partition(b"\0")
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return NO_KEY
    if not isinstance(key, RSAPrivateKey):
        return NO_RSA
    sys.stdout.buffer.write(key.sign(text, PKCS1v15(), SHA256()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
