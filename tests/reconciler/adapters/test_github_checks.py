"""Check runs of GitHub are kept equal to what is to be said, whatever happens on the way."""

from dataclasses import replace

import pytest

from reconciler.adapters.github_governor import WRITES
from reconciler.checks.actions import APPROVE, CANCEL, RERUN_FAILED
from reconciler.checks.external_ids import ExternalId, parse_external_id
from reconciler.checks.model import Conclusion
from reconciler.errors import LeaseLost, Stalled, Waiting
from tests.reconciler.adapters.github_world import (
    CREATE,
    FLOW,
    GATE,
    LIST,
    OP,
    UPDATE,
    Headgate,
    installed,
    note,
    worded,
)
from tests.reconciler.adapters.sql_world import GivenClock

pytestmark = pytest.mark.slow  # each test has a whole GitHub of its own, over HTTP

LAG = 15


@pytest.fixture
def clock():
    return GivenClock()


@pytest.fixture
def world(tmp_path, clock):
    with installed(tmp_path, clock) as made:
        yield made


def test_a_check_appears_with_its_words_and_verdict(world):
    github, headgate, sha = world

    headgate.post(sha, replace(GATE, text="The whole story.", details_url="https://gate.example/1"))

    posted = github.check("headgate", sha)
    assert (posted.status, posted.conclusion, posted.title) == ("completed", "success", "No flow is touched")
    assert posted.summary.startswith("Nothing.\n")
    assert posted.text == "The whole story."
    assert posted.details_url == "https://gate.example/1"


def test_the_umbrella_goes_first_and_ops_last(world):
    github, headgate, sha = world

    headgate.post(sha, OP, FLOW, GATE)

    assert [request.body["name"] for request in github.requests.of(CREATE)] == [GATE.name, FLOW.name, OP.name]


def test_nothing_is_written_when_nothing_differs_and_looking_is_free(world):
    github, headgate, sha = world
    headgate.post(sha, GATE, FLOW)
    headgate.post(sha, GATE, FLOW)
    before = len(github.requests)

    headgate.post(sha, GATE, FLOW)

    (look,) = list(github.requests)[before:]
    assert (f"{look.method} {look.template}", look.status) == (LIST.partition("?")[0], 304)


def test_only_what_differs_is_written(world):
    github, headgate, sha = world
    headgate.post(sha, GATE, FLOW)
    done = replace(FLOW, status="completed", conclusion=Conclusion.FAILURE, title="Failed: train", completed_at=1.7e9)

    headgate.post(sha, GATE, done)

    assert github.check("headgate", sha).updates == 0
    posted = github.check(FLOW.name, sha)
    assert (posted.updates, posted.conclusion, posted.title) == (1, "failure", "Failed: train")


def test_a_restart_repeats_nothing(world):
    github, headgate, sha = world
    headgate.post(sha, replace(GATE, annotations=(note(1),)), FLOW)
    written = len(github.requests.writes())
    headgate.restart()

    headgate.post(sha, replace(GATE, annotations=(note(1),)), FLOW)

    assert len(github.requests.writes()) == written


# --- unknown outcomes


@pytest.mark.parametrize("status", [0, 502])
def test_a_check_that_was_made_without_our_hearing_of_it_is_adopted(world, clock, status):
    github, headgate, sha = world
    github.faults.forget(CREATE, status=status)
    with pytest.raises(Waiting):
        headgate.post(sha, GATE)
    clock.advance(LAG)

    headgate.post(sha, GATE)

    assert github.check("headgate", sha).updates == 0


def test_it_is_adopted_by_another_process_too(world, clock):
    github, headgate, sha = world
    github.faults.forget(CREATE)
    with pytest.raises(Waiting):
        headgate.post(sha, GATE)
    headgate.restart()

    headgate.post(sha, worded(GATE, "Something else."))

    assert github.check("headgate", sha).summary.startswith("Something else.")


def test_a_check_is_not_made_again_while_it_is_not_known_whether_it_was(world, clock):
    """GitHub's lists lag behind what it did."""
    github, headgate, sha = world
    github.faults.reset(CREATE)
    with pytest.raises(Waiting):
        headgate.post(sha, GATE)
    clock.advance(6)

    with pytest.raises(Waiting) as waiting:
        headgate.post(sha, GATE)

    assert waiting.value.retry_after.total_seconds() == pytest.approx(LAG - 6)
    clock.advance(LAG - 6)
    headgate.post(sha, GATE)
    assert github.check("headgate", sha).conclusion == "success"


