"""OWNERS files: whom they name, in the format of Kubernetes."""

import pytest

from reconciler.flows.owners import Owners, parse_owners

PLAIN = b"""
approvers:
- Ann
- leads   # an alias
reviewers: [bob, "@carl"]
labels: [area/flows]
options: {no_parent_owners: true}
"""
FILTERED = b"""
filters:
  ".*": {approvers: [ann], reviewers: [bob]}
  "\\\\.go$": {approvers: [gopher]}
"""
ALIASES = b"""
aliases:
  leads: [dora, Emil]
  unused: [eve]
"""


def test_approvers_and_reviewers_are_told_apart():
    assert parse_owners(PLAIN) == Owners(frozenset({"ann", "leads"}), frozenset({"bob", "carl"}))


def test_an_alias_stands_for_its_members():
    assert parse_owners(PLAIN, ALIASES).approvers == {"ann", "dora", "emil"}


def test_of_filters_the_one_about_all_files_counts():
    assert parse_owners(FILTERED) == Owners(frozenset({"ann"}), frozenset({"bob"}))


@pytest.mark.parametrize(
    "data", [None, b"", b"[", b"- ann", b"approvers: ann", b"approvers: [1, {a: b}]", b"a: 1\n---\nb: 2", b"\xff"]
)
def test_a_file_that_cannot_be_read_names_nobody(data):
    assert parse_owners(data, data) == Owners()
