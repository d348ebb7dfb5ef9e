"""Judging proposals, on a real repository and a real store: what the checks of their heads come to say."""

from reconciler.checks.model import Conclusion
from reconciler.keys import CheckKey, ReviewKey
from reconciler.records import Wake
from tests.reconciler.steps.git_world import NAME
from tests.reconciler.steps.test_discover import COMPONENT, USER, flow, many


def propose(world, files: dict, branch: str = "topic") -> str:
    """Push a commit to a branch that starts at the head, and let it be judged."""
    head = world.repository.commit(files, branch=branch, start=world.repository.sha("main"))
    world.look()
    return head


def connected(world, files: dict) -> None:
    world.merge(files)
    world.connect()
    world.apply()


def test_a_changed_flow_gets_the_gate_and_a_check_of_its_own(git_world):
    connected(git_world, {"flows/a.yaml": flow("a"), "flows/b.yaml": flow("b")})

    head = propose(git_world, {"flows/a.yaml": flow("a", image="python")})

    gate, check = git_world.check(head), git_world.check(head, "headgate/a")
    assert (gate.conclusion, gate.title) == (Conclusion.SUCCESS, "Ready: merging starts a (1 op)")
    assert check.conclusion == Conclusion.SUCCESS
    assert "python" in check.summary
    assert git_world.check(head, "headgate/b") is None
    assert CheckKey(NAME, head) in git_world.woken


def test_the_gate_is_posted_even_if_nothing_is_touched(git_world):
    connected(git_world, {"flows/a.yaml": flow("a")})

    head = propose(git_world, {"docs/x.md": "words"})

    gate = git_world.check(head)
    assert (gate.conclusion, gate.title) == (Conclusion.SUCCESS, "No flow is touched")


def test_an_error_fails_the_gate_and_stands_on_its_line(git_world):
    connected(git_world, {"flows/a.yaml": flow("a")})

    head = propose(git_world, {"flows/a.yaml": flow("a").replace("kind: job", "kind: jobb")})

    gate, check = git_world.check(head), git_world.check(head, "headgate/a")
    assert (gate.conclusion, check.conclusion) == (Conclusion.FAILURE, Conclusion.FAILURE)
    (note,) = [note for note in gate.annotations if note.level == "failure"]
    assert (note.file, note.line) == ("flows/a.yaml", 5)


def test_a_file_that_is_no_yaml_is_told_so(git_world):
    connected(git_world, {"flows/a.yaml": flow("a")})

    head = propose(git_world, {"flows/a.yaml": "a: [", "flows/new.yaml": "b: ["})

    gate = git_world.check(head)
    assert gate.conclusion == Conclusion.FAILURE
    assert {note.file for note in gate.annotations} == {"flows/a.yaml", "flows/new.yaml"}
    assert git_world.check(head, "headgate/a").conclusion == Conclusion.FAILURE


def test_only_words_changed_means_no_effective_change(git_world):
    connected(git_world, {"flows/a.yaml": flow("a")})

    head = propose(git_world, {"flows/a.yaml": "# why\n" + flow("a")})

    assert git_world.check(head).title == "No effective change: 0 ops will run"


def test_what_is_judged_is_the_merge_with_the_base(git_world):
    connected(git_world, {"flows/user.yaml": USER, "lib/trainer.yaml": COMPONENT, "x": "1"})
    head = propose(git_world, {"x": "2"})
    assert git_world.check(head).title == "Ready: merging starts user (1 op)"  # x is code of the flow

    git_world.merge({"lib/trainer.yaml": COMPONENT.replace("name: lr", "name: rate")})
    git_world.look()

    assert git_world.check(head).conclusion == Conclusion.FAILURE


def test_a_conflict_says_so_and_judges_nothing_else(git_world):
    connected(git_world, {"flows/a.yaml": flow("a")})
    head = propose(git_world, {"flows/a.yaml": flow("a", image="one")})
    git_world.merge({"flows/a.yaml": flow("a", image="two")})
    git_world.look()

    gate = git_world.check(head)
    assert (gate.conclusion, gate.title) == (Conclusion.FAILURE, "Conflicts with main in 1 file")
    assert "flows/a.yaml" in gate.summary
    assert not_known(git_world, head, "headgate/a")


def not_known(world, head: str, name: str) -> bool:
    check = world.check(head, name)
    return (check.conclusion, check.title) == (Conclusion.FAILURE, "Not known: see headgate")


def test_of_a_flow_nothing_is_known_while_the_settings_of_the_base_are_broken(git_world):
    connected(git_world, {"flows/a.yaml": flow("a")})
    head = propose(git_world, {"flows/a.yaml": flow("a", image="python")})
    git_world.merge({".headgate.yaml": "flows: {"})
    git_world.look()

    assert not_known(git_world, head, "headgate/a")


