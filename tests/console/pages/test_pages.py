"""Pages as a browser gets them."""

from html.parser import HTMLParser

import pytest

from console.pages.security import POLICY
from reconciler.keys import FlowKey, RunKey
from reconciler.records import Changes, EventRow, Gone
from tests.console.pages.world import SHA, PagesWorld
from tests.reconciler.checks.samples import CHURN, op, plan, state

VOID = {"meta", "link", "br", "img", "input", "hr"}
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"

FAILED = (
    state("prepare", "succeeded", outputs={"rows": 12}),
    state("train", "failed", sweep={"planned": 2}),
    state("train[0]", "succeeded", params={"lr": 0.1}),
    state("train[1]", "failed", reason="OOMKilled", message="it used 8.0 Gi", params={"lr": 0.2}),
    state("evaluate", "upstream_failed", at=(None, None), attempt=None),
    state("deploy", "upstream_failed", at=(None, None), attempt=None),
)


class Checked(HTMLParser):
    """Reads a page strictly: balanced tags, unique ids, no inline style or script."""

    def __init__(self, html):
        super().__init__()
        self.open, self.ids, self.tags = [], set(), []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        assert tag not in ("style", "script")
        for name, value in attrs:
            assert not name.startswith("on")
            assert name != "style"
            if name == "id":
                assert value not in self.ids
                self.ids.add(value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def world(tmp_path):
    made = PagesWorld(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def run(world):
    world.logs.logs["attempt-of-train[1]"] = b"epoch 1\n\x1b[31mMemoryError: too big\x1b[0m\nbye\n"
    return world.add_run(CHURN, ops=FAILED)


PAGES = [
    "/",
    "/repositories/acme/models",
    "/repositories/acme%2Fmodels",
    f"/commits/{SHA}",
    f"/commits/{SHA[:8]}",
    "/flows/flow-1",
    "/runs/3f2a9c1d77",
    "/runs/3f2a",
    "/runs/3f2a9c1d77?view=table",
    "/runs/3f2a9c1d77?view=why",
    "/runs/3f2a9c1d77?view=timeline",
    "/runs/3f2a9c1d77?view=table&op=train%5B1%5D",
    "/runs/3f2a9c1d77/logs/train%5B1%5D",
    "/runs/3f2a9c1d77/logs/train%5B1%5D?search=epoch",
    "/runs/3f2a9c1d77/logs/train%5B1%5D?search=%3C/code%3E%3Cscript%3E",
    "/runs/3f2a9c1d77/logs/train%5B1%5D?search=epoch&from=1",
    "/runs/3f2a9c1d77/logs/deploy?search=epoch",
    "/runs/3f2a9c1d77/logs/deploy",
]


@pytest.mark.parametrize("address", PAGES)
def test_every_page_is_sound_html_under_the_strict_policy(world, run, address):
    answer = world.get(address)

    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    seen = Checked(answer.text)
    assert sum(tag == "h1" for tag, _ in seen.tags) == 1
    assert ("html", {"lang": "en"}) in seen.tags


@pytest.mark.parametrize(
    "address",
    ["/nowhere", "/runs/zzzz", "/runs/a%20b", "/flows/none", "/repositories/none", "/commits/beef", "/static/x"],
)
def test_what_does_not_exist_is_a_page_that_says_what_to_do(world, address):
    answer = world.get(address)

    assert answer.status_code == 404
    assert answer.headers["content-security-policy"] == POLICY
    assert "Not found" in answer.text
    Checked(answer.text)


def test_the_verdict_and_the_reason_come_first(world, run):
    html = world.get(f"/runs/{run}").text

    assert "Failed: train[1] ran out of memory, 2 ops not run" in html
    assert "it used more memory than its limit" in html
    assert html.index("Raise <code>resources.limits.memory</code>") < html.index("<svg")
    assert "MemoryError: too big" in html


def test_the_table_shows_what_the_graph_shows(world, run):
    html = world.get(f"/runs/{run}?view=table").text

    for op_state in FAILED:
        assert f">{op_state.path}</a>" in html
    assert "was not run: <code>train[1]</code> failed." in html


def test_a_chosen_op_shows_inputs_outputs_metrics_and_attempts(world, run):
    html = world.get(f"/runs/{run}?op=train%5B1%5D").text

    assert "&#34;lr&#34;: 0.2" in html
    assert "<td>loss</td><td>0.25</td>" in html
    assert "<caption>Attempts</caption>" in html


def test_an_op_that_the_run_does_not_have_is_not_found(world, run):
    assert world.get(f"/runs/{run}?op=nothing").status_code == 404


def test_why_names_every_reason_and_the_history(world, run):
    html = world.get(f"/runs/{run}?view=why").text

    assert "The run was started because: merged." in html
    assert "<td>train[1]</td><td>failed</td>" in html


def test_a_commit_shows_its_checks(world, run):
    html = world.get(f"/commits/{SHA}").text

    assert "headgate/churn" in html
    assert "Failed: train[1] ran out of memory" in html
    assert "Flows: 1 added" in html


def test_a_prefix_of_several_runs_asks_for_more(world, run):
    world.add_run(CHURN, "running", run="3f2b0000")
    answer = world.get("/runs/3f2")

    assert answer.status_code == 404
    assert "More than one run begins with 3f2" in answer.text


def test_hostile_names_logs_and_messages_are_text(world):
    hostile = plan(op(HOSTILE, line=3), name=HOSTILE)
    failed = state(HOSTILE, "failed", message=HOSTILE, attempt="att", params={HOSTILE: HOSTILE}, outputs={"x": HOSTILE})
    world.logs.logs["att"] = f"{HOSTILE}\n\x1b]8;;javascript:alert(1)\x07Error: {HOSTILE}\n".encode()
    world.add_run(hostile, ops=(failed,), cause=HOSTILE)

    for address in (
        "/",
        "/runs/3f2a9c1d77",
        "/runs/3f2a?view=table",
        "/runs/3f2a?view=why",
        "/flows/flow-1",
        "/repositories/acme/models",
        "/repositories/acme%2Fmodels",
        f"/commits/{SHA}",
    ):
        html = world.get(address).text
        Checked(html)
        assert "<script" not in html
        assert "<img src=x" not in html
    Checked(
        world.get(
            "/runs/3f2a",
        ).text
    )


def test_a_run_of_ten_thousand_ops_is_read_in_pages(world):
    many = plan(*(op(f"op-{index}") for index in range(10_000)))
    world.add_run(many, "running", ops=tuple(state(f"op-{index}", "running") for index in range(0, 10_000, 100)))

    table = world.get("/runs/3f2a?view=table&page=2").text
    assert "101 to 200 of 10,000 ops" in table
    assert table.count("<tr><td") == 100
    assert "10,000 boxes are more than is read at a glance" in world.get("/runs/3f2a").text


# Logs


def test_a_log_opens_at_its_likely_error_with_colours_and_line_links(world, run):
    html = world.get(f"/runs/{run}/logs/train%5B1%5D").text

    assert (
        '<span class="row error" id="L2"><a href="#L2">2</a> <span class="c1">MemoryError: too big</span></span>'
        in html
    )
    assert "Lines 1 to 3 of 3" in html
    assert "\x1b" not in html


def test_a_long_log_is_shown_in_windows(world, run):
    world.logs.logs["attempt-of-prepare"] = b"".join(b"line %d\n" % number for number in range(1, 5_001))
    last = world.get(f"/runs/{run}/logs/prepare").text
    middle = world.get(f"/runs/{run}/logs/prepare?from=2500").text

    assert "Lines 4,001 to 5,000 of 5,000" in last
    assert "Lines 2,001 to 4,000 of 5,000" in middle
    assert 'id="L2500"' in middle
    assert "?from=4001&amp;" in middle
    assert "?from=1&amp;" in middle


def test_a_log_that_grows_is_followed(world, run):
    world.logs.logs["attempt-of-prepare"] = b"one\ntw"
    assert "Lines 1 to 2 of 2" in world.get(f"/runs/{run}/logs/prepare").text

    world.logs.logs["attempt-of-prepare"] = b"one\ntwo\nthree\n"
    assert "Lines 1 to 3 of 3" in world.get(f"/runs/{run}/logs/prepare").text


def test_rotated_lines_are_said_to_be_gone(world, run):
    world.logs.first = 1_000
    world.logs.logs["attempt-of-prepare"] = b"one\ntwo\n"

    assert "Older lines were rotated away" in world.get(f"/runs/{run}/logs/prepare").text


def test_a_download_is_every_byte(world, run):
    data = bytes(range(256)) * 10_000
    world.logs.logs["attempt-of-prepare"] = data
    answer = world.get(f"/runs/{run}/logs/prepare/download")

    assert answer.content == data
    assert answer.headers["content-disposition"].startswith("attachment")


def test_the_log_of_another_ops_attempt_is_not_found(world, run):
    assert world.get(f"/runs/{run}/logs/prepare?attempt=attempt-of-train[1]").status_code == 404


# Actions


def test_a_button_becomes_a_request_once(world):
    run = world.add_run(CHURN, "running", ops=(state("prepare", "running"),))
    fields = {**world.form_fields(f"/runs/{run}"), "verb": "stop"}
    answer = world.browser.post(f"/runs/{run}", data=fields)
    world.browser.post(f"/runs/{run}", data=fields)

    (request,) = world.store.requests(RunKey(run))
    assert (request.verb, request.by, request.op, request.target) == ("stop", "the page", None, run)
    assert answer.status_code == 200  # followed the redirect
    assert "Asked to stop" in answer.text


def test_what_failed_can_be_run_again(world, run):
    fields = {**world.form_fields(f"/runs/{run}"), "verb": "restart", "failed": "1"}
    world.browser.post(f"/runs/{run}", data=fields)

    (request,) = world.store.requests(RunKey(run))
    assert request.arguments == {"failed": True}


def test_a_flow_can_be_paused(world, run):
    world.browser.post("/flows/flow-1", data={**world.form_fields("/flows/flow-1"), "verb": "pause"})

    assert [request.verb for request in world.store.requests(FlowKey("flow-1"))] == ["pause"]


@pytest.mark.parametrize(
    ("fields", "headers", "status"),
    [
        ({"token": "x" * 43}, {}, 403),
        ({"token": ""}, {}, 403),
        ({}, {"Origin": "http://evil.example"}, 403),
        ({}, {"Origin": "http://127.0.0.1:9999"}, 403),
        ({}, {"Sec-Fetch-Site": "cross-site"}, 403),
        ({"verb": "explode"}, {}, 400),
        ({"verb": "approve"}, {}, 400),
        ({"nonce": "1"}, {}, 400),
        ({"verb": "x" * 20_000}, {}, 413),
    ],
)
def test_a_form_that_is_not_ours_asks_for_nothing(world, run, fields, headers, status):
    sound = {**world.form_fields(f"/runs/{run}"), "verb": "restart"}
    answer = world.browser.post(f"/runs/{run}", data={**sound, **fields}, headers=headers)

    assert answer.status_code == status
    assert world.store.requests(RunKey(run)) == []


def test_without_the_cookie_no_form_counts(world, run):
    fields = {**world.form_fields(f"/runs/{run}"), "verb": "stop"}
    world.browser.cookies.clear()

    assert world.browser.post(f"/runs/{run}", data=fields).status_code == 403


def test_the_cookie_is_for_this_site_alone(world, run):
    cookie = world.get("/").headers["set-cookie"].lower()

    assert "httponly" in cookie
    assert "samesite=strict" in cookie


# JSON


def test_the_api_tells_runs_and_ops(world, run):
    assert [one["id"] for one in world.get("/api/v1/runs?flow=flow-1").json()["runs"]] == [run]
    told = world.get("/api/v1/runs/3f2a").json()
    assert told["version"] == 1
    assert told["verdict"] == "Failed: train[1] ran out of memory, 2 ops not run"
    assert told["ops"] == {"failed": 1, "succeeded": 2, "upstream_failed": 2}
    ops = world.get(f"/api/v1/runs/{run}/ops").json()
    assert [one["path"] for one in ops["ops"]] == ["prepare", "train", "train[0]", "train[1]", "evaluate", "deploy"]


def test_the_api_says_what_is_wrong_as_json(world):
    answer = world.get("/api/v1/runs/none")

    assert answer.status_code == 404
    assert answer.json()["error"]["message"].startswith("No run begins with none.")


def test_a_commits_words_are_shown_without_the_marks_of_markdown(world, run):
    html = world.get(f"/commits/{SHA}").text

    assert "<strong>train[1]</strong> was killed after 12 s" in html
    assert "<td><code>train[1]</code></td><td>✗ failed</td>" in html
    assert "**" not in html
    Checked(html)


def test_numbers_stand_beside_those_of_the_last_good_run(world):
    good = world.add_run(CHURN, "succeeded", (state("prepare", "succeeded", outputs={"rows": 10}),), run="0a")
    later = (state("prepare", "succeeded", outputs={"rows": 12}),)
    run = world.add_run(CHURN, "failed", later, run="0b", made=2_000.0)
    html = world.get(f"/runs/{run}").text

    assert f'<a href="/runs/{good}">' in html
    assert "<td>prepare</td><td><code>rows</code></td><td>12</td><td>10</td><td>+2 (+20.0%)</td>" in html


def test_a_run_that_is_over_may_be_copied(world, run):
    address = f"/runs/{run}"
    world.browser.post(address, data={**world.form_fields(address), "verb": "copy"}, follow_redirects=False)

    assert [row.verb for row in world.store.requests(RunKey(run))] == ["copy"]
    assert ">Copy with artifacts<" in world.get(address).text


def test_a_text_is_found_in_the_whole_log_and_leads_to_its_line(world, run):
    world.logs.logs["attempt-of-train[1]"] = b"".join(b"step %d\n" % number for number in range(1, 200_001))
    base = f"/runs/{run}/logs/train%5B1%5D"
    html = world.get(f"{base}?search=STEP%20150000").text

    assert "1 line with" in html
    link = html.split('<span class="row"><a href="')[1].split('"')[0].replace("&amp;", "&")
    assert link.startswith(f"{base}?from=150000&")
    assert 'id="L150000"' in world.get(link.partition("#")[0]).text


def test_of_very_many_lines_that_hold_a_text_the_first_are_shown(world, run):
    world.logs.logs["attempt-of-train[1]"] = b"same\n" * 2_000 + b"other"
    html = world.get(f"/runs/{run}/logs/train%5B1%5D?search=same").text

    assert "2,000 lines with" in html
    assert html.count('<span class="row">') == 500
    assert "1 line with" in world.get(f"/runs/{run}/logs/train%5B1%5D?search=other").text


def test_the_page_of_a_run_that_was_pruned_says_when_and_how_it_had_ended(world, run):
    world.write(
        Changes(events=(EventRow(1_700_000_000.0, "9a00ffff", "pruned", reason="Pruned", message="It ended failed."),))
    )
    said = world.get("/runs/9a00")

    assert said.status_code == 410
    assert "Run 9a00ffff was pruned on 2023-11-14 22:13" in said.text
    assert "It ended failed." in said.text


def test_a_run_whose_files_were_pruned_says_so_on_its_page_and_at_its_logs(world, run):
    attempts = [(row.id, run) for row in world.store.attempts(run, live=False)]
    assert "were pruned" not in world.get(f"/runs/{run}").text
    world.write(Changes(gone=Gone(files=tuple(attempts), read_at=1_700_000_000.0)))

    assert "Logs and artifacts of its ops were pruned on 2023-11-14 22:13" in world.get(f"/runs/{run}").text
    assert "The log was pruned on 2023-11-14 22:13" in world.get(f"/runs/{run}/logs/train%5B1%5D").text
