"""An account's blueprint, read by operations like any other, one entity at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from iamkit.errors import NoSuchEntity
from iamkit.identity.blueprint import (
    AccountPlan,
    Blueprint,
    GroupPlan,
    OidcPlan,
    Plan,
    PolicyPlan,
    ProfilePlan,
    RolePlan,
    SamlPlan,
    UserPlan,
)
from iamkit.management import (
    accounts,
    instance_profiles,
    oidc_providers,
    password_policy,
    reports,
    saml_providers,
)
from iamkit.management.desk import Desk
from iamkit.reports.authorization_details import AuthorizationDetails

_PAGE = 200


def blueprint(desk: Desk) -> Blueprint:
    """The whole of the desk's account, in memory."""
    return Blueprint.of(plans(desk))


def plans(desk: Desk) -> Iterator[Plan]:
    """Every entity of the desk's account, never more than a page of them at a time.

    Raises AccessDenied where the desk's principal may not read.
    """
    yield _account(desk)
    marker: str | None = None
    while True:
        page = desk.do(reports.get_account_authorization_details, marker=marker, max_items=_PAGE)
        yield from _of_page(page)
        marker = page.marker
        if marker is None:
            break
    while True:
        profiles = desk.do(instance_profiles.list_instance_profiles, marker=marker, max_items=_PAGE)
        for profile in profiles:
            role = profile.roles[0].name if profile.roles else None
            yield ProfilePlan(profile.name, profile.path, role, profile.tags)
        marker = profiles.marker
        if marker is None:
            break
    for oidc in desk.do(oidc_providers.list_open_id_connect_providers):
        yield OidcPlan(oidc.url, oidc.client_ids, oidc.thumbprints, oidc.tags)
    for saml in desk.do(saml_providers.list_saml_providers):
        found = desk.do(saml_providers.get_saml_provider, saml_provider_arn=saml.arn)
        yield SamlPlan(saml.name, found.metadata, saml.encryption, saml.tags)


def _account(desk: Desk) -> AccountPlan:
    aliases = desk.do(accounts.list_account_aliases).items
    rules: dict[str, object] | None = None
    try:
        rules = asdict(desk.do(password_policy.get_account_password_policy))
        # It follows from the age.
        del rules["expire_passwords"]
    except NoSuchEntity:
        rules = None
    account = desk.do(accounts.get_caller_identity).account
    return AccountPlan(account, aliases[0] if aliases else None, rules)


def _of_page(page: AuthorizationDetails) -> Iterator[Plan]:
    for user in page.users:
        yield UserPlan(
            user.user.name,
            user.user.path,
            user.user.tags,
            user.user.boundary,
            user.groups,
            user.policies.attached,
            user.policies.inline,
            user.user.enabled,
        )
    for group in page.groups:
        yield GroupPlan(group.group.name, group.group.path, group.policies.attached, group.policies.inline)
    for role in page.roles:
        yield RolePlan(
            role.role.name,
            role.trust,
            role.role.path,
            role.role.description,
            role.role.max_session_seconds,
            role.role.tags,
            role.role.boundary,
            role.policies.attached,
            role.policies.inline,
        )
    for policy in page.policies:
        if policy.policy_id is not None:
            texts = {item.version: item.document for item in policy.versions}
            yield PolicyPlan(
                policy.name, texts, policy.default_version, policy.path, policy.description, policy.tags
            )
