"""Where components of elsewhere may come from."""

from __future__ import annotations

import pytest

from reconciler.flows.remotes import HubSource, RemoteSettings
from reconciler.flows.settings import parse_settings

HOSTS = ("components.example.com", "raw.example.org/acme/", "*.hub.example.net", "local.example.com:8443")


def refusal(url: str) -> str:
    return RemoteSettings(HOSTS).refusal(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://components.example.com/train.yaml",
        "https://COMPONENTS.example.com:443/a/b/train.yaml?version=2",
        "https://raw.example.org/acme/train.yaml",
        "https://a.hub.example.net/x.yaml",
        "https://local.example.com:8443/x.yaml",
    ],
)
def test_an_address_on_the_list_is_taken(url: str) -> None:
    assert refusal(url) == ""


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/train.yaml",
        "https://components.example.com.evil.net/train.yaml",
        "https://evilcomponents.example.com/train.yaml",
        "https://components.example.com:8443/train.yaml",
        "https://raw.example.org/acme-evil/train.yaml",
        "https://raw.example.org/other/train.yaml",
        "https://hub.example.net/x.yaml",
        "https://evil-hub.example.net/x.yaml",
        "https://local.example.com/x.yaml",
        "https://127.0.0.1/x.yaml",
    ],
)
def test_a_host_or_path_that_is_not_on_the_list_is_refused_by_name(url: str) -> None:
    assert "is not on the list of allowed hosts" in refusal(url)


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://components.example.com/train.yaml", "https"),
        ("file:///etc/passwd", "https"),
        ("ftp://components.example.com/train.yaml", "https"),
        ("https://ada:secret@components.example.com/train.yaml", "user and password"),
        ("https://components.example.com@evil.net/train.yaml", "user and password"),
        ("https://raw.example.org/acme/../other/train.yaml", "plainly"),
        ("https://raw.example.org/acme/%2e%2e/other/train.yaml", "plainly"),
        ("https://raw.example.org/acme/..%2fother/train.yaml", "plainly"),
        ("https://raw.example.org/acme/..%5cother/train.yaml", "plainly"),
        ("https://components.example.com\\@evil.net/x", "user and password"),
        ("https://components.example.com\\evil.net/x", "plainly"),
        ("https://components.example.com/a b.yaml", "plainly"),
        ("https://components.example.com/a.yaml#part", "plainly"),
        ("https://components.example.com", "plainly"),
        ("https://[::1]/x.yaml", "plainly"),
        ("https://components.example.com/\nx.yaml", "plainly"),
        ("//components.example.com/x.yaml", "plainly"),
        ("{{ params.url }}", "plainly"),
        ("", "plainly"),
        ("https://components.example.com/" + "a" * 3000, "plainly"),
    ],
)
def test_an_address_that_can_be_read_in_two_ways_is_refused(url: str, word: str) -> None:
    assert word in refusal(url)
    assert "secret" not in refusal(url)


def test_without_a_list_nothing_is_taken() -> None:
    assert RemoteSettings().refusal("https://components.example.com/train.yaml") != ""


def test_hosts_and_hubs_are_read_from_the_settings() -> None:
    settings, findings = parse_settings(
        b"references:\n"
        b"  urls: [components.example.com, '*.example.org:8443', raw.example.org/acme/]\n"
        b"  hubs:\n"
        b"    acme: {url: 'https://git.example.com/acme/hub.git', revision: v1.2, folder: ./parts}\n"
        b"    root: {url: 'git@example.com:ml/hub.git', folder: .}\n"
        b"    here: {url: /srv/git/hub.git}\n"
    )

    assert findings == ()
    assert settings.remote.urls == ("components.example.com", "*.example.org:8443", "raw.example.org/acme/")
    assert settings.remote.hubs == {
        "acme": HubSource("https://git.example.com/acme/hub.git", "v1.2", "parts"),
        "root": HubSource("git@example.com:ml/hub.git", folder=""),
        "here": HubSource("/srv/git/hub.git"),
    }


@pytest.mark.parametrize(
    "text",
    [
        "urls: [https://components.example.com]",
        "urls: ['*']",
        "urls: ['exa mple.com']",
        "urls: [raw.example.org/../x]",
        "hubs: {acme: {url: 'https://ada:secret@git.example.com/hub.git'}}",
        "hubs: {acme: {url: 'ext::sh -c whoami'}}",
        "hubs: {acme: {url: 'ssh://-oProxyCommand=x/hub'}}",
        "hubs: {acme: {url: '--upload-pack=x'}}",
        "hubs: {acme: {url: ../hub}}",
        "hubs: {acme: {url: 'http://git.example.com/hub.git'}}",
        "hubs: {acme: {url: /srv/hub.git, revision: --all}}",
        "hubs: {acme: {url: /srv/hub.git, revision: 'a..b'}}",
        "hubs: {acme: {url: /srv/hub.git, folder: ../x}}",
        "hubs: {../x: {url: /srv/hub.git}}",
    ],
)
def test_a_source_that_could_mean_something_else_is_found(text: str) -> None:
    settings, findings = parse_settings(f"references:\n  {text}\n".encode())

    assert [one.rule for one in findings] == ["settings-invalid"]
    assert all(source.url == "/srv/hub.git" for source in settings.remote.hubs.values())
    assert settings.remote.urls == ()


def test_a_host_with_its_scheme_is_suggested_without() -> None:
    _, (found,) = parse_settings(b"references: {urls: ['https://components.example.com/ml']}\n")

    assert found.suggestion == "components.example.com/ml"
