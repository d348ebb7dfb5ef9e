"""Texts of components by their addresses, over https only. Which addresses may be asked is told by the caller.

Nothing but `headgate lock` fetches: judging, planning and running never do.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urldefrag, urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from reconciler.errors import ReconcileError, Stalled, Waiting
from reconciler.flows.reader import MAX_BYTES

Refusal = Callable[[str], str]  # why an address may not be asked; "" where it may

_AT_ONCE = 8
_CHUNK = 64 * 1024
_LATER = timedelta(minutes=1)
_HEADERS = {"User-Agent": "headgate", "Accept": "*/*", "Accept-Encoding": "identity"}


def fetch_all(
    urls: Sequence[str], refusal: Refusal, timeout: float = 10.0, deadline: float = 60.0
) -> Mapping[str, bytes | ReconcileError]:
    """What each address gives, or why it gave nothing: Waiting where time helps, Stalled where a person must.

    `timeout` are seconds for each answer of a server, `deadline` seconds for the whole of a text.
    """

    def one(url: str) -> bytes | ReconcileError:
        try:
            return fetch(url, refusal, timeout, deadline)
        except ReconcileError as error:
            return error

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip(urls, pool.map(one, urls), strict=True))


def fetch(url: str, refusal: Refusal, timeout: float = 10.0, deadline: float = 60.0) -> bytes:
    """What an address gives. Raises Waiting, Stalled; their messages name the host and nothing else of an address."""
    host = urlsplit(url).hostname or "the host"
    why_not = refusal(url)
    if why_not:
        raise Stalled("NotAllowed", why_not)
    until = time.monotonic() + deadline
    request = Request(url, headers=_HEADERS)  # noqa: S310 - what is let through is https
    try:
        with _opener(refusal).open(request, timeout=timeout) as answer:
            return _body(answer, host, until)
    except HTTPError as error:
        raise _refused(error.code, host) from None
    except URLError as error:
        raise _away(error.reason, host) from None
    except (OSError, HTTPException) as error:
        raise _away(error, host) from None


class _Redirects(HTTPRedirectHandler):
    """Follows a few redirects, each to an address that is allowed as well."""

    max_redirections = 5
    max_repeats = 2

    def __init__(self, refusal: Refusal) -> None:
        self._refusal = refusal

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        target = urldefrag(newurl).url
        refusal = self._refusal(target)
        if refusal:
            raise Stalled("NotAllowed", f"{req.host} sends on to {urlsplit(target).hostname}: {refusal}")
        return super().redirect_request(req, fp, code, msg, headers, target)


def _opener(refusal: Refusal) -> OpenerDirector:
    """Speaks https and nothing else: no files, no plain http, no credentials of the user's."""
    opener = OpenerDirector()
    https = HTTPSHandler(context=ssl.create_default_context())
    for handler in (ProxyHandler(), https, _Redirects(refusal), HTTPDefaultErrorHandler(), HTTPErrorProcessor()):
        opener.add_handler(handler)
    return opener


def _body(answer: HTTPResponse, host: str, until: float) -> bytes:
    told = answer.headers.get("Content-Length", "")
    size = int(told) if told.isdecimal() else None
    if size is not None and size > MAX_BYTES:
        raise _too_large(host)
    kept = bytearray()
    while chunk := answer.read1(_CHUNK):  # what is there, so that a server that trickles is seen to
        kept += chunk
        if len(kept) > MAX_BYTES:
            raise _too_large(host)
        if time.monotonic() > until:
            raise TimeoutError
    if size is not None and len(kept) < size:
        raise Waiting("FetchFailed", f"{host} ended in the middle of its answer.", _LATER)
    return bytes(kept)


def _too_large(host: str) -> Stalled:
    return Stalled("TooLarge", f"{host} sends more than {MAX_BYTES >> 20} MiB, which no flow file may have.")


def _refused(code: int, host: str) -> ReconcileError:
    if code in (404, 410):
        return Stalled("NotFound", f"{host} has no such file (HTTP {code}): correct the address.")
    if code in (401, 403, 407):
        do = "nothing is sent to sign in with: put the file where it can be read, or copy it under hub/."
        return Stalled("SignIn", f"{host} refuses (HTTP {code}), and {do}")
    if 300 <= code < 400:
        return Stalled("Redirects", f"{host} sends on too often, or to no https address (HTTP {code}).")
    if code == 429 or code >= 500:
        return Waiting("FetchFailed", f"{host} cannot answer now (HTTP {code}).", _LATER)
    return Stalled("Refused", f"{host} refuses (HTTP {code}).")


def _away(reason: object, host: str) -> ReconcileError:
    if isinstance(reason, ssl.SSLCertVerificationError):
        why = reason.verify_message or "it cannot be verified"
        do = "name your own authority in SSL_CERT_FILE if it has one."
        return Stalled("Certificate", f"The certificate of {host} is not trusted ({why}): {do}")
    if isinstance(reason, TimeoutError):
        return Waiting("FetchTimeout", f"{host} did not answer in time.", _LATER)
    why = reason.strerror if isinstance(reason, OSError) and reason.strerror else type(reason).__name__
    return Waiting("FetchFailed", f"{host} cannot be reached ({why}).", _LATER)
