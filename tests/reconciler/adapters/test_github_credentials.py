"""Signing in to GitHub survives whatever happens to clocks, keys, tokens and installations, and tells no secret."""

import logging
import subprocess
import sys
import traceback
from threading import Thread

import pytest

from reconciler.adapters.github_credentials import READ
from reconciler.adapters.github_http import Secret
from reconciler.errors import ReconcileError, Waiting
from tests.reconciler.adapters.github_world import GATE, LOOKED_UP, NEW_TOKEN, Headgate, installed, worded
from tests.reconciler.adapters.sql_world import GivenClock

pytestmark = pytest.mark.slow  # each test has a whole GitHub of its own, over HTTP


@pytest.fixture
def clock():
    return GivenClock()


@pytest.fixture
def world(tmp_path, clock):
    with installed(tmp_path, clock) as made:
        yield made


def words(number):
    return worded(GATE, f"Words {number}.")


def test_one_token_serves_for_an_hour_and_is_replaced_before_its_end(world, clock):
    github, headgate, sha = world
    for number in range(12):
        headgate.post(sha, words(number))
        clock.advance(300)

    assert len(github.requests.of(NEW_TOKEN)) == 2
    assert github.requests.with_status(401) == []


def test_a_token_is_narrowed_to_the_repository_and_to_what_is_done(world):
    github, headgate, sha = world
    headgate.post(sha, GATE)
    (asked,) = github.requests.of(NEW_TOKEN)

    assert asked.body["repository_ids"] == [github.find(None).id]
    assert asked.body["permissions"]["checks"] == "write"
    assert "administration" not in asked.body["permissions"]
    headgate.api.token(headgate.repository, READ)
    assert github.requests.of(NEW_TOKEN)[-1].body["permissions"] == {"contents": "read"}


def test_a_revoked_token_is_replaced_once_and_the_call_goes_through(world):
    github, headgate, sha = world
    headgate.post(sha, GATE)
    github.revoke_tokens()

    headgate.post(sha, words(1))

    assert github.check("headgate", sha).summary.startswith("Words 1.")
    assert len(github.requests.with_status(401)) == 1


class ClockThatSleeps(GivenClock):
    """Its monotonic part does not run while the machine sleeps."""

    slept = 0.0

    def monotonic(self):
        return super().monotonic() - self.slept

    def sleep(self, seconds):
        self.time += seconds
        self.slept += seconds


def test_a_token_that_ended_while_the_machine_slept_is_replaced(tmp_path):
    clock = ClockThatSleeps()
    with installed(tmp_path, clock) as (github, headgate, sha):
        headgate.post(sha, GATE)
        clock.sleep(4_000)

        headgate.post(sha, words(1))

        assert github.check("headgate", sha).summary.startswith("Words 1.")


@pytest.mark.parametrize("seconds", [-300, -61, 61, 300])
def test_a_clock_that_is_minutes_off_signs_in(tmp_path, clock, seconds):
    with installed(tmp_path, clock) as (github, headgate, sha):
        ours = GivenClock()
        ours.time = clock.time + seconds
        (tmp_path / "other").mkdir()
        off = Headgate(github, tmp_path / "other", ours, headgate.app)
        for number in range(14):
            off.post(sha, words(number))
            ours.advance(300)
            clock.advance(300)
        off.close()

        assert github.check("headgate", sha).summary.startswith("Words 13.")
        assert len(github.requests.with_status(401)) <= 1
        assert len(github.requests.of(NEW_TOKEN)) <= 3


def test_a_new_key_is_taken_without_a_restart(world, clock):
    github, headgate, sha = world
    headgate.post(sha, GATE)
    headgate.key = github.rotate_key(headgate.app).private_key
    clock.advance(3_600)

    headgate.post(sha, words(1))

    assert github.check("headgate", sha).summary.startswith("Words 1.")


def test_a_key_that_github_does_not_know_is_said_and_waited_for(world, clock):
    github, headgate, sha = world
    rotated = github.rotate_key(headgate.app)

    with pytest.raises(Waiting) as waiting:
        headgate.post(sha, GATE)
    assert waiting.value.reason == "GitHubSignIn"

    headgate.key = rotated.private_key
    headgate.post(sha, GATE)
    assert github.check("headgate", sha).conclusion == "success"


def test_an_app_that_was_installed_anew_has_another_number(world):
    github, headgate, sha = world
    headgate.post(sha, GATE)
    installation = next(iter(github.state.installations.values()))
    github.re_install(headgate.app, installation)

    headgate.post(sha, words(1))

    assert github.check("headgate", sha).summary.startswith("Words 1.")
    assert len(github.requests.of(LOOKED_UP)) == 2


