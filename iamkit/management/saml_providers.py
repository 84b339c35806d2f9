"""Operations on SAML providers (CAP-H4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from iamkit.credentials.secret import Secret
from iamkit.federation import saml_keys, saml_provider
from iamkit.federation.saml_keys import SamlPrivateKey
from iamkit.federation.saml_provider import SamlProvider
from iamkit.identity.tags import with_tags, without_tags
from iamkit.ids import checked_name
from iamkit.management import targets
from iamkit.management.operation import Asks, Work, operation
from iamkit.management.paging import Page


@dataclass(frozen=True, slots=True)
class SamlProviderFace:
    """A provider with its metadata. Of its private keys only ids and dates are told."""

    provider: SamlProvider
    metadata: str
    private_keys: tuple[SamlPrivateKey, ...]


def _arn(work: Work, name: str) -> str:
    return work.house.arn(work.account, "saml-provider", "/", checked_name("saml-provider", name))


def _create_asks(work: Work, *, name: str, tags: Mapping[str, str] | None = None, **_others: object) -> Asks:
    also = ("iam:TagSAMLProvider",) if tags else ()
    return Asks((_arn(work, name),), targets.request_tag_keys(tags), also=also)


@operation("iam:CreateSAMLProvider", access="Write", on=("saml-provider",), asks=_create_asks)
def create_saml_provider(
    work: Work,
    *,
    name: str,
    saml_metadata_document: str,
    tags: Mapping[str, str] | None = None,
    assertion_encryption_mode: str | None = None,
    add_private_key: Secret | None = None,
) -> SamlProvider:
    """Keep a provider by its metadata. Raises InputError, EntityAlreadyExists, LimitExceeded."""
    house = work.house
    house.quotas.hold("saml_providers", saml_provider.count(work.unit, work.account) + 1)
    made = saml_provider.create(
        work.unit,
        arn=_arn(work, name),
        account=work.account,
        name=name,
        uuid=house.ids.bytes(16).hex(),
        metadata=saml_metadata_document,
        now=house.now(),
        encryption=assertion_encryption_mode,
        tags=with_tags({}, tags or {}, house.quotas),
    )
    _add_key(work, made, add_private_key)
    return made


def _named_asks(work: Work, *, saml_provider_arn: str, **_others: object) -> Asks:
    return targets.saml_provider(work, saml_provider_arn)


@operation("iam:GetSAMLProvider", access="Read", on=("saml-provider",), asks=_named_asks)
def get_saml_provider(work: Work, *, saml_provider_arn: str) -> SamlProviderFace:
    """A provider with its metadata. Raises NoSuchEntity."""
    found = _get(work, saml_provider_arn)
    return SamlProviderFace(
        found,
        saml_provider.metadata_of(work.unit, found),
        tuple(saml_keys.of_provider(work.unit, found.arn)),
    )


@operation("iam:ListSAMLProviders", access="List", asks=targets.whole_account)
def list_saml_providers(work: Work) -> Page[SamlProvider]:
    """The account's providers, by ARN."""
    return Page(tuple(saml_provider.listing(work.unit, work.account)))


@operation("iam:UpdateSAMLProvider", access="Write", on=("saml-provider",), asks=_named_asks)
def update_saml_provider(
    work: Work,
    *,
    saml_provider_arn: str,
    saml_metadata_document: str | None = None,
    assertion_encryption_mode: str | None = None,
    add_private_key: Secret | None = None,
    remove_private_key: str | None = None,
) -> SamlProvider:
    """Replace the metadata of a provider, say how it encrypts, change its keys; what is not given stays.

    Raises NoSuchEntity, InputError, LimitExceeded.
    """
    found = _get(work, saml_provider_arn)
    if saml_metadata_document is not None:
        found = saml_provider.set_metadata(work.unit, found, saml_metadata_document, now=work.house.now())
    if assertion_encryption_mode is not None:
        found = saml_provider.set_encryption(work.unit, found, assertion_encryption_mode)
    if remove_private_key is not None:
        saml_keys.remove(work.unit, found.arn, remove_private_key)
    _add_key(work, found, add_private_key)
    return found


@operation("iam:DeleteSAMLProvider", access="Write", on=("saml-provider",), asks=_named_asks)
def delete_saml_provider(work: Work, *, saml_provider_arn: str) -> None:
    """Forget a provider. Roles that trust it stay as they are. Raises NoSuchEntity."""
    found = _get(work, saml_provider_arn)
    saml_keys.remove_all(work.unit, found.arn)
    saml_provider.delete(work.unit, found)


def _tag_asks(work: Work, *, saml_provider_arn: str, tags: Mapping[str, str]) -> Asks:
    return targets.saml_provider(work, saml_provider_arn, targets.request_tag_keys(tags))


@operation("iam:TagSAMLProvider", access="Tagging", on=("saml-provider",), asks=_tag_asks)
def tag_saml_provider(work: Work, *, saml_provider_arn: str, tags: Mapping[str, str]) -> None:
    """Set tags of a provider; a key that differs only by case is replaced. Raises LimitExceeded."""
    found = _get(work, saml_provider_arn)
    saml_provider.set_tags(work.unit, found, with_tags(found.tags, tags, work.house.quotas))


def _untag_asks(work: Work, *, saml_provider_arn: str, tag_keys: tuple[str, ...]) -> Asks:
    return targets.saml_provider(work, saml_provider_arn, targets.removed_tag_keys(tag_keys))


@operation("iam:UntagSAMLProvider", access="Tagging", on=("saml-provider",), asks=_untag_asks)
def untag_saml_provider(work: Work, *, saml_provider_arn: str, tag_keys: tuple[str, ...]) -> None:
    """Remove tags of a provider; a key that is not there is no error."""
    found = _get(work, saml_provider_arn)
    saml_provider.set_tags(work.unit, found, without_tags(found.tags, tag_keys))


@operation("iam:ListSAMLProviderTags", access="List", on=("saml-provider",), asks=_named_asks)
def list_saml_provider_tags(work: Work, *, saml_provider_arn: str) -> Mapping[str, str]:
    """The tags of a provider."""
    return _get(work, saml_provider_arn).tags


def _get(work: Work, arn: str) -> SamlProvider:
    return saml_provider.get(work.unit, work.account, arn)


def _add_key(work: Work, provider: SamlProvider, pem: Secret | None) -> None:
    if pem is not None:
        saml_keys.add(
            work.unit,
            work.services.sealer,
            work.house.ids,
            provider_arn=provider.arn,
            account=work.account,
            pem=pem.reveal(),
            now=work.house.now(),
        )
