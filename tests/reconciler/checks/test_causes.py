"""Every way not to succeed has a cause of its own, with advice."""

import pytest

from reconciler.checks.cause_words import EXITS, REASONS
from reconciler.checks.causes import Circumstances, cause_of
from reconciler.checks.log_excerpt import excerpt
from reconciler.engine import reasons
from reconciler.engine.model import Status
from reconciler.plan.model import PlannedOp
from tests.reconciler.checks.samples import state

TRAIN = PlannedOp(
    "train",
    "job",
    {"container": {"image": "acme/train:1", "resources": {"limits": {"memory": "8Gi"}, "requests": {"cpu": 64}}}},
    timeout=600,
    line=41,
)


@pytest.mark.parametrize("code", [1, 2, 126, 127, 134, 137, 139, 143])
def test_each_well_known_exit_code_is_explained(code):
    cause = cause_of(state("train", "failed"), Circumstances(TRAIN, exit_code=code))

    assert f"exit code {code}" in cause.what
    assert cause.short == EXITS[code][0]
    assert cause.do.endswith(".")


@pytest.mark.parametrize(
    ("code", "short"), [(3, "failed with exit code 3"), (136, "was ended by SIGFPE"), (180, "was ended by signal 52")]
)
def test_other_exit_codes_have_a_meaning_too(code, short):
    assert cause_of(state("train", "failed"), Circumstances(exit_code=code)).short == short


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_every_reason_is_a_sentence_with_advice(reason):
    cause = cause_of(state("train", "failed", reason=reason, message="Something happened."), Circumstances(TRAIN))

    assert "{" not in cause.short + cause.what + cause.do
    assert cause.what.endswith(".")
    assert cause.do.endswith(".")
    assert len(cause.short) <= 45


def test_every_reason_of_a_failure_that_the_engine_gives_has_a_row():
    named = {
        reasons.DEADLINE_EXCEEDED,
        reasons.CONFIG_ERROR,
        reasons.MISSING_INPUT,
        reasons.BAD_OUTPUTS,
        reasons.UNSUPPORTED,
        reasons.OPS_FAILED,
        reasons.TOO_MANY_FAILED,
        reasons.UPSTREAM_FAILED,
    }

    assert named <= set(REASONS)


def test_memory_names_the_limit_and_the_line():
    cause = cause_of(state("train", "failed", reason="OOMKilled"), Circumstances(TRAIN))

    assert cause.what == "was killed after 12 s: it used more memory than its limit of 8Gi."
    assert cause.do.startswith("Raise `resources.limits.memory` at line 41")


def test_a_node_that_ran_out_of_memory_is_no_fault_of_the_limit():
    evicted = state("train", "failed", reason="Evicted", message="The node was low on resource: memory.")

    assert cause_of(evicted, Circumstances(TRAIN)).name == "NodeOutOfMemory"


def test_a_timeout_says_which():
    cause = cause_of(state("train", "failed", reason="DeadlineExceeded"), Circumstances(TRAIN))

    assert "its timeout of 10 m" in cause.what
    assert cause.conclusion_timed_out


def test_an_upstream_failure_names_the_root():
    cause = cause_of(state("deploy", "upstream_failed"), Circumstances(root="train[3]"))

    assert cause.what == "was not run: `train[3]` failed."


def test_a_stop_says_by_whom():
    assert "by ann" in cause_of(state("train", "stopped"), Circumstances(stopped_by="ann")).what


def test_a_false_condition_shows_its_values():
    skipped = state("train", "skipped", condition="0.71 > 0.9")

    assert "`0.71 > 0.9`" in cause_of(skipped, Circumstances()).what


def test_a_nan_in_the_log_is_a_cause_of_its_own():
    cause = cause_of(state("train", "failed"), Circumstances(exit_code=1, error_line="ValueError: loss is nan"))

    assert cause.short == "computed a NaN"


def test_an_exit_code_in_the_reason_counts():
    assert cause_of(state("train", "failed", reason="AppError(127)"), Circumstances()).name == "exit code 127"


def test_a_fault_of_ours_is_called_ours():
    cause = cause_of(state("train", "failed", reason="InternalError"), Circumstances())

    assert "fault of Headgate" in cause.what


def test_a_message_cannot_smuggle_markup_into_a_sentence():
    cause = cause_of(state("a", "failed", reason="ConfigError", message="x `y` {image}"), Circumstances(TRAIN))

    assert "X 'y' {image}" in cause.what


def test_all_final_statuses_have_words():
    for status in (Status.FAILED, Status.STOPPED, Status.SKIPPED, Status.UPSTREAM_FAILED):
        assert cause_of(state("train", status), Circumstances()).what


def test_the_excerpt_prefers_the_line_that_names_the_exception():
    log = "\n".join(
        ["an error may follow", "Traceback (most recent call last):", "  File x", "KeyError: 'a'", "cleanup"]
    )

    assert excerpt(log).error_line == "KeyError: 'a'"


def test_without_an_error_the_last_lines_are_shown():
    shown = excerpt("\n".join(str(number) for number in range(100)))

    assert shown.error is None
    assert shown.lines[-1] == "99"
    assert len(shown.lines) == 12


def test_a_progress_bar_is_its_last_text():
    assert excerpt("10%\r50%\r100%\nValueError: x").lines[0] == "100%"


def test_an_exit_code_that_says_little_is_told_with_the_error_of_the_log():
    cause = cause_of(state("train", "failed"), Circumstances(exit_code=1, error_line="ValueError: `no` rows"))

    assert cause.what.endswith(" Its log says `ValueError: 'no' rows`.")