def test_an_app_that_is_not_installed_is_waited_for(world, clock):
    github, headgate, sha = world
    installation = next(iter(github.state.installations.values()))
    github.uninstall(installation)

    with pytest.raises(Waiting) as waiting:
        headgate.post(sha, GATE)
    assert waiting.value.reason == "GitHubNotInstalled"
    assert "acme/shop" in waiting.value.message

    github.install(headgate.app)
    headgate.post(sha, GATE)
    assert github.check("headgate", sha).conclusion == "success"


def test_a_suspended_installation_is_waited_for(world):
    github, headgate, sha = world
    installation = next(iter(github.state.installations.values()))
    github.suspend(installation)
    with pytest.raises(Waiting):
        headgate.post(sha, GATE)

    github.unsuspend(installation)
    headgate.post(sha, GATE)
    assert github.check("headgate", sha).conclusion == "success"


def test_many_threads_ask_for_one_token(world):
    github, headgate, _ = world
    threads = [Thread(target=lambda: headgate.api.token(headgate.repository, READ)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(github.requests.of(NEW_TOKEN)) == 1
    assert len(github.requests.of(LOOKED_UP)) == 1


def test_an_enterprise_server_is_spoken_to_below_its_own_address(tmp_path, clock):
    with installed(tmp_path, clock) as (github, headgate, sha):
        headgate.address = github.enterprise_url
        headgate.restart()

        headgate.post(sha, GATE)

        assert github.check("headgate", sha).conclusion == "success"


def test_an_app_may_be_named_by_its_client_id(world):
    github, headgate, sha = world
    headgate.app_id = headgate.app.app.client_id
    headgate.restart()

    headgate.post(sha, GATE)
    headgate.post(sha, words(1))

    assert github.check("headgate", sha).updates == 1


def test_who_has_no_github_does_not_load_its_libraries():
    code = (
        "import sys, reconciler.adapters.github_api; sys.exit(bool({'urllib3', 'cryptography'} & sys.modules.keys()))"
    )

    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


# --- secrets


def test_no_secret_is_told_by_logs_errors_or_values(world, caplog, clock):
    """Canary: the words of every fault, all logs at their loudest, and how everything that holds one shows."""
    github, headgate, sha = world
    caplog.set_level(logging.DEBUG)
    told = []
    headgate.post(sha, GATE)
    for fault in (github.faults.reset, github.faults.error, github.faults.forget):
        fault("")
        try:
            headgate.post(sha, words(len(told)))
        except ReconcileError as error:
            told.append("".join(traceback.format_exception(error)))
        clock.advance(120)
    github.revoke_tokens()
    headgate.post(sha, words(99))
    tokens = [headgate.api.token(headgate.repository, READ).reveal(), headgate.credentials._signature().reveal()]
    tokens += [kept.token.reveal() for kept in headgate.credentials._kept.values()]
    tokens += [line for line in headgate.key.splitlines() if len(line) > 40]
    told += [f"{record.name}: {record.getMessage()}" for record in caplog.records]
    told += [repr(vars(one)) for one in (headgate.api, headgate.http, headgate.credentials, headgate.checks)]

    assert len(told) > 3
    assert [one for one in told if any(token in one for token in tokens)] == []


@pytest.mark.parametrize("token", ["canary\nX-Evil: 1", "canary\x00", " canary-bird "])
def test_a_token_with_odd_characters_is_told_by_nobody(tmp_path, clock, token):
    with installed(tmp_path, clock) as (github, _, sha):
        (tmp_path / "other").mkdir()
        headgate = Headgate(github, tmp_path / "other", clock, token=token)
        with pytest.raises(ReconcileError) as error:
            headgate.post(sha, GATE)
        headgate.close()

    assert "canary" not in "".join(traceback.format_exception(error.value))


def test_a_secret_shows_only_to_those_who_ask():
    secret = Secret("canary")

    assert "canary" not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == "canary"
    assert (secret == Secret("canary"), secret == Secret("other")) == (True, False)


def test_the_password_of_a_proxy_is_not_told(world, monkeypatch):
    _, headgate, sha = world
    monkeypatch.setenv("http_proxy", "http://user:canary@127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    headgate.restart()

    with pytest.raises(Waiting) as error:
        headgate.post(sha, GATE)

    assert "canary" not in "".join(traceback.format_exception(error.value))
