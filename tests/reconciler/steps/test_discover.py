"""Discovering what a head declares, on a real repository and a real store."""

from dataclasses import replace

import pytest

from reconciler.checks.model import Conclusion
from reconciler.errors import Waiting
from reconciler.keys import CheckKey, FlowKey, ReviewKey
from reconciler.records import Changes
from tests.reconciler.steps.git_world import NAME


def flow(name: str, image: str = "busybox", more: str = "") -> str:
    return f"""\
kind: operation
name: {name}
{more}component:
  run:
    kind: job
    container: {{image: {image}, command: [echo, hi]}}
"""


COMPONENT = """\
kind: component
name: trainer
inputs: [{name: lr, type: float}]
run:
  kind: job
  container: {image: busybox, command: [echo, "{{ lr }}"]}
"""

USER = """\
kind: operation
name: user
pathRef: ../lib/trainer.yaml
params: {lr: {value: 0.1}}
"""


def test_connecting_knows_the_flows_and_starts_none(git_world):
    sha = git_world.merge({"flows/a.yaml": flow("a"), "flows/b.yaml": flow("b"), "README.md": "x"})
    git_world.connect()

    assert {name: row.applied_sha for name, row in git_world.flows().items()} == {"a": sha, "b": sha}
    assert git_world.row().head == sha
    assert git_world.flow_names_woken() == set()
    check = git_world.check(sha)
    assert (check.conclusion, check.title) == (Conclusion.SUCCESS, "Connected: 2 flows known, none started")


def test_a_merge_wakes_only_the_flows_that_it_changes(git_world):
    git_world.merge({"flows/a.yaml": flow("a"), "flows/b.yaml": flow("b")})
    git_world.connect()
    git_world.apply()

    sha = git_world.merge({"flows/a.yaml": flow("a", image="python"), "flows/c.yaml": flow("c")})
    git_world.look()

    assert git_world.flow_names_woken() == {"a", "c"}
    assert not git_world.flows()["c"].connecting
    assert git_world.check(sha).title == "Flows: 1 added, 1 changed"
    assert CheckKey(NAME, sha) in git_world.woken


def test_looking_again_changes_nothing(git_world):
    git_world.merge({"flows/a.yaml": flow("a")})
    git_world.connect()

    assert git_world.look() == []
    (changes,) = git_world.written
    assert (changes.repositories, changes.flows, changes.checks, changes.wakes) == ((), (), (), ())
    assert changes.again_at == git_world.clock.now() + 30.0


def test_a_file_that_a_flow_refers_to_changes_the_flow(git_world):
    git_world.merge({"flows/user.yaml": USER, "lib/trainer.yaml": COMPONENT, "flows/other.yaml": flow("other")})
    git_world.merge({".headgate.yaml": "settings: {'**': {code: none}}\n"})
    git_world.connect()
    git_world.apply()

    git_world.merge({"lib/trainer.yaml": COMPONENT.replace("busybox", "python")})
    git_world.look()

    assert git_world.flow_names_woken() == {"user"}


def test_code_beside_a_flow_changes_it_and_words_do_not(git_world):
    git_world.merge({"jobs/polyaxonfile.yaml": flow("a"), "jobs/train.py": "1", "jobs/README.md": "1"})
    git_world.connect()
    git_world.apply()

    git_world.merge({"jobs/README.md": "2", "elsewhere.py": "1"})
    git_world.look()
    assert git_world.flow_names_woken() == set()

    git_world.merge({"jobs/train.py": "2"})
    git_world.look()
    assert git_world.flow_names_woken() == {"a"}


def test_files_that_could_not_start_are_no_flows(git_world):
    template = "template: {enabled: true}\n"
    git_world.merge(
        {
            "flows/user.yaml": USER.replace("../lib/", ""),
            "flows/trainer.yaml": COMPONENT.replace("name: lr,", "name: lr, value: 1.0, isOptional: true,"),
            "flows/unbound.yaml": COMPONENT.replace("trainer", "unbound"),
            "flows/template.yaml": flow("template", more=template),
            "flows/preset.yaml": "kind: operation\nisPreset: true\nname: preset\nqueue: q\n",
        }
    )
    git_world.connect()

    assert set(git_world.flows()) == {"user"}


