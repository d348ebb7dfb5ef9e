"""`headgate schema`: the JSON Schema of flow files, for editors."""

from __future__ import annotations

import json

import click

from reconciler.flows.schema import DOCUMENTS
from reconciler.flows.schema import schema as schema_of


@click.command(epilog="Exit codes: 0 printed, 2 wrong use.")
@click.argument("kind", required=False, type=click.Choice(DOCUMENTS), metavar="[component|operation]")
def schema(kind: str | None) -> int:
    """Print the JSON Schema of flow files for editors.

    \b
    headgate schema > flow.schema.json
    headgate schema component
    """
    click.echo(json.dumps(schema_of(kind), indent=2, ensure_ascii=False))
    return 0
