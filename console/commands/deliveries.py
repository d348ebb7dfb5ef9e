"""`headgate deliveries`: the webhooks that came in, and doing one again."""

from __future__ import annotations

import json
from pathlib import Path

import click

from console.asking import answered, checked_id, somebody_works
from console.config import Config
from console.delivered import Delivered, again, delivered, document, lines, request_entry
from console.failures import USAGE, Failure
from console.opening import store_of
from console.options import FORMAT, store_options
from console.reading import config_of
from reconciler.keys import text_of
from reconciler.records import DeliveryRow, RequestRow
from reconciler.store import Store

_MOST = 10_000


@click.group()
def deliveries() -> None:
    """Show the webhooks that came in, or do one again.

    \b
    headgate deliveries list
    headgate deliveries replay 72d3162e
    """


@deliveries.command("list", epilog="Exit codes: 0 shown, 2 wrong use, 3 the store is away.")
@click.option("--limit", type=click.IntRange(1, _MOST), default=20, show_default=True, help="How many, newest first.")
@click.option("--event", metavar="NAME", help="Only those of an event, as `issue_comment`.")
@click.option("--repository", metavar="NAME", help="Only those of a repository.")
@FORMAT
@store_options
def show(
    limit: int, event: str | None, repository: str | None, form: str, file: Path | None, data_dir: Path | None
) -> None:
    """Show the webhooks that came in: when, which, of what, and what has become of it.

    \b
    headgate deliveries list
    headgate deliveries list --event issue_comment --repository acme/shop --limit 5

    Those that nothing followed from are not kept. What GitHub could not deliver and was recovered from its list is
    among them.
    """
    with store_of(config_of(file, data_dir)) as store:
        every = [delivered(store, row) for row in store.deliveries(limit, event=event, repository=repository)]
    if form == "json":
        told = {"version": 1, "deliveries": [document(one) for one in every]}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    click.echo("".join(f"{text}\n" for text in lines(every)), nl=False)
    if not every:
        click.echo("no such webhook has come in." if event or repository else "no webhook has come in yet.", err=True)


@deliveries.command(epilog="Exit codes: 0 asked, 1 nothing of it is kept, 2 wrong use, 3 the store is away.")
@click.argument("delivery")
@click.option("--request-id", metavar="ID", help="Asked twice with one id, it is done once.")
@FORMAT
@store_options
def replay(delivery: str, request_id: str | None, form: str, file: Path | None, data_dir: Path | None) -> int:
    """Do again what a webhook asked for: look once more, and ask once more for what its author wanted.

    \b
    headgate deliveries replay 72d3162e
    headgate deliveries replay 72d3162e --request-id ticket-12

    DELIVERY is its id in `headgate deliveries list`, or as much of it as only one has. Who asked, and whether they may,
    stays as it was; a button whose commit stands no more does nothing.
    """
    config = config_of(file, data_dir)
    name = checked_id(request_id)
    with store_of(config) as store:
        one = delivered(store, _found(store, delivery))
        if not one.keys and not one.requests:
            raise Failure("delivery-forgotten", f"What {one.row.id} asked for is not kept any more.", exit_code=1)
        asked = again(store, one, name)
        works = somebody_works(config)
        done = [answered(store, request) if works else request for request in asked]
    _tell(one, done, form, config, works)
    return 0


def _found(store: Store, name: str) -> DeliveryRow:
    found = store.deliveries(2, prefix=name)
    if not found:
        do = "`headgate deliveries list` shows those that are kept."
        raise Failure("delivery-unknown", f"There is no delivery `{name}`.", do=do, exit_code=USAGE)
    if len(found) > 1 and name not in (row.id for row in found):
        what = f"Several deliveries begin with `{name}`, as {found[0].id} and {found[1].id}."
        raise Failure("delivery-unclear", what, do="Give more of it.", exit_code=USAGE)
    return next((row for row in found if row.id == name), found[0])


def _tell(one: Delivered, asked: list[RequestRow], form: str, config: Config, works: bool) -> None:
    if form == "json":
        woke, requests = [text_of(key) for key in one.keys], [request_entry(request) for request in asked]
        told = {"version": 1, "delivery": one.row.id, "woke": woke, "requests": requests}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        for key in one.keys:
            click.echo(f"{text_of(key)} is looked at again.")
        for request in asked:
            click.echo(request.answer or f"{request.verb} of {request.by} was asked once more.")
    if not works or any(request.done_at is None for request in asked):
        when = "it takes longer than usual" if works else f"it is done when a service works on {config.data_dir}"
        click.echo(f"recorded; {when}.", err=True)
