"""Steps for what is no user, group or role: the account itself, policies, profiles and providers."""

from __future__ import annotations

from dataclasses import fields
from typing import Final

from iamkit.errors import InputError
from iamkit.identity.blueprint import AccountPlan, OidcPlan, PolicyPlan, ProfilePlan, SamlPlan
from iamkit.management import accounts, oidc_providers, password_policy, policies, saml_providers, tags
from iamkit.management import instance_profiles as profiles
from iamkit.management.desk import Desk
from iamkit.management.password_policy import PasswordPolicy
from iamkit.management.steps import CHANGE, CREATE, DELETE, Book, equal, must_be_same

_RULES: Final = {part.name for part in fields(PasswordPolicy)} - {"expire_passwords"}


def account_steps(book: Book, wanted: AccountPlan, now: AccountPlan) -> None:
    """What makes alias and password policy as they are wanted. Raises InputError."""
    if wanted.alias != now.alias:
        if wanted.alias is not None:
            make = accounts.create_account_alias
            book.do(CHANGE, "account", f"alias {wanted.alias}", make, account_alias=wanted.alias)
        else:
            book.do(CHANGE, "account", "no alias", accounts.delete_account_alias, account_alias=now.alias)
    if wanted.password_policy == now.password_policy:
        return
    if wanted.password_policy is None:
        book.do(CHANGE, "account", "no password policy", password_policy.delete_account_password_policy)
        return
    strange = sorted({*wanted.password_policy} - _RULES)
    if strange:
        raise InputError(f"a password policy knows no `{strange[0][:80]}`")
    update = password_policy.update_account_password_policy
    book.do(CHANGE, "account", "password policy", update, **wanted.password_policy)


def policy_steps(book: Book, wanted: PolicyPlan, now: PolicyPlan | None, *, most: int) -> None:
    """What puts the wanted text in force. A policy that is there keeps its versions, up to `most`.

    One that is not gets all of them under their own numbers.
    """
    subject, arn = f"policy {wanted.name}", book.arn("policy", wanted.path, wanted.name)
    if now is None:
        book.write(CREATE, subject, f"{wanted.default} in force", lambda desk: _make(desk, wanted, arn))
        return
    must_be_same(subject, "path", now.path, wanted.path)
    must_be_same(subject, "description", now.description, wanted.description)
    if not equal(now.document, wanted.document):
        known = next((name for name, text in now.versions.items() if text == wanted.document), None)
        if known is not None:
            put = policies.set_default_policy_version
            book.do(CHANGE, subject, f"{known} in force", put, policy_arn=arn, version_id=known)
        else:
            others = sorted((name for name in now.versions if name != now.default), key=_number)
            if others and len(now.versions) >= most:
                old, remove = others[0], policies.delete_policy_version
                book.do(CHANGE, subject, f"without {old}", remove, policy_arn=arn, version_id=old)
            book.do(
                CHANGE,
                subject,
                "a new version in force",
                policies.create_policy_version,
                policy_arn=arn,
                policy_document=wanted.document,
                set_as_default=True,
            )
    book.tags(subject, now.tags, wanted.tags, tags.tag_policy, tags.untag_policy, policy_arn=arn)


def _make(desk: Desk, wanted: PolicyPlan, arn: str) -> None:
    """All versions under their numbers; those between, which are gone, are made and go again."""
    numbers = sorted(map(_number, wanted.versions))
    if not numbers or numbers[0] < 1 or numbers[-1] > _HIGHEST:
        raise InputError(f"policy `{wanted.name}` must have versions from v1 to v{_HIGHEST}")
    first = f"v{numbers[0]}"
    desk.do(
        policies.create_policy,
        policy_name=wanted.name,
        policy_document=wanted.versions[first],
        path=wanted.path,
        description=wanted.description,
        tags=dict(wanted.tags) or None,
    )
    in_force = "v1"
    for number in range(2, numbers[-1] + 1):
        name = f"v{number}"
        text = wanted.versions.get(name, wanted.versions[first])
        desk.do(
            policies.create_policy_version,
            policy_arn=arn,
            policy_document=text,
            set_as_default=in_force not in wanted.versions,
        )
        if in_force not in wanted.versions:
            desk.do(policies.delete_policy_version, policy_arn=arn, version_id=in_force)
            in_force = name
        elif name not in wanted.versions:
            desk.do(policies.delete_policy_version, policy_arn=arn, version_id=name)
    if in_force != wanted.default:
        desk.do(policies.set_default_policy_version, policy_arn=arn, version_id=wanted.default)


# Nobody waits for more.
_HIGHEST: Final = 10_000


def _number(version: str) -> int:
    digits = version.removeprefix("v")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 9 else 0


def policy_gone(book: Book, now: PolicyPlan) -> None:
    """What removes a policy with its versions."""
    subject, arn = f"policy {now.name}", book.arn("policy", now.path, now.name)
    for version in now.versions:
        if version != now.default:
            remove = policies.delete_policy_version
            book.do(CHANGE, subject, f"without {version}", remove, policy_arn=arn, version_id=version)
    book.do(DELETE, subject, "", policies.delete_policy, policy_arn=arn)


