"""JSON of repositories, refs and commits."""

from __future__ import annotations

from tests.github.records import Repository
from tests.github.shapes.accounts import Addresses, Json, moment, node_id, user

# name of the address -> what follows the repository's own
_ADDRESSES = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}
_COUNTS = (
    *("forks", "forks_count", "open_issues", "open_issues_count", "stargazers_count"),
    *("watchers", "watchers_count", "size"),
)


def address(at: Addresses, row: Repository) -> str:
    return f"{at.api}/repos/{row.full_name}"


def simple_repository(at: Addresses, row: Repository) -> Json:
    """What other objects carry of their repository."""
    url = address(at, row)
    return {
        "id": row.id,
        "node_id": node_id("Repository", row.id),
        "name": row.name,
        "full_name": row.full_name,
        "private": row.private,
        "owner": user(at, row.owner),
        "html_url": f"{at.web}/{row.full_name}",
        "description": None,
        "fork": row.parent is not None,
        "url": url,
        **{name: url + rest for name, rest in _ADDRESSES.items()},
    }


def repository(at: Addresses, row: Repository) -> Json:
    """A repository with its settings."""
    git = f"{at.web}/{row.full_name}.git"
    return {
        **simple_repository(at, row),
        **dict.fromkeys(_COUNTS, 0),
        "clone_url": git,
        "git_url": git.replace("http:", "git:", 1),
        "ssh_url": f"git@{at.web.removeprefix('http://')}:{row.full_name}.git",
        "svn_url": f"{at.web}/{row.full_name}",
        "default_branch": row.default_branch,
        "archived": row.archived,
        "disabled": False,
        "topics": [],
        "is_template": False,
        "allow_forking": True,
        "web_commit_signoff_required": False,
        "visibility": "private" if row.private else "public",
        **{f"has_{name}": True for name in ("issues", "projects", "wiki", "downloads")},
        **{f"has_{name}": False for name in ("pages", "discussions")},
        **dict.fromkeys(("homepage", "language", "license", "mirror_url")),
        "pushed_at": moment(row.pushed_at),
        "created_at": moment(row.created_at),
        "updated_at": moment(row.pushed_at),
    }


def full_repository(at: Addresses, row: Repository) -> Json:
    """A repository asked for by itself."""
    extra: Json = {"network_count": 0, "subscribers_count": 0}
    if row.parent:
        extra |= {"parent": repository(at, row.parent), "source": repository(at, row.parent)}
    return {**repository(at, row), **extra}


def ref(at: Addresses, row: Repository, name: str, sha: str) -> Json:
    url = address(at, row)
    return {
        "ref": name,
        "node_id": node_id(f"Ref:{name}:", row.id),
        "url": f"{url}/git/{name}",
        "object": {"type": "commit", "sha": sha, "url": f"{url}/git/commits/{sha}"},
    }


def commit(at: Addresses, row: Repository, sha: str) -> Json:
    url = address(at, row)
    said = row.git.described(sha)
    tree = said.tree
    person = {"name": said.author, "email": f"{said.author}@people.example", "date": moment(said.seconds)}
    return {
        "url": f"{url}/commits/{sha}",
        "sha": sha,
        "node_id": node_id(f"Commit:{sha}:", row.id),
        "html_url": f"{at.web}/{row.full_name}/commit/{sha}",
        "comments_url": f"{url}/commits/{sha}/comments",
        "commit": {
            "url": f"{url}/git/commits/{sha}",
            "author": person,
            "committer": person,
            "message": said.message,
            "comment_count": 0,
            "tree": {"sha": tree, "url": f"{url}/git/trees/{tree}"},
        },
        "author": None,
        "committer": None,
        "parents": [
            {"sha": one, "url": f"{url}/commits/{one}", "html_url": f"{at.web}/{row.full_name}/commit/{one}"}
            for one in said.parents
        ],
    }


def simple_commit(row: Repository, sha: str) -> Json:
    """What check suites and merge groups carry of a commit."""
    said = row.git.described(sha)
    person = {"name": said.author, "email": f"{said.author}@people.example"}
    return {
        "id": sha,
        "tree_id": said.tree,
        "message": said.message,
        "timestamp": moment(said.seconds),
        "author": person,
        "committer": person,
    }
