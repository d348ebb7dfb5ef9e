"""How GitHub is configured: every mistake on its line, and no secret in any of them."""

import pytest

from console.config import ConfigError, load_config
from console.github_config import GitHubConfig, SecretPlace

APP = "app: {id: 12345, privateKey: {file: app.pem}}"
TOKEN = "token: {env: TOKEN}"
ENVIRONMENT = {"TOKEN": "ghp_sesame", "HOOK": "open", "HOOK2": "shut", "EMPTY": ""}


def read(tmp_path, *lines: str, environment: dict[str, str] | None = None) -> GitHubConfig:
    file = tmp_path / "server.yaml"
    file.write_text("github:\n" + "".join(f"  {line}\n" for line in lines))
    if not (tmp_path / "app.pem").exists():
        (tmp_path / "app.pem").write_text("-----BEGIN KEY-----\n")
    found = load_config(file, ENVIRONMENT if environment is None else environment).github
    assert found is not None
    return found


def test_an_app_serves_what_it_is_installed_on_and_runs_nothing_here(tmp_path):
    config = read(tmp_path, APP)

    assert (config.app, config.repositories, config.run_locally) == ("12345", (), False)
    assert config.api_url == "https://api.github.com"
    assert config.poll_seconds == 60
    assert config.private_key == SecretPlace(file=tmp_path / "app.pem")


def test_a_token_serves_the_repositories_that_are_named(tmp_path):
    config = read(tmp_path, TOKEN, "repositories: [acme/shop, acme/store]", "runLocally: true", "pollSeconds: 30")

    assert config.repositories == ("acme/shop", "acme/store")
    assert config.run_locally
    assert config.poll_seconds == 30
    assert config.token is not None
    assert config.token.read({"TOKEN": "new\n"}) == "new"


def test_two_secrets_of_webhooks_may_be_active(tmp_path):
    config = read(tmp_path, APP, "webhookSecrets: [{env: HOOK}, {env: HOOK2}]")

    assert [place.read(ENVIRONMENT) for place in config.webhook_secrets] == ["open", "shut"]


def test_an_enterprise_server_has_an_address_of_its_own(tmp_path):
    assert read(tmp_path, APP, "apiUrl: https://git.acme.example/api/v3/").api_url == (
        "https://git.acme.example/api/v3"
    )


def test_without_a_word_there_is_no_github(tmp_path):
    assert load_config(None, {"HOME": str(tmp_path)}).github is None


@pytest.mark.parametrize(
    ("lines", "where", "said"),
    [
        (["repositories: [acme/shop]"], 2, "either `app` or `token`"),
        ([APP, TOKEN], 2, "either `app` or `token`"),
        ([TOKEN], 2, "Name the `repositories`"),
        (["app: {id: 1}"], 2, "Add `privateKey`"),
        (["app: {id: Iv1.8a61f9b3a7aba766, privateKey: {env: KEY}}"], 2, "not the client ID"),
        ([APP, "repositories: [shop]"], 3, "`owner/name`"),
        ([APP, "repositories: ['--upload-pack=x/y']"], 3, "`owner/name`"),
        ([APP, "runLocaly: true"], 3, "did you mean `runLocally`"),
        ([APP, "pollSeconds: 1"], 3, "at least 5"),
        ([APP, "apiUrl: http://api.github.com"], 3, "address of GitHub's API"),
        ([APP, "apiUrl: https://me:pw@api.github.com"], 3, "address of GitHub's API"),
        ([APP, "webhookSecrets: [{env: HOOK}, {env: HOOK2}, {env: TOKEN}]"], 2, "at most two"),
        ([APP, "webhookSecrets: [{env: EMPTY}]"], 3, "variable EMPTY is not set"),
        (["app: {id: 1, privateKey: {file: away.pem}}"], 2, "cannot be read: No such file"),
        (["app: {id: 1, privateKey: {file: app.pem}, clientId: Iv1.a}"], 2, "both `clientId` and `clientSecret`"),
        (["app: {id: 1, privateKey: {file: app.pem}, clientSecret: {file: app.pem}}"], 2, "both `clientId` and"),
        (
            ["app: {id: 1, privateKey: {file: app.pem}, clientId: Iv1.a, clientSecret: {env: NOWHERE}}"],
            2,
            "NOWHERE is not set",
        ),
        (["app: {id: 1, privateKey: {file: app.pem, env: KEY}}"], 2, "Name one place"),
    ],
)
def test_a_mistake_is_told_on_its_line(tmp_path, lines, where, said):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, *lines)

    assert said in caught.value.text()
    assert f"server.yaml:{where}:" in caught.value.text()


@pytest.mark.parametrize(
    "line",
    [
        "token: ghp_sesame",
        "token: {env: ghp_sesame-1}",
        "token: {value: ghp_sesame}",
        "token: [ghp_sesame]",
        "webhookSecrets: [ghp_sesame]",
        "webhookSecrets: ghp_sesame",
        "app: {id: 1, privateKey: ghp_sesame}",
        "app: {id: 1, privateKey: {env: KEY}, clientId: Iv1.a, clientSecret: ghp_sesame}",
        "app: {id: 1, privateKey: {env: KEY}, clientSecret: ghp_sesame, clientId: [sesame]}",
        "app: {id: 1, privateKey: {env: KEY}, clientId: ghp sesame, clientSecret: {env: KEY}}",
    ],
)
def test_a_secret_that_was_written_down_is_not_repeated(tmp_path, line):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, line)

    assert "sesame" not in caught.value.text()
    assert "server.yaml:2:" in caught.value.text()
