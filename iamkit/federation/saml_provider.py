"""SAML providers: identity providers that an account trusts, by the metadata they publish (CAP-H4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from iamkit.errors import EntityAlreadyExists, InputError, NoSuchEntity
from iamkit.federation import saml_metadata
from iamkit.storage import Reader, Unit, record

# What AWS tells of metadata that has no end of its own.
_WITHOUT_END: Final = timedelta(days=36500)

Encryption = Literal["Required", "Allowed"]


@record("saml_provider", key=("arn",), index=(("account",),))
@dataclass(frozen=True, slots=True)
class SamlProvider:
    """A provider. `valid_until` is the end that its metadata tells.

    `encryption` is whether assertions have to be encrypted; empty where nothing was said of it.
    """

    arn: str
    account: str
    name: str
    uuid: str
    created_at: datetime
    valid_until: datetime
    encryption: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@record("saml_metadata", key=("arn",))
@dataclass(frozen=True, slots=True)
class SamlMetadataDocument:
    """The metadata of the provider with that ARN, apart from it because it may be long."""

    arn: str
    text: str = field(repr=False)


def create(
    unit: Unit,
    *,
    arn: str,
    account: str,
    name: str,
    uuid: str,
    metadata: str,
    now: datetime,
    encryption: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> SamlProvider:
    """Keep a provider under its ARN. Raises InputError, EntityAlreadyExists."""
    made = SamlProvider(
        arn=arn,
        account=account,
        name=name,
        uuid=uuid,
        created_at=now,
        valid_until=_end(metadata, now),
        encryption=checked_encryption(encryption or ""),
        tags=tags or {},
    )
    if find(unit, account, arn) is not None:
        raise EntityAlreadyExists(f"there is a SAML provider named `{name}` already")
    unit.add(made)
    unit.add(SamlMetadataDocument(arn, metadata))
    return made


def checked_encryption(mode: str) -> str:
    """`mode`, if it is `Required`, `Allowed` or empty. Raises InputError."""
    if mode not in ("", "Required", "Allowed"):
        raise InputError(f"assertion encryption must be `Required` or `Allowed`, not `{mode[:80]}`")
    return mode


def find(reader: Reader, account: str, arn: str) -> SamlProvider | None:
    """The account's provider with that ARN."""
    found = reader.get(SamlProvider, (arn,))
    return found if found is not None and found.account == account else None


def get(reader: Reader, account: str, arn: str) -> SamlProvider:
    """The account's provider with that ARN. Raises NoSuchEntity."""
    found = find(reader, account, arn)
    if found is None:
        raise NoSuchEntity(f"there is no SAML provider `{arn[:300]}`")
    return found


def metadata_of(reader: Reader, provider: SamlProvider) -> str:
    """The text of a provider's metadata. Raises NoSuchEntity."""
    found = reader.get(SamlMetadataDocument, (provider.arn,))
    if found is None:
        raise NoSuchEntity(f"SAML provider `{provider.name}` has no metadata")
    return found.text


def listing(reader: Reader, account: str) -> list[SamlProvider]:
    """The providers of an account, by ARN."""
    return reader.find(SamlProvider, {"account": account}, order="arn")


def count(reader: Reader, account: str) -> int:
    """How many providers an account has."""
    return reader.count(SamlProvider, {"account": account})


def set_metadata(unit: Unit, provider: SamlProvider, metadata: str, *, now: datetime) -> SamlProvider:
    """Replace the metadata. Raises InputError."""
    changed = replace(provider, valid_until=_end(metadata, now))
    unit.change(SamlMetadataDocument, (provider.arn,), {"text": metadata})
    unit.change(SamlProvider, (provider.arn,), {"valid_until": changed.valid_until})
    return changed


def set_encryption(unit: Unit, provider: SamlProvider, mode: str) -> SamlProvider:
    """Say whether assertions have to be encrypted. Raises InputError."""
    unit.change(SamlProvider, (provider.arn,), {"encryption": checked_encryption(mode)})
    return replace(provider, encryption=mode)


def set_tags(unit: Unit, provider: SamlProvider, tags: Mapping[str, str]) -> SamlProvider:
    """Replace the tags, which are checked already."""
    unit.change(SamlProvider, (provider.arn,), {"tags": tags})
    return replace(provider, tags=tags)


def delete(unit: Unit, provider: SamlProvider) -> None:
    """Forget a provider with its metadata."""
    unit.remove(SamlMetadataDocument, (provider.arn,))
    unit.remove(SamlProvider, (provider.arn,))


def _end(metadata: str, now: datetime) -> datetime:
    told = saml_metadata.read(metadata).valid_until
    if told is not None and told <= now:
        raise InputError("the metadata document is no longer valid; fetch it again from the provider")
    return now + _WITHOUT_END if told is None else told