def test_several_documents_are_several_flows(git_world):
    git_world.merge({"flows/two.yaml": flow("one") + "---\n" + flow("two")})
    git_world.connect()

    assert set(git_world.flows()) == {"one", "two"}


def test_a_file_that_does_not_parse_freezes_its_flow_and_says_so(git_world):
    git_world.merge({"flows/a.yaml": flow("a"), "flows/b.yaml": flow("b")})
    git_world.connect()
    git_world.apply()

    sha = git_world.merge({"flows/a.yaml": "kind: operation\n  broken: ["})
    git_world.look()

    row = git_world.flows()["a"]
    assert row.at_head
    assert row.frozen.startswith("flows/a.yaml:2: ")
    check = git_world.check(sha)
    assert check.conclusion == Conclusion.FAILURE
    assert "flows/a.yaml:2" in check.summary

    git_world.merge({"flows/a.yaml": flow("a")})
    git_world.look()
    assert git_world.flows()["a"].frozen == ""
    assert git_world.flow_names_woken() == {"a"}


def test_a_known_flow_that_lost_a_value_is_frozen_and_not_removed(git_world):
    git_world.merge({"flows/user.yaml": USER, "lib/trainer.yaml": COMPONENT, "flows/b.yaml": flow("b")})
    git_world.connect()
    git_world.apply()

    sha = git_world.merge({"flows/user.yaml": USER.replace("params: {lr: {value: 0.1}}", "")})
    git_world.look()

    assert git_world.flows()["user"].at_head
    assert "`lr`" in git_world.flows()["user"].frozen
    assert git_world.check(sha).conclusion == Conclusion.FAILURE


def test_broken_settings_freeze_every_flow_and_remove_none(git_world):
    git_world.merge({"flows/a.yaml": flow("a"), "flows/b.yaml": flow("b")})
    git_world.connect()
    git_world.apply()

    sha = git_world.merge({".headgate.yaml": "flows: {", "flows/a.yaml": None})
    git_world.look()

    assert all(row.at_head and row.frozen for row in git_world.flows().values())
    assert git_world.row().broken
    assert git_world.check(sha).title == "The settings in .headgate.yaml cannot be read"

    git_world.merge({".headgate.yaml": None})
    git_world.look()
    assert {name: (row.at_head, row.frozen) for name, row in git_world.flows().items()} == {
        "a": (False, ""),
        "b": (True, ""),
    }


def test_flows_are_connected_at_the_first_head_whose_settings_can_be_read(git_world):
    git_world.merge({"flows/a.yaml": flow("a"), ".headgate.yaml": "flows: {"})
    git_world.connect()
    assert git_world.flows() == {}

    git_world.merge({".headgate.yaml": None})
    git_world.look()

    assert git_world.flows()["a"].applied_sha == git_world.row().head


def test_connecting_wakes_flows_that_have_something_to_do_at_once(git_world):
    nightly = 'schedule: {kind: cron, cron: "0 2 * * *"}\n'
    git_world.merge({f"flows/{name}.yaml": flow(name) for name in ("idle", "eager")})
    git_world.merge({"flows/nightly.yaml": flow("nightly", more=nightly)})
    git_world.merge({".headgate.yaml": "settings: {eager: {onConnect: run}}\n"})
    git_world.connect()

    assert git_world.flow_names_woken() == {"eager", "nightly"}


def test_a_part_becomes_a_flow_when_nobody_refers_to_it_or_what_it_refers_to_changes(git_world):
    part = COMPONENT.replace("name: lr,", "name: lr, value: 1.0, isOptional: true,")
    unbound = "kind: operation\nname: unbound\nhubRef: needy\n"
    git_world.merge({"flows/user.yaml": USER.replace("../lib/", ""), "flows/trainer.yaml": part})
    git_world.merge({"hub/needy.yaml": COMPONENT, "flows/two.yaml": flow("first") + "---\n" + unbound})
    git_world.connect()
    assert set(git_world.flows()) == {"user", "first"}

    git_world.merge({"flows/user.yaml": flow("user")})
    git_world.look()
    assert set(git_world.flows()) == {"user", "first", "trainer"}

    git_world.merge({"hub/needy.yaml": part.replace("name: trainer", "name: needy")})
    git_world.look()
    assert set(git_world.flows()) == {"user", "first", "trainer", "unbound"}