def test_a_check_that_another_process_has_just_made_is_not_made_again(world, clock):
    """Its run may be listed only later; the store knows that it was posted."""
    github, headgate, sha = world
    github.state.lag = 5
    headgate.post(sha, GATE)
    headgate.restart()
    with pytest.raises(Waiting) as waiting:
        headgate.post(sha, worded(GATE, "New."), posted={"headgate"})
    clock.advance(waiting.value.retry_after.total_seconds())

    headgate.post(sha, worded(GATE, "New."), posted={"headgate"})

    assert github.check("headgate", sha).summary.startswith("New.")


def test_a_check_that_was_posted_and_is_gone_is_made_again_after_a_moment(world, clock):
    github, headgate, sha = world
    headgate.post(sha, GATE)
    github.delete_check(github.check("headgate", sha))
    headgate.restart()
    with pytest.raises(Waiting):
        headgate.post(sha, GATE, posted={"headgate"})
    clock.advance(LAG)

    headgate.post(sha, GATE, posted={"headgate"})

    assert github.check("headgate", sha).conclusion == "success"


def test_a_call_that_never_ends_is_given_up_and_its_check_adopted(world, clock):
    github, headgate, sha = world
    headgate.post(sha, GATE)
    headgate.restart(timeout=2)
    github.faults.hang(CREATE, done=True)
    with pytest.raises(Waiting):
        headgate.post(sha, GATE, FLOW)
    clock.advance(LAG)

    headgate.post(sha, GATE, FLOW)

    assert github.check(FLOW.name, sha).updates == 0


def test_an_update_whose_answer_was_lost_is_not_sent_again(world, clock):
    github, headgate, sha = world
    headgate.post(sha, GATE)
    github.faults.forget(UPDATE)
    with pytest.raises(Waiting):
        headgate.post(sha, worded(GATE, "New."))
    clock.advance(LAG)

    headgate.post(sha, worded(GATE, "New."))

    assert github.check("headgate", sha).updates == 1


def test_a_check_that_is_not_listed_yet_is_written_and_not_made_again(world):
    """GitHub's lists lag behind what was written."""
    github, headgate, sha = world
    headgate.post(sha, FLOW)
    runs, github.state.runs_of = github.state.runs_of, lambda repository, sha: []
    for _ in range(2):
        headgate.post(sha, worded(FLOW, "New."))
    github.state.runs_of = runs

    assert github.check(FLOW.name, sha).updates == 1


def test_twins_agree_in_their_verdict(world, clock):
    """Two workers, of which one slept past its lease, have made the same check."""
    github, headgate, sha = world
    headgate.post(sha, FLOW)
    first = github.check(FLOW.name, sha)
    row = github.state.runs.pop(first.id)
    headgate.restart()
    headgate.post(sha, FLOW)
    github.state.runs[row.id] = row
    done = replace(FLOW, status="completed", conclusion=Conclusion.FAILURE)

    headgate.post(sha, done)

    assert [run.conclusion for run in github.check_runs(sha, FLOW.name)] == ["failure", "failure"]
    written = len(github.requests.writes())
    headgate.post(sha, done)
    assert len(github.requests.writes()) == written


# --- repair


def test_a_check_that_was_removed_is_made_again(world, clock):
    github, headgate, sha = world
    headgate.post(sha, GATE)
    github.delete_check(github.check("headgate", sha))
    clock.advance(LAG)

    headgate.post(sha, GATE)

    assert github.check("headgate", sha).conclusion == "success"


@pytest.mark.parametrize(
    "others",
    [
        {"conclusion": "neutral"},
        {"status": "queued", "conclusion": None},
        {"conclusion": "timed_out"},
        {"title": "Mine", "summary": "Overwritten."},
        {"name": "another"},
    ],
)
def test_a_check_that_others_wrote_over_is_repaired(world, others):
    github, headgate, sha = world
    headgate.post(sha, GATE)
    run = github.check("headgate", sha)
    for name, value in others.items():
        setattr(run, name, value)

    headgate.post(sha, GATE)

    again = github.check("headgate", sha)
    assert (again.id, again.status, again.conclusion, again.title) == (run.id, "completed", "success", GATE.title)
    assert again.summary.startswith("Nothing.")