def profile_steps(book: Book, wanted: ProfilePlan, now: ProfilePlan | None) -> None:
    """What makes an instance profile as it is wanted."""
    subject, name = f"instance profile {wanted.name}", {"instance_profile_name": wanted.name}
    if now is None:
        book.do(
            CREATE,
            subject,
            f"on {wanted.path}",
            profiles.create_instance_profile,
            **name,
            path=wanted.path,
            tags=dict(wanted.tags) or None,
        )
        now = ProfilePlan(wanted.name, wanted.path, None, wanted.tags)
    must_be_same(subject, "path", now.path, wanted.path)
    if now.role != wanted.role and now.role is not None:
        take = profiles.remove_role_from_instance_profile
        book.do(CHANGE, subject, f"without role {now.role}", take, **name, role_name=now.role)
    if now.role != wanted.role and wanted.role is not None:
        put = profiles.add_role_to_instance_profile
        book.do(CHANGE, subject, f"with role {wanted.role}", put, **name, role_name=wanted.role)
    tag, untag = profiles.tag_instance_profile, profiles.untag_instance_profile
    book.tags(subject, now.tags, wanted.tags, tag, untag, **name)


def profile_gone(book: Book, now: ProfilePlan) -> None:
    """What removes an instance profile."""
    subject, name = f"instance profile {now.name}", {"instance_profile_name": now.name}
    if now.role is not None:
        take = profiles.remove_role_from_instance_profile
        book.do(CHANGE, subject, f"without role {now.role}", take, **name, role_name=now.role)
    book.do(DELETE, subject, "", profiles.delete_instance_profile, **name)


def oidc_steps(book: Book, wanted: OidcPlan, now: OidcPlan | None) -> None:
    """What makes an OpenID Connect provider as it is wanted."""
    subject, arn = f"provider {wanted.name}", _oidc_arn(book, wanted)
    if now is None:
        book.do(
            CREATE,
            subject,
            "OpenID Connect",
            oidc_providers.create_open_id_connect_provider,
            url=wanted.name,
            client_id_list=wanted.clients,
            thumbprint_list=wanted.thumbprints,
            tags=dict(wanted.tags) or None,
        )
        return
    for client in sorted({*now.clients} - {*wanted.clients}):
        remove = oidc_providers.remove_client_id_from_open_id_connect_provider
        book.do(CHANGE, subject, f"not for client {client}", remove, **arn, client_id=client)
    for client in (item for item in wanted.clients if item not in now.clients):
        add = oidc_providers.add_client_id_to_open_id_connect_provider
        book.do(CHANGE, subject, f"for client {client}", add, **arn, client_id=client)
    if now.thumbprints != wanted.thumbprints:
        update = oidc_providers.update_open_id_connect_provider_thumbprint
        book.do(CHANGE, subject, "thumbprints", update, **arn, thumbprint_list=wanted.thumbprints)
    tag, untag = oidc_providers.tag_open_id_connect_provider, oidc_providers.untag_open_id_connect_provider
    book.tags(subject, now.tags, wanted.tags, tag, untag, **arn)


def oidc_gone(book: Book, now: OidcPlan) -> None:
    """What removes an OpenID Connect provider."""
    remove = oidc_providers.delete_open_id_connect_provider
    book.do(DELETE, f"provider {now.name}", "", remove, **_oidc_arn(book, now))


def _oidc_arn(book: Book, plan: OidcPlan) -> dict[str, str]:
    arn = book.arn("oidc-provider", "/", plan.name.removeprefix("https://"))
    return {"open_id_connect_provider_arn": arn}


def saml_steps(book: Book, wanted: SamlPlan, now: SamlPlan | None) -> None:
    """What makes a SAML provider as it is wanted. Its private keys stay."""
    subject, arn = f"provider {wanted.name}", book.arn("saml-provider", "/", wanted.name)
    if now is None:
        book.do(
            CREATE,
            subject,
            "SAML",
            saml_providers.create_saml_provider,
            name=wanted.name,
            saml_metadata_document=wanted.metadata,
            assertion_encryption_mode=wanted.encryption or None,
            tags=dict(wanted.tags) or None,
        )
        return
    if (now.metadata, now.encryption) != (wanted.metadata, wanted.encryption):
        book.do(
            CHANGE,
            subject,
            "metadata",
            saml_providers.update_saml_provider,
            saml_provider_arn=arn,
            saml_metadata_document=wanted.metadata,
            assertion_encryption_mode=wanted.encryption,
        )
    tag, untag = saml_providers.tag_saml_provider, saml_providers.untag_saml_provider
    book.tags(subject, now.tags, wanted.tags, tag, untag, saml_provider_arn=arn)


def saml_gone(book: Book, now: SamlPlan) -> None:
    """What removes a SAML provider."""
    arn = book.arn("saml-provider", "/", now.name)
    book.do(DELETE, f"provider {now.name}", "", saml_providers.delete_saml_provider, saml_provider_arn=arn)