def test_a_merge_reads_only_what_changed_and_what_depends_on_it(git_world):
    many = {f"teams/{number}/polyaxonfile.yaml": flow(f"flow-{number}") for number in range(20)}
    git_world.merge({**many, "flows/template.yaml": flow("t", more="template: {enabled: true}\n")})
    git_world.connect()
    del git_world.files_read[:]

    git_world.merge({"teams/3/polyaxonfile.yaml": flow("flow-3", image="python"), "teams/4/train.py": "1"})
    git_world.look()

    assert git_world.flow_names_woken() == {"flow-3", "flow-4"}
    assert sorted(set(git_world.files_read)) == ["teams/3/polyaxonfile.yaml", "teams/4/polyaxonfile.yaml"]


def test_a_head_whose_predecessor_is_nowhere_any_more_is_looked_at_as_a_whole(git_world):
    git_world.merge({"flows/a.yaml": flow("a"), "flows/b.yaml": flow("b")})
    git_world.connect()
    git_world.commit(Changes(repositories=(replace(git_world.row(), head="d" * 40),)))

    sha = git_world.merge({"flows/a.yaml": flow("a", image="python")})
    git_world.look()

    assert git_world.flow_names_woken() == {"a"}
    assert git_world.row().head == sha


def test_a_flow_that_is_gone_is_left_to_its_step(git_world):
    git_world.merge({f"flows/{name}.yaml": flow(name) for name in "abc"})
    git_world.connect()
    git_world.apply()

    git_world.merge({"flows/a.yaml": None})
    git_world.look()

    assert not git_world.flows()["a"].at_head
    assert git_world.flow_names_woken() == {"a"}


def test_when_most_flows_are_gone_nothing_is_removed_before_somebody_approves(git_world):
    git_world.merge({f"flows/{name}.yaml": flow(name) for name in "abc"})
    git_world.connect()
    git_world.apply()

    sha = git_world.merge({"flows/a.yaml": None, "flows/b.yaml": None})
    git_world.look()

    assert git_world.row().pruning_held == sha
    assert git_world.flow_names_woken() == set()
    check = git_world.check(sha)
    assert (check.conclusion, check.title) == (Conclusion.ACTION_REQUIRED, "2 of 3 flows are gone: approve or revert")
    assert f"headgate approve {NAME}@{sha}" in check.summary

    git_world.look()
    assert git_world.flow_names_woken() == set()

    git_world.approve(sha)
    assert git_world.flow_names_woken() == {"a", "b"}
    assert git_world.row().pruning_held == ""
    assert git_world.check(sha).conclusion == Conclusion.SUCCESS
    assert git_world.store.request(f"r-{sha}").answer == "Approved."


def test_a_revert_ends_the_hold(git_world):
    git_world.merge({f"flows/{name}.yaml": flow(name) for name in "ab"})
    git_world.connect()
    git_world.apply()
    before = {name: row.id for name, row in git_world.flows().items()}
    git_world.merge({"flows/a.yaml": None, "flows/b.yaml": None})
    git_world.look()

    git_world.merge({f"flows/{name}.yaml": flow(name) for name in "ab"})
    git_world.look()

    assert git_world.row().pruning_held == ""
    assert {name: row.id for name, row in git_world.flows().items() if row.at_head} == before


def test_the_only_flow_of_a_repository_may_go(git_world):
    git_world.merge({"flows/a.yaml": flow("a")})
    git_world.connect()
    git_world.apply()

    git_world.merge({"flows/a.yaml": None})
    git_world.look()

    assert git_world.flow_names_woken() == {"a"}