def test_a_finished_check_can_begin_again(world):
    github, headgate, sha = world
    headgate.post(sha, replace(FLOW, status="completed", conclusion=Conclusion.FAILURE))

    headgate.post(sha, replace(FLOW, run="77aa"))

    posted = github.check(FLOW.name, sha)
    assert (posted.status, posted.conclusion) == ("in_progress", None)


def test_a_check_of_another_app_with_our_name_is_left_alone(world, tmp_path, clock):
    github, headgate, sha = world
    stranger = github.register_app()
    github.install(stranger)
    (tmp_path / "stranger").mkdir()
    other = Headgate(github, tmp_path / "stranger", clock, stranger)
    other.post(sha, GATE)
    other.close()
    github.rename("store")  # whose redirect forgets whom was asked for

    headgate.post(sha, worded(GATE, "Ours."))

    theirs, ours = github.check_runs(sha, "headgate")
    assert theirs.summary.startswith("Nothing.")
    assert ours.summary.startswith("Ours.")


def test_a_repository_that_was_renamed_is_found_by_its_old_name(world):
    github, headgate, sha = world
    headgate.post(sha, GATE)
    github.rename("store")

    headgate.post(sha, worded(GATE, "New."))

    assert github.check("headgate", sha).summary.startswith("New.")


# --- buttons


def test_buttons_are_those_of_the_state_and_go_with_it(world):
    github, headgate, sha = world
    headgate.post(sha, replace(FLOW, actions=(APPROVE, CANCEL)))
    labels = [action["label"] for action in github.check(FLOW.name, sha).actions]
    headgate.post(sha, replace(FLOW, actions=(RERUN_FAILED,)))

    assert labels == ["Approve", "Cancel"]
    assert [action["identifier"] for action in github.check(FLOW.name, sha).actions] == ["rerun-failed"]
    headgate.post(sha, FLOW)
    assert github.check(FLOW.name, sha).actions == []


def test_the_external_id_tells_the_run_and_attempt_that_a_button_is_about(world):
    github, headgate, sha = world
    headgate.post(sha, replace(FLOW, attempt="3f2a-7"))

    found = parse_external_id(github.check(FLOW.name, sha).external_id)

    assert found == ExternalId("acme/shop", "headgate/churn", "3f2a", "3f2a-7")


# --- what GitHub takes


def test_annotations_go_fifty_at_a_time_the_worst_first(world):
    github, headgate, sha = world
    notes = [note(line, "notice") for line in range(1, 100)] + [note(200, "failure"), note(150, "warning")]

    headgate.post(sha, replace(GATE, annotations=tuple(notes)))

    posted = github.check("headgate", sha).annotations
    assert [one["start_line"] for one in posted] == [200, 150, *range(1, 100)]
    assert len(github.requests.writes()) == 3
    written = len(github.requests.writes())
    headgate.post(sha, replace(GATE, annotations=tuple(notes)))
    assert len(github.requests.writes()) == written


def test_annotations_go_on_where_they_were_interrupted(world, clock):
    github, headgate, sha = world
    wanted = replace(GATE, annotations=tuple(note(line) for line in range(1, 131)))
    github.faults.forget(UPDATE)
    with pytest.raises(Waiting):
        headgate.post(sha, wanted)
    assert len(github.check("headgate", sha).annotations) == 100
    clock.advance(LAG)
    headgate.restart()

    headgate.post(sha, wanted)

    assert [one["start_line"] for one in github.check("headgate", sha).annotations] == list(range(1, 131))


def test_more_annotations_are_added_to_those_that_are_there(world):
    github, headgate, sha = world
    headgate.post(sha, replace(FLOW, annotations=(note(7),)))

    headgate.post(sha, replace(FLOW, annotations=(note(3), note(7))))

    assert sorted(one["start_line"] for one in github.check(FLOW.name, sha).annotations) == [3, 7]


def test_annotations_that_nobody_wants_any_more_go_with_their_run(world):
    """GitHub takes none back: a new run of the name is the one that is shown."""
    github, headgate, sha = world
    headgate.post(sha, replace(FLOW, annotations=(note(7),)))
    done = replace(FLOW, status="completed", conclusion=Conclusion.SUCCESS)

    headgate.post(sha, done)

    old, new = github.check_runs(sha, FLOW.name)
    assert (new.annotations, new.conclusion) == ([], "success")
    assert (len(old.annotations), old.conclusion) == (1, "success")
    written = len(github.requests.writes())
    headgate.post(sha, done)
    assert len(github.requests.writes()) == written


