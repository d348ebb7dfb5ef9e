"""Single calls: what is sent once, where it goes, by which way, and how much of an answer is taken."""

import gzip
import threading
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import sleep

import pytest

from reconciler.adapters import github_connections
from reconciler.adapters.github_http import NOBODY, Call, Http, OutcomeUnknown, Secret
from reconciler.errors import Stalled, Waiting
from tests.https_server import HttpsServer, make_certificate

TOKEN = Secret("canary")
GET = Call("GET", "/things")
POST = Call("POST", "/things", body={"name": "x"})


class Server:
    """Answers as `answer` says. Remembers (verb, path, headers, body) of what it was asked, and how often called."""

    def __init__(self):
        self.asked, self.calls = [], 0
        self.answer = lambda request: give(request, b"{}")
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                server.calls += 1
                super().setup()

            def do(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                server.asked.append((self.command, self.path, self.headers, body))
                server.answer(self)

            do_GET = do_POST = do_PATCH = do_CONNECT = do

            def log_message(self, *_words):
                """Nothing is printed."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.http.server_address[1]}"


@contextmanager
def serving():
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.http.shutdown()
        server.http.server_close()
        thread.join()


def give(request, body, status=200, **headers):
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name.replace("_", "-"), value)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    with suppress(ConnectionError):  # who finds it too long hangs up
        request.wfile.write(body)


@pytest.fixture(autouse=True)
def no_way_of_its_own(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "requests_ca_bundle"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server():
    with serving() as made:
        yield made


@pytest.fixture
def http(server):
    with closing(Http(f"{server.address}/api/v3", timeout=20)) as made:
        yield made


# --- what is sent


def test_a_call_goes_below_the_address_with_what_github_wants_to_know(server, http):
    http.ask(Call("GET", "/things", {"q": "a b&c"}, etag='"1"'), TOKEN)

    ((verb, path, headers, body),) = server.asked
    assert (verb, path, body) == ("GET", "/api/v3/things?q=a+b%26c", b"")
    assert headers["Authorization"] == "Bearer canary"
    assert headers["If-None-Match"] == '"1"'
    assert headers["User-Agent"] == "headgate"
    assert headers["X-GitHub-Api-Version"]
    assert headers["Content-Type"] is None


def test_a_body_is_json(server, http):
    http.ask(POST, NOBODY)

    ((_, _, headers, body),) = server.asked
    assert (headers["Content-Type"], body) == ("application/json", b'{"name": "x"}')
    assert headers["Authorization"] is None


def test_a_file_with_passwords_for_hosts_is_not_looked_at(server, http, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))

    http.ask(GET, TOKEN)

    assert server.asked[0][2]["Authorization"] == "Bearer canary"


def test_threads_share_connections_that_are_kept(server, http):
    for _ in range(5):
        http.ask(GET, TOKEN)
    assert server.calls == 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: http.ask(GET, TOKEN), range(40)))
    assert server.calls <= 4


# --- what comes back


def test_names_of_headers_are_told_in_lower_case(server, http):
    server.answer = lambda request: give(request, b'{"a": [1]}', 201, ETag='"1"')

    answer = http.ask(POST, TOKEN)

    assert (answer.status, answer.data, answer.headers["etag"]) == (201, {"a": [1]}, '"1"')


def test_what_is_packed_is_unpacked(server, http):
    server.answer = lambda request: give(request, gzip.compress(b'{"a": 1}' + b" " * 100_000), Content_Encoding="gzip")

    assert http.ask(GET, TOKEN).data == {"a": 1}


@pytest.mark.parametrize("packed", [False, True])
def test_more_than_an_answer_may_have_is_not_taken(server, http, packed, monkeypatch):
    monkeypatch.setattr(github_connections, "LARGEST", 1 << 20)
    body = b" " * (5 << 20)
    more = {"Content_Encoding": "gzip"} if packed else {}
    server.answer = lambda request: give(request, gzip.compress(body) if packed else body, **more)

    with pytest.raises(Waiting, match="sent more than an answer may have"):
        http.ask(GET, TOKEN)
    with pytest.raises(OutcomeUnknown):
        http.ask(POST, TOKEN)


def test_an_answer_that_trickles_ends(server, http, monkeypatch):
    monkeypatch.setattr(github_connections, "LONGEST", 0.3)

    def trickle(request):
        request.send_response(200)
        request.end_headers()
        for _ in range(20):
            request.wfile.write(b" ")
            sleep(0.05)

    server.answer = trickle

    with pytest.raises(Waiting, match="in time"):
        http.ask(GET, TOKEN)


def cut(request):
    request.send_response(200)
    request.send_header("Content-Length", "100")
    request.end_headers()
    request.wfile.write(b"[")
    request.close_connection = True


def hang_up(request):
    request.close_connection = True


@pytest.mark.parametrize("fault", [cut, hang_up])
def test_a_write_without_an_answer_is_sent_once_and_its_outcome_is_unknown(server, http, fault):
    server.answer = fault

    with pytest.raises(OutcomeUnknown):
        http.ask(POST, TOKEN)

    assert len(server.asked) == 1


def test_a_write_that_is_not_answered_in_time_is_sent_once_and_its_outcome_is_unknown(server):
    with closing(Http(f"{server.address}/api/v3", timeout=1)) as http:
        http.ask(GET, TOKEN)  # it is connected: only the answer takes time
        server.answer = lambda request: request.rfile.read(1)
        with pytest.raises(OutcomeUnknown):
            http.ask(POST, TOKEN)

        assert [verb for verb, *_ in server.asked] == ["GET", "POST"]


@pytest.mark.parametrize("fault", [cut, hang_up])
def test_a_read_without_an_answer_is_waited_for(server, http, fault):
    server.answer = fault

    with pytest.raises(Waiting) as waiting:
        http.ask(GET, TOKEN)

    assert not isinstance(waiting.value, OutcomeUnknown)
    assert len(server.asked) == 1


# --- redirects


@pytest.mark.parametrize("status", [301, 307, 308])
def test_a_redirect_on_the_host_is_followed_as_it_was_sent(server, http, status):
    def moved(request):
        if request.path.endswith("/new"):
            return give(request, b'{"here": true}')
        return give(request, b"<p>Moved.</p>", status, Location="/api/v3/new")

    server.answer = moved

    assert http.ask(POST, TOKEN).data == {"here": True}
    assert [(verb, path, body) for verb, path, _, body in server.asked] == [
        ("POST", "/api/v3/things", b'{"name": "x"}'),
        ("POST", "/api/v3/new", b'{"name": "x"}'),
    ]


@pytest.mark.parametrize("target", ["{other}/x", "//{host}/x", "https://{own}/x", "http://canary@{own}/x", "http://[/"])
def test_no_redirect_leads_to_another_host_or_scheme(server, http, target):
    with serving() as other:
        own, host = (one.address.removeprefix("http://") for one in (server, other))
        location = target.format(other=other.address, host=host, own=own)
        server.answer = lambda request: give(request, b"", 301, Location=location)

        with pytest.raises(Stalled, match="correct apiUrl"):
            http.ask(GET, TOKEN)
        assert other.asked == []


def test_redirects_in_a_circle_end(server, http):
    server.answer = lambda request: give(request, b"", 301, Location=request.path)

    assert http.ask(GET, TOKEN).status == 301
    assert len(server.asked) == 4


def test_the_next_page_of_a_list_is_on_the_host_too(server, http):
    http.ask(Call("GET", f"{server.address}/api/v3/things?page=2"), TOKEN)
    assert server.asked[0][1] == "/api/v3/things?page=2"

    with pytest.raises(Stalled):
        http.ask(Call("GET", "http://127.0.0.1:1/things?page=3"), TOKEN)


# --- proxies


def test_a_proxy_is_asked_with_its_password_unless_the_host_is_reached_without(server, monkeypatch):
    with serving() as proxy:
        monkeypatch.setenv("http_proxy", proxy.address.replace("http://", "http://us%3Aer:pass%40@"))
        Http("http://github.example.org/api/v3").ask(GET, TOKEN)
        ((_, path, headers, _),) = proxy.asked
        assert path == "http://github.example.org/api/v3/things"
        assert headers["Proxy-Authorization"] == "Basic " + b64encode(b"us:er:pass@").decode()

        monkeypatch.setenv("no_proxy", "127.0.0.1")
        Http(server.address).ask(GET, TOKEN)
        assert len(proxy.asked) == len(server.asked) == 1


def test_through_a_proxy_the_token_is_in_the_tunnel_alone(monkeypatch):
    with serving() as proxy:
        proxy.answer = lambda request: give(request, b"", 407)
        monkeypatch.setenv("HTTPS_PROXY", proxy.address)

        with pytest.raises(Waiting, match="proxy that HTTPS_PROXY names") as waiting:
            Http("https://github.example.org").ask(POST, TOKEN)

        assert not isinstance(waiting.value, OutcomeUnknown)
        ((verb, path, headers, _),) = proxy.asked
        assert (verb, path) == ("CONNECT", "github.example.org:443")
        assert headers["Authorization"] is None


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "http://[", "127.0.0.1:1"])
def test_a_proxy_that_cannot_be_used_is_told(monkeypatch, proxy):
    monkeypatch.setenv("https_proxy", proxy)

    with pytest.raises(Waiting, match="proxy that HTTPS_PROXY names"):
        Http("https://github.example.org").ask(POST, TOKEN)


# --- certificates


@pytest.fixture
def trusted(tmp_path):
    made = HttpsServer(make_certificate(tmp_path))
    made.answers["/things"] = b'{"secure": true}'
    with made.serving():
        yield made


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_an_authority_of_ones_own_is_named(trusted, monkeypatch, variable):
    monkeypatch.setenv(variable, str(trusted.certificate))

    assert Http(trusted.url("")).ask(GET, TOKEN).data == {"secure": True}


def test_a_certificate_of_a_stranger_is_refused(trusted):
    with pytest.raises(Waiting, match="not trusted") as waiting:
        Http(trusted.url("")).ask(POST, TOKEN)

    assert waiting.value.reason == "GitHubCertificate"
    assert trusted.asked == []


@pytest.mark.parametrize("there", [False, True])
def test_authorities_that_are_none_are_told(tmp_path, monkeypatch, there):
    file = tmp_path / "authorities.pem"
    if there:
        file.write_text("nothing")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))

    with pytest.raises(Waiting, match="REQUESTS_CA_BUNDLE names no file"):
        Http("https://127.0.0.1:1").ask(POST, TOKEN)
