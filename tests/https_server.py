"""A small https server on this machine, with a certificate of its own that SSL_CERT_FILE makes trusted."""

from __future__ import annotations

import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

Answer = Callable[[BaseHTTPRequestHandler], None]


class _Server(ThreadingHTTPServer):
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news."""


class HttpsServer:
    """Answers by path: bytes are a text, a function does as it likes; everything else is not found."""

    def __init__(self, certificate: Path) -> None:
        self.answers: dict[str, bytes | Answer] = {}
        self.asked: list[str] = []
        self.certificate = certificate
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.host = f"localhost:{self._server.server_address[1]}"

    def url(self, path: str) -> str:
        return f"https://{self.host}{path}"

    def redirect(self, path: str, target: str) -> None:
        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(302)
            request.send_header("Location", target)
            request.send_header("Content-Length", "0")
            request.end_headers()

        self.answers[path] = answer

    def serve_folder(self, prefix: str, folder: Path) -> None:
        """Every file of a folder, as it is now."""
        for file in folder.rglob("*"):
            if file.is_file():
                self.answers[f"{prefix}/{file.relative_to(folder).as_posix()}"] = file.read_bytes()

    def refuse(self, path: str, code: int) -> None:
        self.answers[path] = lambda request: request.send_error(code)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append(self.path)
                answer = server.answers.get(self.path.partition("?")[0])
                if answer is None:
                    self.send_error(404)
                elif isinstance(answer, bytes):
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)
                else:
                    answer(self)

            def log_message(self, *_words: Any) -> None:
                """Nothing is printed."""

        return Handler

    @contextmanager
    def serving(self) -> Iterator[HttpsServer]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    @contextmanager
    def trusted(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpsServer]:
        """Serving to a program that trusts the certificate and asks no proxy."""
        monkeypatch.setenv("SSL_CERT_FILE", str(self.certificate))
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "GIT_SSL_CAINFO"):
            monkeypatch.delenv(name, raising=False)
        with self.serving():
            yield self


def make_certificate(folder: Path) -> Path:
    """A key and a certificate for localhost, signed by itself, in one file."""
    file, key = folder / "certificate.pem", folder / "key.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    command = ["openssl", "req", "-x509", *curve, *subject, "-keyout", str(key), "-out", str(file)]
    subprocess.run(command, check=True, capture_output=True)
    file.write_bytes(key.read_bytes() + file.read_bytes())
    return file