def test_a_new_run_in_place_of_one_is_known_before_it_is_listed(world, clock):
    """A check fails, is asked for again, and fails the same way while only its first run is listed."""
    github, headgate, sha = world
    failed = replace(FLOW, status="completed", conclusion=Conclusion.FAILURE, annotations=(note(7),))
    headgate.post(sha, failed)
    clock.advance(LAG)
    github.state.lag = 5
    headgate.post(sha, FLOW)

    headgate.post(sha, failed)

    old, new = github.check_runs(sha, FLOW.name)
    assert [run.conclusion for run in (old, new)] == ["failure", "failure"]
    assert len(new.annotations) == 1


def test_no_run_is_made_in_place_of_one_while_it_is_not_known_whether_one_was(world, clock):
    github, headgate, sha = world
    headgate.post(sha, replace(FLOW, annotations=(note(7),)))
    clock.advance(LAG)
    github.state.lag = 10
    github.faults.forget(CREATE)
    with pytest.raises(Waiting):
        headgate.post(sha, FLOW)
    clock.advance(6)
    with pytest.raises(Waiting):
        headgate.post(sha, FLOW)
    clock.advance(LAG - 6)

    headgate.post(sha, FLOW)

    assert len(github.check_runs(sha, FLOW.name)) == 2


@pytest.mark.parametrize("letter", ["a", "é", "漢", "🙂"])
def test_texts_that_are_too_long_are_cut_between_characters(world, letter):
    github, headgate, sha = world
    long = f"<details><summary>Log</summary>\n\n```text\n{(letter * 99 + chr(10)) * 1_000}```\n\n</details>"

    headgate.post(sha, replace(GATE, summary=long, text=long, details_url="https://gate.example/1"))

    posted = github.check("headgate", sha)
    for text in (posted.summary, posted.text):
        assert len(text) <= len(text.encode()) <= 65_535
        assert "all of it is at https://gate.example/1" in text
        assert "�" not in text
        assert text.count("```") == 2
        assert text.count("</details>") == 1
    headgate.post(sha, replace(GATE, summary=long, text=long, details_url="https://gate.example/1"))
    assert posted.updates == 0


def test_long_names_titles_and_remarks_are_cut_and_stay_apart(world):
    github, headgate, sha = world
    names = [f"headgate/churn/{'x' * 300}{number}" for number in range(2)]
    remark = replace(note(1), title="t" * 300, message="漢" * 30_000, column=9, end_column=3)
    checks = [replace(OP, name=name, title="t" * 300, annotations=(remark,)) for name in names]

    headgate.post(sha, *checks)

    posted = github.check_runs(sha)
    assert len({run.name for run in posted}) == 2
    assert len({run.external_id for run in posted}) == 2
    assert all(len(run.external_id) <= 255 for run in posted)
    headgate.post(sha, *checks)
    assert [run.updates for run in posted] == [0, 0]


def test_a_remark_on_several_lines_has_no_columns(world):
    github, headgate, sha = world

    headgate.post(sha, replace(GATE, annotations=(replace(note(3), end_line=5),)))

    (posted,) = github.check("headgate", sha).annotations
    assert (posted["start_line"], posted["end_line"]) == (3, 5)
    assert not {"start_column", "end_column"} & set(posted)


def test_a_check_that_github_does_not_take_keeps_no_other_from_being_said(world):
    github, headgate, sha = world
    github.faults.error(CREATE, status=422)

    with pytest.raises(Stalled):
        headgate.post(sha, GATE, FLOW)

    assert [run.name for run in github.check_runs(sha)] == [FLOW.name]


def test_a_commit_that_github_does_not_have_needs_a_person(world):
    _, headgate, _ = world

    with pytest.raises(Stalled):
        headgate.post("0" * 40, GATE)


# --- leases and limits


def test_nothing_is_sent_when_the_lease_is_over(world):
    github, headgate, sha = world

    with pytest.raises(LeaseLost):
        headgate.post(sha, GATE, seconds=0)

    assert github.check_runs(sha) == []


