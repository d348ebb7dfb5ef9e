"""No secret stands in what is said, in whatever form our words give it; all else stays."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.checks import words
from reconciler.checks.masking import HIDDEN, SHORTEST, Mask, masked, masked_evidence
from reconciler.checks.model import Annotation, Check, Conclusion
from reconciler.checks.run import flow_check, op_checks
from tests.reconciler.checks import samples

KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEAcanary\nq83vEiM0\n-----END RSA PRIVATE KEY-----"


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=SHORTEST, max_size=40).filter(lambda one: one.strip()))
def test_a_known_value_is_found_in_every_form(value):
    value = value.strip()
    if len(value) < SHORTEST:
        return
    mask = Mask([value])
    forms = [value, words.prose(value), words.code(value), words.markup(value), json.dumps(value)]

    for form in forms:
        assert HIDDEN in mask(f"before {form} after") or len(form.strip("`")) < SHORTEST


def test_a_known_value_that_was_cut_is_found():
    mask = Mask(["canary-in-a-coal-mine"])

    assert mask(words.clip("It says canary-in-a-coal-mine.", 22)) == f"It says {HIDDEN}"


def test_each_line_of_a_known_key_is_hidden():
    assert Mask(["first-line-of-a-long-secret\nsecond-line-of-a-long-secret"])("x second-line-of-a-long-secret") == (
        f"x {HIDDEN}"
    )


@pytest.mark.parametrize(
    "text",
    [
        "ghs_" + "a1B2" * 9,
        "github_pat_" + "11AA" * 10,
        "AKIAIOSFODNN7EXAMPLE",
        "xoxb-123456789012-abcdef",
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxMjM0NSJ9.c2lnbmF0dXJlLW9mLWl0",
        "hf_" + "Ab1" * 12,
        KEY,
    ],
)
def test_what_looks_like_a_secret_is_hidden(text):
    assert Mask()(f"before {text} after") == f"before {HIDDEN} after"
    assert text.splitlines()[0] not in Mask()(words.code(text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("https://ann:canary@example.org/x", f"https://{HIDDEN}@example.org/x"),
        ("Authorization: Bearer canary123", f"Authorization: Bearer {HIDDEN}"),
        ("DB_PASSWORD=canary-123", f"DB_PASSWORD={HIDDEN}"),
        ('{"api_key": "canary-123", "x": 1}', f'{{"api_key": "{HIDDEN}", "x": 1}}'),
        ("postgresql://svc:canary@db/shop failed", f"postgresql://{HIDDEN}@db/shop failed"),
    ],
)
def test_the_name_of_a_secret_stays_and_its_value_goes(text, said):
    assert Mask()(text) == said


@pytest.mark.parametrize(
    "text",
    [
        "token: {{ params.token }}",
        "password: $PASSWORD",
        "max_tokens=100000000",
        "tokenizer: bert-base-uncased",
        "https://example.org/a:b@c",
        "epoch 3: loss 0.123456, secret: none",
        "c0ffee" * 6,
    ],
)
def test_what_is_no_secret_stays(text):
    assert Mask(["", "abc"])(text) == text


def test_masking_again_changes_nothing():
    once = Mask(["canary-value"])(f"token=canary-value password: hunter2hunter2 {KEY}")

    assert Mask(["canary-value"])(once) == once


def test_a_secret_in_a_log_and_a_message_is_in_no_check_of_the_run():
    value = "canary_*value*_1"
    evidence = samples.evidence(
        ops=[samples.state("prepare", "failed", message=f"failed with {value}", outputs={"key": value})],
        logs={"prepare": f"loading\nERROR: login with {value} failed"},
    )

    checks = [flow_check(masked_evidence(evidence, Mask([value])))]
    checks += op_checks(masked_evidence(evidence, Mask([value])), 10)

    said = "".join(f"{masked(check, Mask([value]))}" for check in checks)
    assert HIDDEN in said
    assert "canary" not in said


def test_every_text_of_a_check_is_masked():
    secret = "canary-value"
    note = Annotation("a.yaml", 1, 1, "failure", secret, secret)
    check = Check("headgate", "completed", secret, secret, Conclusion.FAILURE, secret, (note,))

    assert "canary" not in str(masked(check, Mask([secret])))
