"""Facts about what is mended without asking."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.flows.mending import Mended, Outlook, mend
from reconciler.flows.parse import parse
from reconciler.plan.build import build
from tests.reconciler.plan.test_build_seed import SEED

FILE = "flows/a.yaml"
EXAMPLES = sorted((Path(__file__).parents[3] / "examples").rglob("*.y*ml"))


def outlook(text: str, files: Mapping[str, str] | None = None) -> Outlook:
    contents = {path: data.encode() for path, data in (files or {}).items()} | {FILE: text.encode()}
    parsed = parse(contents[FILE], FILE)
    built = [build(flow, contents.get, start=False) for flow in parsed.flows]
    found = [*parsed.findings, *(one for each in built for one in each.findings)]
    return Outlook(tuple({(one.rule, one.span): one for one in found}.values()), parsed.flows, parsed.spellings)


def mended(text: str, files: Mapping[str, str] | None = None) -> Mended:
    return mend(text, FILE, lambda now: outlook(now, files))


def job(more: str = "", **words: str) -> str:
    said = {"run": "run", "container": "container", "command": "command", "kind": "job", "name": "lr"} | words
    return f"""\
name: train  # the model
{said["run"]}:
  kind: '{said["kind"]}'
  {said["container"]}:   # where
    image: "python:3.11"
    {said["command"]}: [python, "{{{{ {said["name"]} }}}}"]
inputs:
- {{name: {said["name"]}, type: float, value: 0.1}}
{more}"""


@pytest.mark.parametrize(
    "words",
    [
        {"run": "runn"},
        {"container": '"containr"'},
        {"command": "comand"},
        {"kind": "jobb"},
        {"run": "runn", "kind": "jobb", "container": "contianer", "command": "Command"},
    ],
)
def test_a_word_that_can_only_be_one_other_becomes_it(words: dict[str, str]):
    quoted = {key: f'"{key}"' for key, word in words.items() if word.startswith('"')}

    assert mended(job(**words)).text == job(**quoted)


def test_a_mistake_that_another_one_hides_is_mended_with_it():
    assert mended(job(run="runn", command="comand")).outlook.findings == ()


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("queue: 12\n", 'queue: "12"\n'),
        ("tags: [yes, 1.10]\n", 'tags: [yes, "1.10"]\n'),
        ("cost: 012\n", "cost: 12\n"),
        ("params: {raet: 3}\n", "params: {rate: 3}\n"),
        (
            "hooks: [{hubRef: x, params: {to: 'a b', n: 2}}]\n",
            "hooks: [{hubRef: x, params: {to: {value: 'a b'}, n: {value: 2}}}]\n",
        ),
        ("is_approved: true\n", "isApproved: true\n"),
        ("termination: {max_retries: 1}\n", "termination: {maxRetries: 1}\n"),
        ("patchStrategy: post-merge\n", "patchStrategy: post_merge\n"),
    ],
)
def test_values_are_mended_where_they_stand(wrong: str, right: str):
    assert mended(job(wrong, name="rate")).text == job(right, name="rate")


def test_a_number_with_zeros_that_stands_for_a_text_is_quoted():
    text = job().replace("    image", "    env: [{name: A, value: 012}]\n    image")

    assert '{name: A, value: "012"}' in mended(text).text


DAG = """\
name: f
run:
  kind: dag
  operations:
  - {name: prepare, dagRef: step}
  - name: train
    dagRef: stepp
    dependencies: [prepaer]
    params: {x: {ref: ops.perpare, value: outputs.count}}
  components:
  - name: step
    inputs: [{name: x, type: int, value: 1}]
    outputs: [{name: count, type: int}]
    run: {kind: job, container: {image: a}}