def test_what_would_outlast_the_lease_goes_on_with_the_next_one(world):
    github, headgate, sha = world

    with pytest.raises(Waiting) as waiting:
        headgate.post(sha, GATE, seconds=headgate.timeout - 1)

    assert waiting.value.retry_after.total_seconds() == 0
    assert github.check_runs(sha) == []


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("says_when", [True, False])
def test_github_is_left_alone_when_it_asks_for_it(world, clock, status, says_when):
    """Another program of the same installation has used up what may be written."""
    github, headgate, sha = world
    headgate.post(sha, GATE)
    github.limits.content_per_minute, github.limits.status, github.limits.says_when = 1, status, says_when
    with pytest.raises(Waiting) as waiting:
        headgate.post(sha, GATE, FLOW)
    asked = len(github.requests)
    headgate.restart()

    clock.advance(waiting.value.retry_after.total_seconds() - 1)
    with pytest.raises(Waiting):
        headgate.post(sha, GATE, FLOW)
    assert {request.actor for request in list(github.requests)[asked:]} == {f"app {headgate.app.id}"}  # signing in
    clock.advance(1)
    headgate.post(sha, GATE, FLOW)

    assert waiting.value.reason == "GitHubLimit"
    assert len(github.limits.refused) == 1


def test_the_hour_that_others_used_up_is_waited_for(world, clock):
    github, headgate, sha = world
    headgate.post(sha, GATE)
    name = next(request.actor for request in github.requests.of(CREATE))
    github.limits.exhaust(name)
    with pytest.raises(Waiting) as waiting:
        headgate.post(sha, worded(GATE, "New."))

    assert 3_000 < waiting.value.retry_after.total_seconds() <= 3_601
    clock.advance(waiting.value.retry_after.total_seconds())
    headgate.post(sha, worded(GATE, "New."))
    assert github.check("headgate", sha).summary.startswith("New.")


@pytest.mark.slow
def test_two_replicas_and_a_restart_stay_within_the_limits(world, tmp_path, clock):
    github, headgate, _ = world
    other = Headgate(github, tmp_path, clock, headgate.app)
    commits = [github.push({f"{number}.txt": "x"}) for number in range(6)]
    for number in range(18):
        one = headgate if number % 2 else other
        flows = [replace(FLOW, name=f"headgate/f{number}/{index}") for index in range(5)]
        try:
            one.post(commits[number % 6], GATE, *flows)
        except Waiting:
            one.restart()
    other.close()

    assert github.limits.refused == []
    assert WRITES / 2 < len(github.requests.of(CREATE)) <= WRITES
    assert github.check("headgate", commits[0]).conclusion == "success"


@pytest.mark.slow
def test_six_hours_without_github_end_in_one_write_for_each_check_gates_first(world, clock):
    github, headgate, _ = world
    commits = [github.push({f"{number}.txt": "x"}) for number in range(7)]
    names = ["headgate", "headgate/churn", *(f"headgate/churn/op-{number}" for number in range(13))]
    for sha in commits[:2]:
        headgate.post(sha, *(replace(OP, name=name) for name in names))
    made = len(github.requests.of(CREATE))
    github.faults.begin_outage()
    end = clock.now() + 6 * 3600
    while clock.now() < end:
        for sha in commits:
            checks = [replace(OP, name=name, title=f"At {clock.now()}") for name in names]
            with pytest.raises(Waiting):
                headgate.post(sha, *checks)
        clock.advance(600)
    asked = len(github.requests)
    github.faults.end_outage()
    final = [replace(OP, name=name, status="completed", conclusion=Conclusion.SUCCESS) for name in names]

    open_commits = list(commits)
    while open_commits:
        for sha in list(open_commits):
            try:
                headgate.post(sha, *final)
                open_commits.remove(sha)
            except Waiting:
                pass
        clock.advance(20)

    content = [request for request in github.requests.writes()[made:] if request.status in (200, 201)]
    assert len(content) == len(commits) * len(names)
    assert github.limits.refused == []
    assert asked - made < 6 * 6 * 2  # nearly everybody was told without a call
    gates = [at for at, request in enumerate(content) if request.body["name"] == "headgate"]
    assert gates[-1] < len(content) / 2
    for sha in commits:
        assert [github.check(name, sha).conclusion for name in names] == ["success"] * len(names)
