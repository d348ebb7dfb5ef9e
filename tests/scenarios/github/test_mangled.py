"""Signed webhooks that are wrong in every way: no step stumbles over what they asked for, and the world goes on."""

from __future__ import annotations

import os
from random import Random

import httpx
import pytest

from tests.conftest import SEED
from tests.documents import exits
from tests.github.webhooks import signature
from tests.scenarios.github.listening import listening
from tests.scenarios.github.world import GitHubWorld, flow
from tests.webhooks.mangling import mangled

pytestmark = pytest.mark.slow  # each test has a whole GitHub of its own, over HTTP

COUNT = 150
MORE = {"flows/churn.yaml": flow({"train": exits(0), "tell": exits(0)})}


def test_what_mangled_webhooks_ask_for_is_done_or_answered_without_a_fault(world: GitHubWorld):
    chance, github = Random(os.environ[SEED]), world.github
    github.allow("ann")
    world.connect()
    with listening(world, world.store) as address:
        github.deliver_to(address, secret="sesame")
        pull = github.open_pull_request(MORE)
        world.tell()
        github.comment(pull, "/help")
        github.rerequest(world.check(pull.head_sha))
        world.settle()
        sent = [one for one in github.webhooks.deliveries if one.event != "ping"]
        others = [one.payload for one in sent]
        with httpx.Client(trust_env=False) as client:
            for number in range(COUNT):
                one = chance.choice(sent)
                body = mangled(one.payload, chance, others)
                headers = {"x-github-event": one.event, "x-github-delivery": f"mangled-{number}"}
                headers["x-hub-signature-256"] = signature("sesame", body)
                answer = client.post(address, content=body, headers=headers)
                assert answer.status_code in (202, 204, 400), (answer.text, one.event, body[:3000])
        world.pass_time(300)

        assert world.faults() == 0
        sha = github.push(MORE)
        world.settle()
    assert world.check(sha, "headgate/churn").conclusion == "success"
    assert github.limits.refused == []
