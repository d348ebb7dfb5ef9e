"""The query language of joins."""

import re

import pytest

from reconciler.engine.queries import matches, sort_rows, value_of
from reconciler.plan.queries import parse_query, parse_sort

MAY_31 = 1_717_113_600.0  # 2024-05-31T00:00:00Z
ROW = {
    "id": "r1/train",
    "status": "succeeded",
    "name": "train",
    "kind": "job",
    "tags": ["gpu", "nightly"],
    "metrics": {"loss": 0.25, "epochs": 10},
    "params": {"lr": 0.1, "mode": "fast", "debug": True, "note": None},
    "outputs": {"model": {"path": "m.pkl"}, "a.b": 7},
    "created_at": MAY_31,
    "started_at": MAY_31 + 3600,
    "finished_at": None,
    "duration": 90.0,
    "pipeline": "r1",
    "project": {"name": "churn"},
}


@pytest.mark.parametrize(
    "query",
    [
        "",
        "status:succeeded",
        "status: failed|succeeded",
        "status:done",
        "~status:failed",
        "status:~failed",
        "name:train, kind:job",
        "project.name: churn, kind: job",
        "name:%rai%",
        "name:TRA%",
        "name:%ain",
        "tags:gpu",
        "tags:nightly|weekly",
        "~tags:weekly",
        "metrics.loss:<0.3",
        "metrics.loss:<=0.25",
        "metrics.loss:0.2..0.25",
        "metrics.epochs:>9.5",
        "metrics.epochs:>=10",
        "metrics.epochs:10",
        "params.debug:true",
        "params.mode:fast",
        "params.note:nil",
        "params.unheard:nil",
        "~params.unheard:7",
        "finished_at:nil",
        "~started_at:nil",
        "created_at:2024-05-31",
        "created_at:2024-05-31T00:00",
        "created_at:2024-05-31T02:00+02:00",
        "created_at:2024-05-01..2024-05-31",
        "started_at:>2024-05-31T00:59:59",
        "duration:>60",
        "pipeline:r1",
    ],
)
def test_a_row_is_taken(query):
    assert matches(parse_query(query), ROW)


@pytest.mark.parametrize(
    "query",
    [
        "status:failed",
        "~status:succeeded",
        "status:succeeded, name:prepare",
        "tags:weekly",
        "~tags:gpu",
        "metrics.loss:<0.25",
        "metrics.loss:>zero",
        "metrics.accuracy:<1",
        "params.mode:<5",
        "params.note:None",
        "finished_at:>2020-01-01",
        "~finished_at:nil",
        "created_at:2024-05-30",
        "created_at:2024-05-01..2024-05-30",
        "started_at:<2024-05-31",
        "name:%x%",
        "commit:c0ffee",
    ],
)
def test_a_row_is_not_taken(query):
    assert not matches(parse_query(query), ROW)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("status", "`status` is not `field:condition`"),
        ("status:", "`status:` is not `field:condition`"),
        ("status:a|", "lacks a value"),
        ("metrics.loss:<", "lacks a value"),
        ("metrics.loss:..3", "lacks a value"),
        ("metric.loss:<3", "did you mean `metrics.loss`"),
        ("metrics:3", "is not a field"),
        ("owner:me", "there are commit, created_at"),
        ("created_at:>yesterday", "needs a time such as 2024-05-31"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_sentence(query, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        parse_query(query)


def test_rows_are_sorted_by_fields_then_by_creation_then_by_id():
    rows = [
        {"id": f"r/{name}", "created_at": at, "metrics": {} if loss is None else {"loss": loss}}
        for name, at, loss in (("a[10]", 1, 0.5), ("a[9]", 1, 0.5), ("b", 0, 0.5), ("c", 0, None), ("d", 5, 0.1))
    ]

    def ids(sort):
        return [row["id"] for row in sort_rows(rows, sort)]

    assert ids(None) == ["r/b", "r/c", "r/a[9]", "r/a[10]", "r/d"]
    assert ids("metrics.loss") == ["r/d", "r/b", "r/a[9]", "r/a[10]", "r/c"]
    assert ids("-metrics.loss, -created_at") == ["r/a[9]", "r/a[10]", "r/b", "r/d", "r/c"]


def test_a_sort_by_an_unknown_field_is_refused():
    with pytest.raises(ValueError, match="`sise`"):
        parse_sort("-sise")


def test_values_are_found_by_their_dotted_name():
    assert value_of(ROW, "outputs.model.path") == "m.pkl"
    assert value_of(ROW, "outputs.a.b") == 7
    assert value_of(ROW, "outputs") == ROW["outputs"]
    assert value_of(ROW, "outputs.model.path.deeper") is None