def test_a_flow_that_moves_keeps_its_id(git_world):
    git_world.merge({"flows/a.yaml": flow("a"), "flows/b.yaml": flow("b")})
    git_world.connect()
    git_world.apply()
    before = git_world.flows()["a"].id

    sha = git_world.merge({"flows/a.yaml": None, "flows/deep/renamed.yaml": flow("a")})
    git_world.look()

    row = git_world.flows()["a"]
    assert (row.id, row.path, row.at_head) == (before, "flows/deep/renamed.yaml", True)
    assert git_world.check(sha).title == "Flows: 1 moved"


def test_a_flow_of_the_same_name_with_another_plan_is_another_flow(git_world):
    git_world.merge({f"flows/{name}.yaml": flow(name) for name in "abc"})
    git_world.connect()
    git_world.apply()
    before = git_world.flows()["a"].id

    git_world.merge({"flows/a.yaml": None, "flows/z.yaml": flow("a", image="python")})
    git_world.look()

    rows = {row.path: row for row in git_world.store.flows(NAME) if row.name == "a"}
    assert (rows["flows/a.yaml"].id, rows["flows/a.yaml"].at_head) == (before, False)
    assert rows["flows/z.yaml"].id != before


def test_a_flow_that_comes_back_after_it_was_retired_is_a_new_one(git_world):
    git_world.merge({f"flows/{name}.yaml": flow(name) for name in "abc"})
    git_world.connect()
    git_world.apply()
    before = git_world.flows()["a"].id
    git_world.merge({"flows/a.yaml": None})
    git_world.look()
    git_world.apply()

    git_world.merge({"flows/a.yaml": flow("a")})
    git_world.look()

    assert git_world.flows()["a"].id != before


def test_commits_passed_over_are_told_what_superseded_them(git_world):
    git_world.merge({"flows/a.yaml": flow("a")})
    git_world.connect()
    passed = [git_world.merge({"x": str(n)}) for n in range(2)]
    last = git_world.merge({"x": "3"})

    git_world.look()

    assert [git_world.check(sha).title for sha in passed] == [f"Superseded by {last[:7]}"] * 2
    assert git_world.check(last).conclusion == Conclusion.SUCCESS


def test_proposals_are_woken_when_their_head_or_base_moves(git_world):
    base = git_world.merge({"flows/a.yaml": flow("a")})
    git_world.repository.commit({"x": "1"}, branch="topic", start=base)
    git_world.connect()
    assert [(row.proposal, row.base) for row in git_world.store.reviews(NAME)] == [("topic", base)]

    git_world.look()
    assert all(not changes.reviews for changes in git_world.written)

    head = git_world.repository.commit({"x": "2"}, branch="topic")
    git_world.look()
    assert [(row.head, row.base) for row in git_world.store.reviews(NAME)] == [(head, base)]

    newer = git_world.merge({"y": "1"})
    git_world.look()
    assert [(row.head, row.base) for row in git_world.store.reviews(NAME)] == [(head, newer)]


def test_a_branch_that_vanishes_closes_its_proposal(git_world):
    base = git_world.merge({"flows/a.yaml": flow("a")})
    git_world.repository.commit({"x": "1"}, branch="topic", start=base)
    git_world.connect()

    git_world.repository.git("update-ref", "-d", "refs/heads/topic")
    git_world.look()

    assert git_world.store.reviews(NAME) == []


def test_an_empty_repository_is_looked_at_again_later(git_world):
    git_world.connect()

    assert git_world.row().head == ""
    assert git_world.written[0].again_at == git_world.clock.now() + 30.0


def test_a_repository_that_has_no_commit_any_more_is_told_and_nothing_of_it_is_removed(git_world):
    sha = git_world.merge({"flows/a.yaml": flow("a"), "flows/b.yaml": flow("b")})
    git_world.connect()
    git_world.repository.git("update-ref", "-d", "refs/heads/main")

    with pytest.raises(Waiting, match=f"demo has no commit any more, and had {sha[:10]} on `main`"):
        git_world.look()
    assert git_world.row().head == sha
    assert set(git_world.flows()) == {"a", "b"}


