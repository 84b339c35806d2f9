"""Every extension point of iamkit, on one page.

A plugin is any object or module with functions of these names, marked `@iamkit.hookimpl`. It is found by
the entry point group `iamkit`, or handed to `IAM(..., plugins=[...])`. Hooks are plain functions, never
`async`; a hook that raises refuses the request it was called for. No hook decides: hooks contribute
facts, policies and operators, and every outcome names a policy statement or its absence. iamkit's own
parts (signatures, sessions, the refusal page) are implementations of these same hooks.

This is the one module that names types from higher floors, for signatures only.
"""

# mypy: disable-error-code="empty-body"
# A specification is only read, never called, so it has no body.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import click

    from iamkit.audit.event import Event
    from iamkit.credentials.authentication import Authentication
    from iamkit.credentials.message import Message
    from iamkit.credentials.mfa import MfaMethod, MfaServices
    from iamkit.credentials.sealing import KeyProvider
    from iamkit.federation.web_identity import FederationServices, WebIdentities
    from iamkit.gate.verdict import Refusal
    from iamkit.http import HttpRequest, HttpResponse, NeedsBody
    from iamkit.identity.principal import Principal
    from iamkit.identity.shipped import ShippedPolicy
    from iamkit.policy.catalog import Service
    from iamkit.policy.layers import AttachedPolicy
    from iamkit.policy.operators import Operator
    from iamkit.policy.request import ContextValue
    from iamkit.settings import Settings
    from iamkit.storage import Store
    from iamkit.web.routes import Route

hookspec = pluggy.HookspecMarker("iamkit")
hookimpl = pluggy.HookimplMarker("iamkit")


@hookspec(firstresult=True)
def iamkit_authenticate(request: HttpRequest) -> Authentication | NeedsBody | None:
    """Establish who sent `request`.

    Called by the gate once for every request, before routing. Return None if the credential is not of
    your kind, the verified Authentication if it is, NeedsBody to be called again with the body, and raise
    AuthenticationError if it is yours and bad (401).
    """


@hookspec
def iamkit_challenges() -> Sequence[str]:
    """Name the challenges of your authenticator, such as `Bearer realm="app"` (RFC 9110 §11.6.1).

    Called by the guard for a refusal with 401, and for one with 403 to a bearer token. What is malformed is
    left out.
    """


@hookspec
def iamkit_context(request: HttpRequest | None, principal: Principal) -> Mapping[str, ContextValue]:
    """Add condition keys to a request, under your own prefix.

    Called by the gate before every decision; `request` is None outside HTTP. Keys beginning with `aws:` or
    `iamkit:`, and keys that another plugin gave, are refused: the decision is then a denial.
    """


@hookspec
def iamkit_settings(settings: Settings) -> str:
    """Check a plugin's own settings, `settings.section(NAME)`, and return NAME.

    Called once, when an IAM is made. Raise ConfigurationError for what is missing or wrong, so that the app
    does not start with it. A section that no plugin answers for is a configuration error.
    """


@hookspec
def iamkit_mfa_methods(services: MfaServices) -> Sequence[MfaMethod]:
    """Add ways to prove a second factor. Called once, when the first is asked for.

    A method checks and gives facts; iamkit counts attempts before it is called, and spends its proof in the
    unit that starts the session. A name that exists is a configuration error.
    """


@hookspec(firstresult=True)
def iamkit_web_identities(services: FederationServices) -> WebIdentities | None:
    """Verify tokens of OpenID Connect providers, for `sts:AssumeRoleWithWebIdentity`.

    Called once, when the first token comes. What is returned verifies and decides nothing: which role the
    token opens is for the role's trust policy. Without an answer the operation is refused, as not available.
    """


@hookspec
def iamkit_operators() -> Sequence[Operator]:
    """Add condition operators. Called once, at start-up; a name that exists is a configuration error."""


@hookspec
def iamkit_services() -> Sequence[Service]:
    """Declare the actions, resource types and condition keys of a service. Called once, at start-up."""


@hookspec
def iamkit_policies() -> Sequence[ShippedPolicy]:
    """Ship managed policies: read-only, attachable, under `arn:PARTITION:iam::aws:policy/`.

    Called once, at start-up.
    """


@hookspec
def iamkit_resource_policies(arn: str) -> Sequence[AttachedPolicy]:
    """Supply resource-based policies of one resource that the app keeps itself.

    Called by the gate before a decision about `arn`; what is returned joins the policies that iamkit holds.
    """


@hookspec
def iamkit_guardrails(account: str) -> Sequence[AttachedPolicy]:
    """Supply a ceiling for everybody in `account`: one more level that must allow, and may deny.

    Called when a principal's layers are built. An empty result adds no level.
    """


@hookspec(firstresult=True)
def iamkit_store(url: str) -> Store | None:
    """Open a store for a URL scheme of your own. Called once, at start-up; return None for other schemes."""


@hookspec(firstresult=True)
def iamkit_key_provider(url: str) -> KeyProvider | None:
    """Supply the key-encryption key from elsewhere than a file.

    Called once, at start-up, with the setting `kek`; return None for other schemes.
    """


@hookspec(firstresult=True)
def iamkit_deliver(message: Message, settings: Mapping[str, str]) -> bool | None:
    """Take a message to a person: a link, a code, a notice.

    Called by the outbox, in a thread of its own, after the change that the message tells of was committed.
    Return None if the channel is not yours, True once it is delivered; False, and whatever is raised, has it
    tried again later with the same `message_id`. `settings` are those of all plugins, as `SECTION.NAME`.
    `wording.written(message)` is its text. Never log that.
    """


@hookspec(firstresult=True)
def iamkit_refusal(refusal: Refusal) -> HttpResponse | None:
    """Render a refused request (401, 403, hidden 404, 400, 503).

    Called by the web adapters; the first answer is sent.
    """


@hookspec(firstresult=True)
def iamkit_routes(app: object) -> Sequence[Route] | None:
    """List the routes of an app that your framework module knows.

    Called by `iamkit routes`; return None if the app is not of your framework.
    """


@hookspec
def iamkit_audit(event: Event) -> None:
    """See an audit event after it was committed.

    Called by the trail; what it raises is logged, nothing is undone.
    """


@hookspec
def iamkit_cli(group: click.Group) -> None:
    """Add commands to `iamkit`. Called when the command line starts."""
