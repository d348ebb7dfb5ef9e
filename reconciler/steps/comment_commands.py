"""What the commands of a comment do, one after the other. Who may, and how they are answered, is not decided here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from reconciler.checks import replies
from reconciler.checks.commands import Command
from reconciler.checks.masking import Mask, masked
from reconciler.checks.model import Check
from reconciler.engine.model import RunFacts
from reconciler.flows.settings import RepositorySettings
from reconciler.keys import FlowKey, ReviewKey
from reconciler.plan.encoding import decode
from reconciler.ports import Opened, World
from reconciler.records import Changes, ConversationRow, FlowRow, PlanRow, RequestRow, ReviewRow, Wake
from reconciler.steps import trials
from reconciler.steps.page_addresses import page_of
from reconciler.steps.plans import row_of
from reconciler.steps.starting import run_id
from reconciler.steps.who_may import Rules


@dataclass
class Doing:
    """A comment's commands at work: what they are about, and what has come of them so far."""

    world: World
    rules: Rules
    row: ReviewRow
    settings: RepositorySettings  # of the base
    request: RequestRow
    by: str
    is_early: bool  # the comment may be older than the head
    conversation: ConversationRow
    judged: ReviewRow
    flows: dict[str, FlowRow] = field(default_factory=dict)
    plans: list[PlanRow] = field(default_factory=list)
    asked: list[RequestRow] = field(default_factory=list)
    wakes: list[Wake] = field(default_factory=list)

    def do(self, command: Command) -> tuple[str, str]:
        """What is answered to a command, and in a few words what came of it."""
        if command.wrong:
            return replies.answer(command, self.by, self.row.head, ""), "not understood"
        if self.is_early and command.verb != "help" and command.sha != self.row.head:
            return replies.answer(command, self.by, self.row.head, replies.unclear(self.row.head)), "too old"
        said, outcome = _DOES[command.verb](self, command)
        return replies.answer(command, self.by, self.row.head, said), outcome

    def changes(self) -> Changes:
        """All that they change."""
        return Changes(
            judged=(self.judged,) if self.judged != self.row else (),
            flows=tuple(self.flows.values()),
            plans=tuple(self.plans),
            asked=tuple(self.asked),
            conversations=(self.conversation,),
            wakes=tuple(self.wakes),
        )

    @cached_property
    def now(self) -> float:
        """When it is done."""
        return self.world.clock.now()

    @cached_property
    def opened(self) -> Opened | None:
        """The proposal as it is at the forge now."""
        return self.rules.conversations.opened(self.row.repository, self.row.proposal)

    @cached_property
    def is_approved(self) -> bool:
        """Whether somebody lets the code of this very head run."""
        return self.world.store.approved(approval_of(self.row), self.row.head)

    def ask(self, request: RequestRow) -> None:
        """Something follows from it."""
        self.asked.append(request)


def _plan(doing: Doing, command: Command) -> tuple[str, str]:
    world, row = doing.world, doing.row
    rows, mask = world.store.checks(row.repository, row.head), Mask(world.known_secrets())
    found = [decode(one.document_json, Check) for one in rows if one.document_json and not one.run]
    return replies.plan_text({check.name: masked(check, mask) for check in found}, command.flow), "shown"


def _retest(doing: Doing, _: Command) -> tuple[str, str]:
    doing.judged = replace(doing.judged, judged="")
    return "The proposal is judged anew.", "judged anew"


def _hold(doing: Doing, command: Command) -> tuple[str, str]:
    doing.conversation = replace(doing.conversation, held_by="" if command.lifted else doing.by)
    doing.judged = replace(doing.judged, judged="")
    same = (one for one in doing.world.store.reviews(doing.row.repository) if one.head == doing.row.head)
    doing.wakes += [Wake(ReviewKey(one.repository, one.proposal)) for one in same]  # they may be being judged just now
    return ("The hold is lifted.", "lifted") if command.lifted else ("Held.", "held")


def _help(_: Doing, __: Command) -> tuple[str, str]:
    return replies.help_text(), "shown"


def _run(doing: Doing, command: Command) -> tuple[str, str]:
    world, row = doing.world, doing.row
    try:
        found = trials.trial(world, row, doing.settings, command.flow, command.params)
    except trials.NotRun as error:
        return replies.not_run(error.message, error.findings), "not run"
    if not world.runs(row.repository):
        return replies.only_valid(found.plan), "only validated"
    if doing.opened is None or doing.opened.head != row.head:
        return replies.unclear(doing.opened.head if doing.opened else row.head), "not the head any more"
    if doing.opened.is_foreign and not doing.is_approved:
        return replies.not_run(replies.foreign(row.head), ()), "not run: code of a fork"
    if found.flow.id in doing.flows or trials.is_under_way(world, found.flow):
        why = f"a trial run of `{command.flow}` is under way: wait for its end, or comment `/cancel` first."
        return replies.not_run(why, ()), "not run"
    plan = row_of(found.plan)
    asked = trials.request_of(found, plan.id, doing.request, len(doing.asked), doing.by)
    run = run_id(found.flow.id, f"request:{asked.id}")
    doing.flows[found.flow.id] = found.flow
    doing.plans.append(plan)
    doing.ask(asked)
    doing.conversation = replace(doing.conversation, trials=(*doing.conversation.trials, run))
    facts = RunFacts(found.flow.name, row.repository, row.head, row.proposal, proposal=row.proposal)
    return replies.started(run, facts, found.plan, page_of(world, row.repository, "runs", run)), f"run {run}"


def _ok_to_test(doing: Doing, command: Command) -> tuple[str, str]:
    """An approval is of one commit of one proposal, and of the one that was named."""
    row, opened = doing.row, doing.opened
    if not doing.rules.may_approve_code(doing.by):
        return (
            "Not done: only who may write here, or is an approver in `OWNERS`, may let code of a fork run.",
            "refused",
        )
    if opened is None or opened.head != row.head or not row.head.startswith(command.sha):
        return replies.not_the_head(command.sha, opened.head if opened else row.head), "not the head"
    doing.is_approved = True
    doing.judged = replace(doing.judged, judged="")  # what starts with a proposal may start now
    name, answer = f"{doing.request.id}:{row.head}", f"The code of {row.head} may run."
    target = f"{approval_of(row)}@{row.head}"
    doing.ask(
        RequestRow(
            name, doing.request.key, "approve", doing.by, doing.request.at, target, done_at=doing.now, answer=answer
        )
    )
    return replies.code_allowed(row.head), f"code of {row.head} may run"


def approval_of(row: ReviewRow) -> str:
    """What approvals of a proposal's code are of, so that they approve nothing else of a commit."""
    return f"{row.repository} {row.proposal}"


def _cancel(doing: Doing, _: Command) -> tuple[str, str]:
    """Of the flows, as what was asked for a moment ago may not have begun yet."""
    rows = trials.on_trial(doing.world, doing.row.repository, doing.row.proposal)
    several = [*(row for row in rows if trials.is_under_way(doing.world, row)), *doing.flows.values()]
    for row in several:
        name = f"{doing.request.id}:stop:{len(doing.asked)}"
        doing.ask(RequestRow(name, FlowKey(row.id), "stop", doing.by, doing.request.at, row.id))
    return replies.cancelled([row.name for row in several]), f"{len(several)} stopped"


_DOES: Mapping[str, Callable[[Doing, Command], tuple[str, str]]] = {
    "plan": _plan,
    "run": _run,
    "cancel": _cancel,
    "ok-to-test": _ok_to_test,
    "retest": _retest,
    "hold": _hold,
    "help": _help,
}
