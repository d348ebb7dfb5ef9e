"""What the address of GitHub's API, and a list of pull requests, mean to git."""

import pytest

from reconciler.adapters.git_https import Wish
from reconciler.adapters.github_addresses import web_address
from reconciler.adapters.github_seen import base_of_entry


@pytest.mark.parametrize(
    ("api", "web"),
    [
        ("https://api.github.com", "https://github.com"),
        ("https://git.acme.example/api/v3", "https://git.acme.example"),
        ("https://git.acme.example:8443/api/v3", "https://git.acme.example:8443"),
        ("https://api.acme.ghe.com", "https://acme.ghe.com"),
        ("http://127.0.0.1:4010", "http://127.0.0.1:4010"),
    ],
)
def test_repositories_are_where_the_pages_are(api, web):
    assert web_address(api) == web


@pytest.mark.parametrize(
    ("branch", "base"),
    [
        ("gh-readonly-queue/main/pr-12-0123", "main"),
        ("gh-readonly-queue/release/1.2/pr-3-0123", "release/1.2"),
        ("gh-readonly-queue/main", ""),
        ("topic/pr-12-0123", ""),
    ],
)
def test_an_entry_of_the_merge_queue_names_the_branch_that_it_wants_into(branch, base):
    assert base_of_entry(branch) == base


def test_a_wish_names_nothing_that_git_would_take_for_something_else():
    wish = Wish(frozenset({"main", "--upload-pack=x", "a b", "a:b", "-x"}), commits={"refs/headgate/pull/1": "1" * 40})

    assert wish.lines() == f"+refs/heads/main:refs/heads/main\n+{'1' * 40}:refs/headgate/pull/1\n"


def test_a_commit_that_is_none_is_not_wished_for():
    with pytest.raises(ValueError, match="is not a commit id"):
        Wish(commits={"refs/headgate/pull/1": "main"}).lines()


def test_what_is_not_there_is_wished_for_no_more():
    wish = Wish(frozenset({"main", "gone"}), commits={"a": "1" * 40, "b": "2" * 40})

    left = wish.without("refs/heads/gone", "").without("", "2" * 40)
    assert left == Wish(frozenset({"main"}), commits={"a": "1" * 40})
