"""Checks that a step words itself, as rows: only those that say something new. Posting them is not done here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciler.checks.model import Check
from reconciler.plan.encoding import digest, encode
from reconciler.records import CheckRow
from reconciler.store import Records


def desired_checks(store: Records, repository: str, sha: str, checks: Sequence[Check]) -> list[CheckRow]:
    """The rows that make the commit say these checks; what was posted of a known one is remembered."""
    known = {row.name: row for row in store.checks(repository, sha)}
    rows = [_row(known.get(check.name), repository, sha, check) for check in checks]
    return [row for row in rows if row != known.get(row.name)]


def _row(known: CheckRow | None, repository: str, sha: str, check: Check) -> CheckRow:
    document = encode(check)
    row = known or CheckRow(repository, sha, check.name, desired="")
    final = row.final and row.document_json == document
    return replace(row, desired=digest(check), document_json=document, run="", final=final)