"""


def test_names_of_ops_and_components_are_mended():
    text = mended(DAG).text

    assert "dagRef: step\n    dependencies: [prepare]\n    params: {x: {ref: ops.prepare, value" in text
    assert mended(DAG).outlook.counts == (0, 0)


@pytest.mark.parametrize(
    "text",
    [
        DAG.replace("prepaer", "prepare2").replace("perpare", "prepare").replace("stepp", "step"),
        job("params: {lr2: 1}\n"),
        job("trigger: all_done1\n"),
        job("anything: 1\n"),
        "name: a\nname: b\nrun: {kind: job, container: {image: x}}\n",
        "name: [\n",
        "",
    ],
)
def test_what_could_be_meant_otherwise_is_left_to_people(text: str):
    assert mended(text).text == text


def test_a_key_that_is_there_already_is_not_said_twice():
    text = job("quee: a\nqueue: b\n")

    assert mended(text).text == text


def test_an_accepted_finding_is_left_as_it_is():
    text = job("params: {raet: 1}  # headgate: accept param-undeclared (for the report)\n", name="rate")

    assert mended(text).text == text


def test_older_spellings_take_their_form_of_today_and_mean_the_same():
    made = mended(SEED)

    assert "\nrun:\n  kind: dag\n  operations:\n    - name: job1\n" in made.text
    assert "serviceAccountName: my-service" in made.text
    assert made.text.startswith("version: 1.1\n")
    assert made.outlook.meaning == outlook(SEED.replace("bucket:", "input-bucket:")).meaning
    assert [(fix.before, fix.after, fix.span.line) for fix in made.fixes] == [
        ("bucket", "input-bucket", 9),
        ("1", "1.1", 1),
        ("serviceAccount", "serviceAccountName", 23),
        ("ops", "run", 5),
    ]


def test_options_of_an_input_move_into_its_validation():
    text = job().replace("type: float, value: 0.1}", "type: float, options: [0.1, 0.2], value: 0.1}")

    assert "type: float, validation: {options: [0.1, 0.2]}, value: 0.1}" in mended(text).text


def test_the_form_of_the_file_stays():
    made = mended(job(command="comand").replace("\n", "\r\n"))

    assert made.text == job().replace("\n", "\r\n")


def check_mending(text: str) -> None:
    """Nothing gets worse, everything said is gone, and a second time there is nothing to do."""
    made = mended(text)
    errors, wrong = outlook(made.text).counts
    before = outlook(text).counts
    assert errors <= before[0]
    assert wrong <= before[1]
    again = mended(made.text)
    assert (again.text, again.fixes) == (made.text, ())
    assert bool(made.fixes) == (made.text != text)
    # With a section that moves to the right, its comments move as well: what is before them may be another blank.
    assert re.findall(r"(?<=\s)#.*", made.text) == re.findall(r"(?<=\s)#.*", text)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_a_good_example_needs_no_mending_of_mistakes(file: Path):
    text = file.read_text("utf-8")
    if outlook(text).counts == (0, 0):
        assert [fix for fix in mended(text).fixes if fix.rule != "spelling"] == []
    check_mending(text)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_mending_makes_no_mutated_example_worse_and_ends(data: st.DataObject):
    text = data.draw(
        st.sampled_from([SEED, DAG, job("cost: 012\nqueue: 3\n"), *(f.read_text("utf-8") for f in EXAMPLES)])
    )
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        kind = data.draw(st.sampled_from(["drop", "double", "swap", "insert", "line", "slip", "slip"]))
        if kind == "drop":
            text = text[:at] + text[at + 1 :]
        elif kind == "double":
            text = text[:at] + text[at : at + 1] + text[at:]
        elif kind == "swap":
            text = text[:at] + text[at : at + 2][::-1] + text[at + 2 :]
        elif kind == "insert":
            text = text[:at] + data.draw(st.sampled_from(list(": -#'\"|{}[]\n\tx1&*"))) + text[at:]
        elif kind == "slip":
            words = list(re.finditer(r"[A-Za-z]{4,}", text)) or [re.compile("").search(text)]
            middle = sum(words[at % len(words)].span()) // 2
            text = text[:middle] + text[middle + 1 :]
        else:
            lines = text.split("\n")
            del lines[at % len(lines)]
            text = "\n".join(lines)

    check_mending(text)
