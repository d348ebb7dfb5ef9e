"""What is said about proposals."""

from reconciler.checks.model import Conclusion
from reconciler.checks.review import FlowVerdict, Proposed, flow_review, gate
from reconciler.flows.findings import Finding, Severity, Span
from reconciler.plan.diff import Change, OpChange, PlanDiff
from tests.reconciler.checks.samples import CHURN, op, plan

FILE = "flows/churn.yaml"
PROPOSED = Proposed("a" * 40, "main", frozenset({FILE}))


def error(line=12, file=FILE, message="Param `bucket` is not declared.", suggestion="input-bucket"):
    return Finding("param-undeclared", Severity.ERROR, message, file, Span(line, 3, line, 9), "", suggestion)


def verdict(**fields):
    return FlowVerdict("churn", FILE, **fields)


def test_a_proposal_that_touches_no_flow_passes_in_one_line():
    check = gate([], [], PROPOSED)

    assert (check.name, check.title, check.conclusion) == ("headgate", "No flow is touched", Conclusion.SUCCESS)
    assert check.summary.count("\n") == 0


def test_errors_fail_the_gate_and_name_flow_place_and_advice():
    check = gate([verdict(findings=(error(), error(20)))], [], PROPOSED)

    assert check.conclusion is Conclusion.FAILURE
    assert check.title == "2 errors in churn"
    first, second, *_ = check.summary.split("\n")
    assert first == "Param `bucket` is not declared. `flows/churn.yaml:12:3`"
    assert second == "Did you mean `input-bucket`? 1 more error below. `param-undeclared`"


def test_warnings_pass_and_are_counted():
    warned = Finding("yaml-octal", Severity.WARNING, "012 is 12.", FILE, Span(1, 1, 1, 4))
    check = gate([verdict(plan=CHURN, findings=(warned,))], [], PROPOSED)

    assert check.conclusion is Conclusion.SUCCESS
    assert check.title == "Ready: merging starts churn (7 ops), 1 warning"


def test_only_files_that_the_proposal_changes_are_annotated():
    elsewhere = error(file="hub/deep.yaml")
    check = gate([verdict(findings=(error(), elsewhere))], [], PROPOSED)

    assert [(a.file, a.line, a.level, a.column, a.end_column) for a in check.annotations] == [
        (FILE, 12, "failure", 3, 8)
    ]
    assert "`hub/deep.yaml:12`" in check.summary


def test_a_conflict_fails_the_gate_before_anything_else():
    check = gate([], [error()], PROPOSED, conflicts=("flows/churn.yaml", "train.py"))

    assert check.title == "Conflicts with main in 2 files"
    assert check.conclusion is Conclusion.FAILURE
    assert "`train.py`" in check.summary


def test_settings_that_cannot_be_read_fail_the_gate():
    check = gate([], [], PROPOSED, settings_broken="Line 3: `flow` is not a setting.")

    assert check.conclusion is Conclusion.FAILURE
    assert "Line 3:" in check.summary


def test_what_is_reused_is_not_counted_as_run():
    check = gate([verdict(plan=CHURN, will_reuse=("prepare",))], [], PROPOSED)

    assert check.title == "Ready: merging starts churn (6 ops)"
    assert "1 earlier result will be reused" in check.summary


def test_no_effective_change_is_one_line():
    check = flow_review(verdict(plan=CHURN, plan_diff=PlanDiff(), starts=False), PROPOSED)

    assert check.title == "No effective change: 0 ops will run"
    assert check.conclusion is Conclusion.SUCCESS


def test_a_flow_says_what_changes_and_why_ops_run():
    changed = PlanDiff(
        added=("report",),
        changed=(OpChange("train", (Change("image", "a:1", "a:2"),)),),
        code=Change("code", "x", "y"),
        no_effective_change=False,
    )
    found = verdict(
        plan=CHURN, plan_diff=changed, will_run={"train": "image changed"}, code_changed=("train.py", "b.py", "c.py")
    )
    check = flow_review(found, PROPOSED)

    assert check.name == "headgate/churn"
    assert check.title == "Merging runs 1 op"
    assert "1 added, 1 changed, code changed:" in check.summary
    assert "| changed | `train: image: a:1 → a:2` |" in check.summary
    assert "`code changed: train.py, +2`" in check.summary
    assert "| `train` | image changed |" in check.text
    assert "prepare" in check.text


def test_a_flow_that_only_registers_says_so():
    check = flow_review(verdict(plan=CHURN, starts=False, reason="its schedule is registered"), PROPOSED)

    assert check.title == "Merging runs nothing: its schedule is registered"


def test_a_removed_flow_says_what_merging_stops():
    check = flow_review(verdict(removed=True, starts=False), PROPOSED)

    assert check.title == "Merging retires this flow"


def test_thousands_of_findings_fit_the_gate():
    many = [error(line, message="word " * 400) for line in range(1, 5_000)]
    check = gate([], many, PROPOSED)

    assert len(check.summary.encode()) < 65_535
    assert "25 of 4,999 shown" in check.summary
    assert len(check.annotations) == 200


def test_a_hostile_flow_name_means_nothing_in_markdown():
    hostile = "x](http://evil)<script>@team"
    check = gate([FlowVerdict(hostile, FILE, plan=plan(op("a")))], [], PROPOSED)
    outside = check.summary.replace(f"`{hostile}`", "")

    assert "<script>" not in outside
    assert "@team" not in outside


def test_how_long_it_took_is_told_where_it_ran_before():
    said = [
        flow_review(verdict(plan=CHURN, took=took), PROPOSED).summary for took in ((), (65.0,), (60.0, 700.0, 80.0))
    ]

    assert "took" not in said[0]
    assert "Its last good run took 1 m 5 s." in said[1]
    assert "Its last 3 good runs took 1 m 20 s (median)." in said[2]
