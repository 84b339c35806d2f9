"""The condition keys of a request (SEM §7), built from verified facts only.

Each key is present exactly when its rule says so, and absent otherwise; nothing is emitted as an empty
string. What the app or a plugin adds cannot set or shadow a key that iamkit itself answers for (SEM-K29).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Final

from iamkit.clock import Clock
from iamkit.credentials.authentication import CredentialKind
from iamkit.errors import EvaluationError
from iamkit.gate.origin import Proxies
from iamkit.http import HttpRequest
from iamkit.identity.principal import Principal
from iamkit.policy.request import CallerKind, Context, ContextValue

PluginKeys = Callable[[HttpRequest | None, Principal], Iterable[Mapping[str, ContextValue]]]

# What may be said of the resource or the request by those who know them: the app and the operations.
_TOLD_PREFIXES: Final = ("aws:resourcetag/", "aws:requesttag/")
_TOLD: Final = "aws:tagkeys"
_RESERVED: Final = ("aws:", "iamkit:")
# How much of a header that a client writes freely is a condition key, in characters.
_LONGEST_SENT: Final = 1024


class ContextBuilder:
    """Builds the context of one decision. `plugin_keys` asks the plugins, None if there is none to ask."""

    def __init__(
        self, clock: Clock, proxies: Proxies, plugin_keys: PluginKeys | None = None, *, organization: str = ""
    ) -> None:
        self._clock = clock
        self._proxies = proxies
        self._plugin_keys = plugin_keys
        self._organization = organization

    def build(
        self,
        principal: Principal,
        request: HttpRequest | None,
        *,
        resource_account: str,
        told: Mapping[str, ContextValue] | None = None,
    ) -> Context:
        """The context. `told` are keys from the app or a management operation.

        Raises EvaluationError on a key that may not be given, or a value that no condition can be about.
        """
        now = self._clock.now()
        # What the app and plugins say is asked for now; what iamkit itself knows stays as it is, and most
        # policies ask for none of it. Tags might differ in case only, which is an error of the decision.
        plain = self._plugin_keys is None and not told and not principal.tags
        if plain:
            return _Late(partial(self._build, principal, request, resource_account, now, None))
        return self._build(principal, request, resource_account, now, told)

    def _build(
        self,
        principal: Principal,
        request: HttpRequest | None,
        resource_account: str,
        now: datetime,
        told: Mapping[str, ContextValue] | None,
    ) -> Context:
        values: dict[str, ContextValue] = {
            "aws:CurrentTime": now,
            "aws:EpochTime": int(now.timestamp()),
            "aws:PrincipalIsAWSService": principal.caller.kind is CallerKind.SERVICE,
            "aws:ViaAWSService": False,
        }
        if resource_account:
            values["aws:ResourceAccount"] = resource_account
            if self._organization:
                values["aws:ResourceOrgID"] = self._organization
        _principal_keys(values, principal, self._organization)
        _credential_keys(values, principal, now)
        if request is not None:
            self._request_keys(values, request)
        # A key without a value is absent, never empty (SEM-C17).
        values = {name: value for name, value in values.items() if value != ""}
        taken = {name.lower() for name in values}
        for name, value in (told or {}).items():
            if name.lower().startswith(_RESERVED) and not _may_be_told(name.lower()):
                raise EvaluationError(f"`{name}` is iamkit's to set; give condition keys of your own prefix")
            _add(values, taken, name, value, "the app")
        for given in () if self._plugin_keys is None else self._plugin_keys(request, principal):
            for name, value in given.items():
                if name.lower().startswith(_RESERVED):
                    raise EvaluationError(f"a plugin set `{name}`; plugins use a prefix of their own")
                _add(values, taken, name, value, "a plugin")
        return Context(values)

    def _request_keys(self, values: dict[str, ContextValue], request: HttpRequest) -> None:
        values["aws:SecureTransport"] = self._proxies.secure(request)
        source = self._proxies.source_ip(request)
        if source:
            values["aws:SourceIp"] = source
        for key, header in (("aws:UserAgent", "user-agent"), ("aws:Referer", "referer")):
            sent = request.headers.get(header)
            if sent:
                # Kept with every decision, those of strangers too, who must not choose how much that is.
                values[key] = sent[:_LONGEST_SENT]
        values["iamkit:HttpMethod"] = request.method
        values["iamkit:HttpHost"] = request.host


class _Late(Context):
    """A context that is built when it is first looked into, from what held when it was made."""

    __slots__ = ("_late",)

    def __init__(self, late: Callable[[], Context]) -> None:
        self._late = late

    def __getattr__(self, name: str) -> object:
        # A slot that was not filled yet.
        if name not in ("by_lower", "_written"):
            raise AttributeError(name)
        made = self._late()
        self._written = made._written
        self.by_lower = made.by_lower
        return getattr(made, name)


def _may_be_told(name: str) -> bool:
    return name == _TOLD or any(name.startswith(prefix) and name != prefix for prefix in _TOLD_PREFIXES)


def _add(values: dict[str, ContextValue], taken: set[str], name: str, value: object, giver: str) -> None:
    if name.lower() in taken or ":" not in name:
        raise EvaluationError(f"{giver} gave the condition key `{name}`, which is taken or has no prefix")
    taken.add(name.lower())
    if value is None or value == "":
        return
    values[name] = _checked(name, value, giver)


def _checked(name: str, value: object, giver: str) -> ContextValue:
    # What is kept for the explanation must be what was decided on, so nothing is converted here.
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise EvaluationError(f"{giver} gave `{name}` an instant without a time zone")
        return value
    if isinstance(value, (str, bool, int, float, Decimal, bytes)):
        return value
    if isinstance(value, tuple) and all(isinstance(part, str) for part in value):
        return value
    raise EvaluationError(
        f"{giver} gave `{name}` a value that is no text, number, bool, instant, bytes or tuple of texts"
    )


def _principal_keys(values: dict[str, ContextValue], principal: Principal, organization: str) -> None:
    caller = principal.caller
    values["aws:PrincipalType"] = str(caller.kind)
    if caller.kind is CallerKind.ANONYMOUS:
        values["aws:PrincipalAccount"] = "anonymous"
        values["aws:userid"] = "anonymous"
        return
    values["aws:PrincipalAccount"] = caller.account
    if caller.kind is CallerKind.SERVICE:
        # A service has a name and no ARN (SEM-K23).
        values["aws:PrincipalServiceName"] = caller.arn
        if caller.arn:
            values["aws:PrincipalServiceNamesList"] = (caller.arn,)
        return
    if caller.kind is CallerKind.PROVIDER:
        return
    # The role's ARN with its path for a session, never the session's own (SEM-P13).
    role_session = caller.kind is CallerKind.ROLE_SESSION
    values["aws:PrincipalArn"] = caller.issuer_arn if role_session else caller.arn
    if caller.kind is CallerKind.ROLE_SESSION:
        values["aws:userid"] = f"{caller.unique_id}:{caller.arn.rsplit('/', 1)[-1]}"
    elif caller.kind is CallerKind.FEDERATED_USER:
        values["aws:userid"] = f"{caller.account}:{caller.arn.rsplit('/', 1)[-1]}"
    elif caller.kind is CallerKind.ROOT:
        values["aws:userid"] = caller.account
    else:
        values["aws:userid"] = caller.unique_id
    if caller.kind is CallerKind.USER:
        values["aws:username"] = principal.name
    proof = principal.authentication
    if proof is not None and proof.session is not None:
        values["aws:SourceIdentity"] = proof.session.source_identity
        values["iamkit:Actor"] = proof.session.actor
        if proof.session.provider:
            values["aws:FederatedProvider"] = proof.session.provider
            values.update(proof.session.claims)
    for key, value in principal.tags.items():
        values[f"aws:PrincipalTag/{key}"] = value
    if organization and principal.org_path:
        values["aws:PrincipalOrgID"] = organization
        values["aws:PrincipalOrgPaths"] = ("/".join((organization, *principal.org_path, "")),)


def _credential_keys(values: dict[str, ContextValue], principal: Principal, now: datetime) -> None:
    proof = principal.authentication
    if proof is None:
        values["iamkit:CredentialKind"] = str(CredentialKind.ANONYMOUS)
        return
    values["iamkit:CredentialKind"] = str(proof.kind)
    if proof.issued_at is not None:
        values["aws:TokenIssueTime"] = proof.issued_at
        values["iamkit:SessionAge"] = int((now - proof.issued_at).total_seconds())
        # For a long-term key token and MFA keys are absent, not false (SEM-K3, K-4, C-16) unless a factor
        # was shown with this very call.
        values["aws:MultiFactorAuthPresent"] = False
    if proof.mfa_at is not None:
        values["aws:MultiFactorAuthPresent"] = True
        values["aws:MultiFactorAuthAge"] = int((now - proof.mfa_at).total_seconds())
        second = tuple(factor for factor in proof.factors if factor != "password")
        if second:
            values["iamkit:MultiFactorMethod"] = second