def test_only_files_that_changed_are_read(git_world):
    files = {f"flows/f{n}.yaml": flow(f"f{n}") for n in range(60)}
    git_world.merge(files)
    git_world.connect()
    git_world.apply()
    git_world.files_read.clear()

    git_world.merge({"flows/f7.yaml": flow("f7", image="python"), "docs/x.md": "words"})
    git_world.look()

    assert set(git_world.files_read) == {"flows/f7.yaml"}
    assert git_world.flow_names_woken() == {"f7"}
    assert [key for key in git_world.woken if isinstance(key, ReviewKey)] == []
    assert sum(isinstance(key, FlowKey) for key in git_world.woken) == 1


def many(world, count: int = 40) -> None:
    """Flows that are known: two of them use a component that stands among the flows, one uses a shared one."""
    files = {f"flows/f{n}.yaml": flow(f"f{n}") for n in range(count)}
    files |= {f"flows/use{n}.yaml": USER.replace("user", f"use{n}").replace("../lib", "parts") for n in range(2)}
    files["flows/parts/trainer.yaml"] = COMPONENT
    files["flows/shared.yaml"] = "kind: operation\nname: shared\nhubRef: trainer\nparams: {lr: {value: 1}}\n"
    files["hub/trainer.yaml"] = COMPONENT
    world.merge(files)
    world.connect()
    world.apply()
    world.files_read.clear()


def test_a_component_among_the_flows_is_not_read_again_while_nothing_about_it_changes(git_world):
    many(git_world)
    git_world.merge({"flows/f7.yaml": flow("f7", image="python")})
    git_world.look()

    assert set(git_world.files_read) == {"flows/f7.yaml"}
    assert {"use0", "use1", "trainer"} & set(git_world.flows()) == {"use0", "use1"}


def test_a_changed_component_reads_the_flows_that_use_it_and_no_other(git_world):
    many(git_world)
    git_world.merge({"flows/parts/trainer.yaml": COMPONENT.replace("echo", "printf")})
    git_world.look()

    assert set(git_world.files_read) == {"flows/parts/trainer.yaml", "flows/use0.yaml", "flows/use1.yaml"}
    assert git_world.flow_names_woken() == {"use0", "use1"}


def test_a_component_that_nobody_uses_any_more_is_looked_at_again(git_world):
    many(git_world)
    git_world.merge({"flows/use0.yaml": flow("use0"), "flows/use1.yaml": flow("use1")})
    git_world.look()

    assert "flows/parts/trainer.yaml" in git_world.files_read
    assert "trainer" not in git_world.flows()  # it could not start: its input has no value


def test_words_that_the_repository_has_lost_are_to_be_posted_again(git_world):
    sha = git_world.merge({"flows/a.yaml": flow("a")})
    git_world.connect()
    said = [replace(row, posted=row.desired, final=True) for row in git_world.store.checks(NAME, sha)]
    git_world.commit(Changes(posted=tuple(said)))
    git_world.look()

    assert CheckKey(NAME, sha) in git_world.woken
    assert [(row.posted, row.final) for row in git_world.store.checks(NAME, sha)] == [("", False)]
    git_world.look()
    assert CheckKey(NAME, sha) not in git_world.woken, "it is woken once"


def test_words_that_stand_are_left_alone(git_world):
    sha = git_world.merge({"flows/a.yaml": flow("a")})
    git_world.connect()
    said = [replace(row, posted=row.desired, final=True) for row in git_world.store.checks(NAME, sha)]
    git_world.commit(Changes(posted=tuple(said)))
    git_world.repository.git("update-ref", "refs/notes/checks", sha)
    git_world.look()

    assert git_world.woken == []
    assert [row.final for row in git_world.store.checks(NAME, sha)] == [True]


def test_nothing_is_said_again_on_a_history_that_is_gone(git_world):
    gone = git_world.merge({"flows/a.yaml": flow("a")})
    git_world.connect()
    said = [replace(row, posted=row.desired, final=True) for row in git_world.store.checks(NAME, gone)]
    git_world.commit(Changes(posted=tuple(said)))
    git_world.repository.git("update-ref", "-d", "refs/heads/main")
    head = git_world.merge({"flows/a.yaml": flow("a"), "README.md": "Another history."})
    git_world.look()

    assert CheckKey(NAME, head) in git_world.woken
    assert CheckKey(NAME, gone) not in git_world.woken