def test_of_a_flow_that_the_base_lost_and_that_cannot_be_read_nothing_is_known(git_world):
    """Nobody can say that it is in this file, and merging would bring it broken."""
    connected(git_world, {"flows/b.yaml": flow("b")})
    before = git_world.merge({"x": "1"})
    git_world.merge({"flows/a.yaml": flow("a")})
    git_world.look()
    head = propose(git_world, {"flows/a.yaml": "a: ["})
    assert git_world.check(head, "headgate/a").title == "1 error in flows/a.yaml"

    git_world.repository.git("update-ref", "refs/heads/main", before)
    git_world.look()

    assert git_world.check(head).conclusion == Conclusion.FAILURE
    assert not_known(git_world, head, "headgate/a")


def test_a_flow_that_the_base_changed_alike_is_not_touched_any_more(git_world):
    connected(git_world, {"flows/a.yaml": flow("a")})
    broken = "kind: component\nname: x\nrun: {kind: nonsense}\n"
    head = propose(git_world, {"flows/a.yaml": flow("a", image="python"), "hub/x.yaml": broken})
    git_world.merge({"flows/a.yaml": flow("a", image="python")})
    git_world.look()

    check = git_world.check(head, "headgate/a")
    assert (check.conclusion, check.title) == (Conclusion.SUCCESS, "Not touched any more")
    assert git_world.check(head).conclusion == Conclusion.FAILURE  # for what hides no flow


def test_branches_without_common_history_do_not_merge(git_world):
    connected(git_world, {"flows/a.yaml": flow("a")})
    head = git_world.repository.commit({"y": "1"}, branch="orphan")
    git_world.look()

    assert git_world.check(head).conclusion == Conclusion.FAILURE


def test_a_removed_flow_is_announced(git_world):
    connected(git_world, {"flows/a.yaml": flow("a"), "flows/b.yaml": flow("b")})

    head = propose(git_world, {"flows/a.yaml": None})

    assert git_world.check(head).title == "Merging retires a"
    assert git_world.check(head, "headgate/a").title == "Merging retires this flow"


def test_a_moved_flow_is_not_removed(git_world):
    connected(git_world, {"flows/a.yaml": flow("a"), "flows/b.yaml": flow("b")})

    head = propose(git_world, {"flows/a.yaml": None, "flows/sub/a.yaml": flow("a")})

    assert git_world.check(head).title == "No effective change: 0 ops will run"


def test_a_component_that_no_flow_uses_is_judged_too(git_world):
    connected(git_world, {"flows/a.yaml": flow("a")})

    head = propose(git_world, {"hub/x.yaml": "kind: component\nname: x\nrun: {kind: nonsense}\n"})

    gate = git_world.check(head)
    assert gate.conclusion == Conclusion.FAILURE
    assert gate.annotations[0].file == "hub/x.yaml"


def test_findings_in_files_that_the_proposal_does_not_change_are_not_annotated(git_world):
    connected(git_world, {"flows/user.yaml": USER, "lib/trainer.yaml": COMPONENT})

    head = propose(git_world, {"lib/trainer.yaml": COMPONENT.replace("name: lr", "name: rate")})

    gate = git_world.check(head)
    assert gate.conclusion == Conclusion.FAILURE
    assert all(note.file == "lib/trainer.yaml" for note in gate.annotations)
    assert "flows/user.yaml" in gate.summary


def test_a_proposal_is_judged_by_the_settings_of_its_base(git_world):
    lax = "severities: {image-missing: warning}\n"
    connected(git_world, {"flows/a.yaml": flow("a")})
    bad = flow("a").replace("image: busybox, ", "")

    head = propose(git_world, {"flows/a.yaml": bad, ".headgate.yaml": lax})

    assert git_world.check(head).conclusion == Conclusion.FAILURE


def test_what_a_file_accepts_stops_no_proposal_and_is_shown_with_its_reason(git_world):
    connected(git_world, {"flows/a.yaml": flow("a")})
    bad = flow("a").replace("image: busybox, ", "").rstrip() + "  # headgate: accept image-missing (set by a webhook)\n"

    gate = git_world.check(propose(git_world, {"flows/a.yaml": bad}))

    assert (gate.conclusion, gate.annotations) == (Conclusion.SUCCESS, ())
    assert "Accepted in the files (1)" in gate.summary
    assert "| `flows/a.yaml:6` | set by a webhook |" in gate.summary


def test_what_a_changed_file_accepts_without_need_is_told(git_world):
    connected(git_world, {"flows/a.yaml": flow("a")})
    more = "# headgate: accept image-missing (no more)\n"

    gate = git_world.check(propose(git_world, {"flows/a.yaml": flow("a", more=more)}))

    assert [(note.line, note.title) for note in gate.annotations] == [(3, "acceptance-unused")]


def test_settings_that_would_break_fail_the_gate(git_world):
    connected(git_world, {"flows/a.yaml": flow("a")})

    head = propose(git_world, {".headgate.yaml": "flowz: x\n"})

    gate = git_world.check(head)
    assert (gate.conclusion, gate.title) == (Conclusion.FAILURE, "The settings in .headgate.yaml cannot be read")
    assert gate.annotations[0].file == ".headgate.yaml"


