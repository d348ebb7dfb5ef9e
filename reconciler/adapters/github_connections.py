"""Connections to GitHub over HTTP, their proxies and authorities: the one home of urllib3, loaded by the first call.

Nothing is sent twice, no redirect is followed and no file of credentials is read. What is said is not known here.
"""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Mapping
from typing import Literal
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from urllib3 import BaseHTTPResponse, PoolManager, ProxyManager, exceptions, make_headers

KEPT = 8  # connections kept alive; more than these are closed after their answer
LARGEST = 64 << 20  # bytes of an answer: a list with a hundred checks of the longest words has 40 MB
LONGEST = 60.0  # s until the last byte of an answer, however slowly they come
_CHUNK = 64 << 10

Why = Literal["authorities", "certificate", "proxy", "late", "large", "away"]


class NoAnswer(Exception):
    """Nothing came back. `sent`: the request may have arrived all the same."""

    def __init__(self, why: Why, sent: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.sent = sent


class Connections:
    """To the host of one address, shared by all threads: one set of authorities, however many speak."""

    def __init__(self, address: str, timeout: float) -> None:
        """`timeout`: s for a connection, and for each part of an answer. Raises NoAnswer."""
        parts = urlsplit(address)
        context = _context() if parts.scheme == "https" else None
        proxy = _proxy(parts.scheme, parts.netloc.rpartition("@")[2])
        try:
            if proxy:
                self._pool: PoolManager = ProxyManager(
                    proxy, proxy_headers=_signed_in(proxy), ssl_context=context, timeout=timeout, maxsize=KEPT
                )
            else:
                self._pool = PoolManager(ssl_context=context, timeout=timeout, maxsize=KEPT)
        except (exceptions.HTTPError, ValueError):  # an address that is none, or SOCKS
            raise NoAnswer("proxy") from None

    def send(
        self, verb: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers by their names in lower case, and body of one answer. Raises NoAnswer."""
        until = time.monotonic() + LONGEST
        try:
            answer = self._pool.urlopen(
                verb, url, body=body, headers=headers, retries=False, redirect=False, preload_content=False
            )
            try:
                text = _text(answer, until)
            finally:
                answer.close()
        except exceptions.HTTPError as error:
            raise _no_answer(error) from None  # its words may tell addresses, headers and the password of a proxy
        return answer.status, {name.lower(): value for name, value in answer.headers.itermerged()}, text

    def close(self) -> None:
        """Close those that nobody uses just now."""
        self._pool.clear()


def _context() -> ssl.SSLContext:
    """Trusts the authorities of the machine, as git does, or those of REQUESTS_CA_BUNDLE or SSL_CERT_FILE alone."""
    own = os.environ.get("REQUESTS_CA_BUNDLE") or None
    try:
        if own and os.path.isdir(own):
            return ssl.create_default_context(capath=own)
        return ssl.create_default_context(cafile=own)
    except OSError:  # no such file, or no certificate in it
        raise NoAnswer("authorities") from None


def _proxy(scheme: str, host: str) -> str:
    proxies = getproxies()
    found = proxies.get(scheme) or proxies.get("all", "")
    if not found or proxy_bypass(host):
        return ""
    return found if "://" in found else f"http://{found}"


def _signed_in(proxy: str) -> Mapping[str, str]:
    parts = urlsplit(proxy)
    if parts.username is None:
        return {}
    return make_headers(proxy_basic_auth=f"{unquote(parts.username)}:{unquote(parts.password or '')}")


def _text(answer: BaseHTTPResponse, until: float) -> bytes:
    text = bytearray()
    while chunk := answer.read1(_CHUNK, decode_content=True):  # what is there, so that a trickle is seen to
        text += chunk
        if len(text) > LARGEST:
            raise NoAnswer("large", sent=True)
        if time.monotonic() > until:
            raise NoAnswer("late", sent=True)
    return bytes(text)


def _no_answer(error: exceptions.HTTPError) -> NoAnswer:
    match error:
        case exceptions.SSLError(args=(ssl.SSLCertVerificationError(), *_)):
            return NoAnswer("certificate")
        case exceptions.ProxyError():
            return NoAnswer("proxy")
        case exceptions.NewConnectionError():
            return NoAnswer("away")
        case exceptions.ConnectTimeoutError():
            return NoAnswer("late")
        case exceptions.TimeoutError():
            return NoAnswer("late", sent=True)
        case _:
            return NoAnswer("away", sent=True)
