"""Operations on OpenID Connect providers (CAP-H2). What AWS calls idempotent is so here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from iamkit.federation import oidc_provider
from iamkit.federation.oidc_provider import OidcProvider
from iamkit.identity.tags import with_tags, without_tags
from iamkit.management import targets
from iamkit.management.operation import Asks, Work, operation
from iamkit.management.paging import Page


def _arn(work: Work, url: str) -> str:
    name = oidc_provider.checked_url(url).removeprefix("https://")
    return work.house.arn(work.account, "oidc-provider", "/", name)


def _create_asks(work: Work, *, url: str, tags: Mapping[str, str] | None = None, **_others: object) -> Asks:
    also = ("iam:TagOpenIDConnectProvider",) if tags else ()
    return Asks((_arn(work, url),), targets.request_tag_keys(tags), also=also)


@operation("iam:CreateOpenIDConnectProvider", access="Write", on=("oidc-provider",), asks=_create_asks)
def create_open_id_connect_provider(
    work: Work,
    *,
    url: str,
    client_id_list: Sequence[str] = (),
    thumbprint_list: Sequence[str] = (),
    tags: Mapping[str, str] | None = None,
) -> OidcProvider:
    """Take tokens of a provider from now on. Raises InputError, EntityAlreadyExists, LimitExceeded.

    Nothing is fetched from it now. Thumbprints are kept and decide nothing: its TLS is always verified.
    """
    quotas = work.house.quotas
    quotas.hold("oidc_providers", oidc_provider.count(work.unit, work.account) + 1)
    quotas.hold("oidc_client_ids", len(set(client_id_list)))
    return oidc_provider.create(
        work.unit,
        arn=_arn(work, url),
        account=work.account,
        url=url,
        now=work.house.now(),
        client_ids=client_id_list,
        thumbprints=thumbprint_list,
        tags=with_tags({}, tags or {}, quotas),
    )


def _named_asks(work: Work, *, open_id_connect_provider_arn: str, **_others: object) -> Asks:
    return targets.oidc_provider(work, open_id_connect_provider_arn)


@operation("iam:GetOpenIDConnectProvider", access="Read", on=("oidc-provider",), asks=_named_asks)
def get_open_id_connect_provider(work: Work, *, open_id_connect_provider_arn: str) -> OidcProvider:
    """A provider. Raises NoSuchEntity. On the wire its URL is told without the scheme (`name`)."""
    return _get(work, open_id_connect_provider_arn)


@operation("iam:ListOpenIDConnectProviders", access="List", asks=targets.whole_account)
def list_open_id_connect_providers(work: Work) -> Page[OidcProvider]:
    """The account's providers, by ARN."""
    return Page(tuple(oidc_provider.listing(work.unit, work.account)))


@operation("iam:DeleteOpenIDConnectProvider", access="Write", on=("oidc-provider",), asks=_named_asks)
def delete_open_id_connect_provider(work: Work, *, open_id_connect_provider_arn: str) -> None:
    """Take no token of a provider any more. One that is not there is no error."""
    found = oidc_provider.find(work.unit, work.account, open_id_connect_provider_arn)
    if found is not None:
        oidc_provider.delete(work.unit, found)


@operation("iam:AddClientIDToOpenIDConnectProvider", access="Write", on=("oidc-provider",), asks=_named_asks)
def add_client_id_to_open_id_connect_provider(
    work: Work, *, open_id_connect_provider_arn: str, client_id: str
) -> None:
    """Take tokens for one more client. One that is there is no error. Raises LimitExceeded."""
    found = _get(work, open_id_connect_provider_arn)
    client_ids = dict.fromkeys((*found.client_ids, client_id))
    work.house.quotas.hold("oidc_client_ids", len(client_ids))
    oidc_provider.set_client_ids(work.unit, found, client_ids)


@operation(
    "iam:RemoveClientIDFromOpenIDConnectProvider", access="Write", on=("oidc-provider",), asks=_named_asks
)
def remove_client_id_from_open_id_connect_provider(
    work: Work, *, open_id_connect_provider_arn: str, client_id: str
) -> None:
    """Take tokens for a client no more. One that is not there is no error."""
    found = _get(work, open_id_connect_provider_arn)
    oidc_provider.checked_client_ids((client_id,))
    oidc_provider.set_client_ids(work.unit, found, (item for item in found.client_ids if item != client_id))


@operation(
    "iam:UpdateOpenIDConnectProviderThumbprint", access="Write", on=("oidc-provider",), asks=_named_asks
)
def update_open_id_connect_provider_thumbprint(
    work: Work, *, open_id_connect_provider_arn: str, thumbprint_list: Sequence[str]
) -> None:
    """Replace the thumbprints of a provider. Raises InputError for more than five."""
    oidc_provider.set_thumbprints(work.unit, _get(work, open_id_connect_provider_arn), thumbprint_list)


def _tag_asks(work: Work, *, open_id_connect_provider_arn: str, tags: Mapping[str, str]) -> Asks:
    return targets.oidc_provider(work, open_id_connect_provider_arn, targets.request_tag_keys(tags))


@operation("iam:TagOpenIDConnectProvider", access="Tagging", on=("oidc-provider",), asks=_tag_asks)
def tag_open_id_connect_provider(
    work: Work, *, open_id_connect_provider_arn: str, tags: Mapping[str, str]
) -> None:
    """Set tags of a provider; a key that differs only by case is replaced. Raises LimitExceeded."""
    found = _get(work, open_id_connect_provider_arn)
    oidc_provider.set_tags(work.unit, found, with_tags(found.tags, tags, work.house.quotas))


def _untag_asks(work: Work, *, open_id_connect_provider_arn: str, tag_keys: tuple[str, ...]) -> Asks:
    return targets.oidc_provider(work, open_id_connect_provider_arn, targets.removed_tag_keys(tag_keys))


@operation("iam:UntagOpenIDConnectProvider", access="Tagging", on=("oidc-provider",), asks=_untag_asks)
def untag_open_id_connect_provider(
    work: Work, *, open_id_connect_provider_arn: str, tag_keys: tuple[str, ...]
) -> None:
    """Remove tags of a provider; a key that is not there is no error."""
    found = _get(work, open_id_connect_provider_arn)
    oidc_provider.set_tags(work.unit, found, without_tags(found.tags, tag_keys))


@operation("iam:ListOpenIDConnectProviderTags", access="List", on=("oidc-provider",), asks=_named_asks)
def list_open_id_connect_provider_tags(work: Work, *, open_id_connect_provider_arn: str) -> Mapping[str, str]:
    """The tags of a provider."""
    return _get(work, open_id_connect_provider_arn).tags


def _get(work: Work, arn: str) -> OidcProvider:
    return oidc_provider.get(work.unit, work.account, arn)
