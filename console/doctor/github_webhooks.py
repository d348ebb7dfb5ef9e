"""Whether webhooks arrive, by what GitHub itself says of its deliveries. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from console.doctor.model import Examined, fine, problem, warning
from console.github_config import GitHubConfig
from reconciler.adapters.github_account import AppFacts, DeliveryFacts, HookFacts
from reconciler.checks.words import clip, count, duration, line, when
from webhooks.github_events import HOOK


def judge_hook(config: GitHubConfig, app: AppFacts, hook: HookFacts) -> Iterator[Examined]:
    """How the App's webhook is set up, against the configuration."""
    told = [one for one in (_address(config, app, hook), _secret(config, app, hook), *_form(app, hook)) if one]
    yield from told or [fine("github-webhook", "The App sends signed webhooks.", hook.address)]


def _address(config: GitHubConfig, app: AppFacts, hook: HookFacts) -> Examined | None:
    if not hook.address:
        what = f"The App sends no webhooks: GitHub is only looked at each {duration(config.poll_seconds)}."
        do = f"Give it a webhook, https://HOST{HOOK}, and a secret: {app.settings}"
        return (problem if config.webhook_secrets else warning)("github-webhook", what, app.slug, do)
    if not urlsplit(hook.address).path.endswith(HOOK):
        what = "The App's webhooks go to an address that the service does not have by itself."
        do = f"Unless a proxy leads from there to {HOOK}, correct it: {app.settings}"
        return warning("github-webhook", what, hook.address, do)
    return None


def _secret(config: GitHubConfig, app: AppFacts, hook: HookFacts) -> Examined | None:
    if not hook.address:
        return None
    if not config.webhook_secrets:
        what = "No webhook secret is configured, so none of the App's webhooks is taken."
        do = f"Set a secret for the App ({app.settings}), and name its place in `webhookSecrets`."
        return problem("github-webhook-secret", what, "webhookSecrets", do)
    if not hook.signed:
        what = "The App signs its webhooks with no secret, so none of them is taken."
        return problem(
            "github-webhook-secret", what, app.slug, f"Give it the secret of `webhookSecrets`: {app.settings}"
        )
    return None


def _form(app: AppFacts, hook: HookFacts) -> Iterator[Examined]:
    if hook.address and hook.form != "json":
        what = "The App sends its webhooks as a form, and none of them is understood."
        yield problem("github-webhook", what, app.slug, f"Choose application/json: {app.settings}")
    if hook.address.startswith("https:") and not hook.checks_certificate:
        what = "GitHub does not check the certificate of the service that it sends webhooks to."
        yield warning("github-webhook", what, hook.address, f"Enable SSL verification: {app.settings}")


def judge_deliveries(app: AppFacts, hook: HookFacts, deliveries: Sequence[DeliveryFacts], now: float) -> Examined:
    """Whether webhooks arrive. `deliveries` newest first; `now` by GitHub's clock."""
    done = [one for one in deliveries if not one.pending]
    if not done:
        do = f"Push a commit. If nothing comes then, look at the App's events: {app.settings}/permissions"
        return warning("github-deliveries", "GitHub has sent no webhook for three days.", hook.address, do)
    arrived = {one.guid for one in done if one.arrived}
    lost = [one for one in done if one.guid not in arrived]
    newest = f"the newest {duration(now - done[0].at)} ago ({line(done[0].event)})"
    if not lost:
        return fine("github-deliveries", f"{_of_the_last(len(done), len(done))} arrived, {newest}.", hook.address)
    if done[0].guid in arrived:
        what = f"{_of_the_last(len(lost), len(done))} did not arrive, the newest of them at {when(lost[0].at)}: "
        do = "Those after it arrived. Comments and buttons among them are recovered by the service within minutes."
        return warning("github-deliveries", what + _cause(lost[0])[0], hook.address, do)
    why, do = _cause(done[0])
    what = f"Webhooks do not arrive, {newest}: {why}"
    return problem("github-deliveries", what, hook.address, f"{do} The deliveries: {app.settings}/advanced")


def _of_the_last(some: int, every: int) -> str:
    return f"{count(some, 'webhook')} of the last {every}" if some < every else f"The last {count(every, 'webhook')}"


def _cause(one: DeliveryFacts) -> tuple[str, str]:
    """Why one did not arrive, and what to do."""
    said = clip(line(one.status), 100) or "no answer"
    told = _CAUSES.get(one.code)
    if told is not None:
        return told
    if one.code in (0, 502, 503, 504):
        return (
            f"GitHub got no answer of the service ({said}, HTTP {one.code}).",
            "See that the service runs, and that its address can be reached from outside: DNS, firewall, proxy, "
            "certificate.",
        )
    return f"the service answered HTTP {one.code} ({said}).", "Its log tells more."


_CAUSES = {
    400: ("the service does not understand them.", "Choose application/json for the App's webhook."),
    401: (
        "the service refuses them, as they are signed with another secret.",
        "Give the App and `webhookSecrets` the same secret, then restart the service.",
    ),
    404: (
        "nothing is there that takes them.",
        f"Correct the address, it ends with {HOOK}; without `webhookSecrets` the service takes none.",
    ),
    405: ("something else is there.", f"Correct the address, it ends with {HOOK}."),
    413: ("a proxy finds them too large.", "Let it take bodies of 25 MB."),
}