def test_the_proposal_that_mends_broken_settings_is_green(git_world):
    connected(git_world, {"flows/a.yaml": flow("a")})
    git_world.merge({".headgate.yaml": "flows: {"})
    git_world.look()

    head = propose(git_world, {".headgate.yaml": "checks: {style: flow}\n"})

    assert git_world.check(head).conclusion == Conclusion.SUCCESS


def test_what_starts_no_run_on_merge_says_why(git_world):
    schedule = "schedule: {kind: cron, cron: '0 2 * * *'}\n"
    settings = "settings: {manual: {startOn: manual}}\n"
    connected(git_world, {"flows/a.yaml": flow("a"), ".headgate.yaml": settings})

    files = {"flows/nightly.yaml": flow("nightly", more=schedule), "flows/manual.yaml": flow("manual")}
    head = propose(git_world, files)

    assert git_world.check(head, "headgate/nightly").title == "Merging runs nothing: schedule"
    assert git_world.check(head, "headgate/manual").title == "Merging runs nothing: manual"


DAG = """\
kind: component
name: dag
run:
  kind: dag
  operations:
    - name: prepare
      component: {run: {kind: job, container: {image: busybox, command: [echo, one]}}}
    - name: train
      dependencies: [prepare]
      component: {run: {kind: job, container: {image: busybox, command: [echo, two]}}}
"""


def test_ops_with_an_earlier_result_are_said_to_be_reused(git_world):
    connected(git_world, {"flows/dag.yaml": DAG, ".headgate.yaml": "settings: {'**': {code: none}}\n"})
    git_world.remember_results("flows/dag.yaml", "dag", "prepare")

    head = propose(git_world, {"flows/dag.yaml": DAG.replace("two", "three")})

    gate = git_world.check(head)
    assert gate.title == "Ready: merging starts dag (1 op)"
    assert "1 earlier result will be reused" in gate.summary


def test_children_of_a_sweep_with_earlier_results_are_reused_too(git_world):
    sweep = """
kind: operation
name: sweep
matrix: {kind: mapping, values: [{k: 1}, {k: 2}, {k: 3}]}
component:
  inputs: [{name: k, type: int}]
  run: {kind: job, container: {image: busybox, args: ["{{ k }}"]}}
"""
    connected(git_world, {"flows/sweep.yaml": sweep, ".headgate.yaml": "settings: {'**': {code: none}}\n"})
    git_world.remember_results("flows/sweep.yaml", "sweep", "sweep[0]", "sweep[2]")

    head = propose(git_world, {"flows/sweep.yaml": sweep.replace("k: 2", "k: 20")})

    assert git_world.check(head).title == "Ready: merging starts sweep (1 op)"
    assert git_world.check(head, "headgate/sweep").title == "Merging runs 1 op, 2 reused"


def test_changed_code_is_named(git_world):
    connected(git_world, {"jobs/polyaxonfile.yaml": flow("a"), "jobs/train.py": "1", "jobs/model.py": "1"})

    head = propose(git_world, {"jobs/train.py": "2", "jobs/model.py": "2"})

    assert "code changed: jobs/model.py, +1" in git_world.check(head, "headgate/a").summary


def test_annotations_can_be_turned_off(git_world):
    connected(git_world, {"flows/a.yaml": flow("a"), ".headgate.yaml": "checks: {annotations: false}\n"})

    head = propose(git_world, {"flows/a.yaml": "a: ["})

    assert git_world.check(head).annotations == ()


def test_judging_again_writes_nothing(git_world):
    connected(git_world, {"flows/a.yaml": flow("a")})
    propose(git_world, {"flows/a.yaml": flow("a", image="python")})
    git_world.store.wake([Wake(ReviewKey(NAME, "topic"))])
    git_world.settle()

    (changes,) = git_world.written
    assert (changes.reviews, changes.checks, changes.wakes) == ((), (), ())


def test_a_branch_that_is_merged_keeps_the_checks_of_the_merge(git_world):
    connected(git_world, {"flows/a.yaml": flow("a")})
    head = propose(git_world, {"flows/a.yaml": flow("a", image="python")})

    git_world.repository.git("update-ref", "refs/heads/main", head)
    git_world.look()
    git_world.look()

    assert git_world.check(head).title == "Flows: 1 changed"


def test_a_proposal_that_is_gone_is_not_judged(git_world):
    connected(git_world, {"flows/a.yaml": flow("a")})
    git_world.store.wake([Wake(ReviewKey(NAME, "nothing"))])
    git_world.settle()

    assert git_world.written[0].checks == ()


def test_only_what_a_proposal_touches_is_read(git_world):
    many(git_world)

    head = propose(git_world, {"flows/f7.yaml": flow("f7", image="python"), "docs/x.md": "words"})

    assert set(git_world.files_read) == {"flows/f7.yaml"}
    assert git_world.check(head).title == "Ready: merging starts f7 (1 op)"


def test_a_component_that_a_proposal_changes_reads_the_flows_that_use_it(git_world):
    many(git_world)

    propose(git_world, {"hub/trainer.yaml": COMPONENT.replace("echo", "printf")})

    assert set(git_world.files_read) == {"hub/trainer.yaml", "flows/shared.yaml"}
