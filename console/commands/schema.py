"""`headgate schema`: the JSON Schemas of flow files and settings, for editors."""

from __future__ import annotations

import json

import click

from reconciler.flows.schema import SCHEMAS
from reconciler.flows.schema import schema as schema_of

_CHOICES = (*SCHEMAS, "all")


@click.command(epilog="Exit codes: 0 printed, 2 wrong use.")
@click.argument("kind", default="flow", type=click.Choice(_CHOICES), metavar=f"[{'|'.join(_CHOICES)}]")
def schema(kind: str) -> int:
    """Print a JSON Schema for editors.

    \b
    headgate schema > flow.json
    headgate schema settings > settings.json

    `flow` (default) takes components and operations; `settings` is of .headgate.yaml; `all` prints one object with
    each schema under its name.
    """
    click.echo(written({name: schema_of(name) for name in SCHEMAS} if kind == "all" else schema_of(kind)))
    return 0


def written(document: object) -> str:
    """A schema as it is printed, and as it stands in the folder `schemas`."""
    return json.dumps(document, indent=1, ensure_ascii=False)
