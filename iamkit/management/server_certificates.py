"""Operations on server certificates, with AWS's names and rules (CAP-C7). No answer has a private key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from iamkit.credentials import server_certificates as store
from iamkit.credentials.secret import Secret
from iamkit.credentials.server_certificates import ServerCertificate
from iamkit.identity.tags import with_tags, without_tags
from iamkit.ids import checked_name, checked_path
from iamkit.management import targets
from iamkit.management.operation import Asks, Work, operation
from iamkit.management.paging import Page, page

_KIND = "server-certificate"


@dataclass(frozen=True, slots=True)
class ServerCertificateFace:
    """A certificate as people see it: everything but its private key. Listings have no bodies."""

    name: str
    certificate_id: str
    arn: str
    path: str
    uploaded_at: datetime
    expires_at: datetime
    body: str
    chain: str
    tags: Mapping[str, str]


def _upload_asks(
    work: Work,
    *,
    server_certificate_name: str,
    path: str = "/",
    tags: Mapping[str, str] | None = None,
    **_others: object,
) -> Asks:
    arn = work.house.arn(work.account, _KIND, checked_path(path), _name(server_certificate_name))
    also = ("iam:TagServerCertificate",) if tags else ()
    return Asks((arn,), targets.request_tag_keys(tags), also=also)


@operation("iam:UploadServerCertificate", access="Write", on=(_KIND,), asks=_upload_asks)
def upload_server_certificate(
    work: Work,
    *,
    server_certificate_name: str,
    certificate_body: str,
    private_key: Secret,
    path: str = "/",
    certificate_chain: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> ServerCertificateFace:
    """Keep a certificate with its key, which is sealed and never told again.

    Raises MalformedCertificate, KeyPairMismatch, EntityAlreadyExists, LimitExceeded.
    """
    from iamkit.credentials import certificates

    certificate = certificates.read(certificate_body)
    certificates.check_pair(certificate, private_key.reveal())
    if certificate_chain is not None:
        certificates.blocks(certificate_chain)
    house = work.house
    held = work.unit.count(ServerCertificate, {"account": work.account})
    house.quotas.hold("server_certificates", held + 1)
    made = store.add(
        work.unit,
        work.services.sealer,
        house.ids,
        account=work.account,
        name=server_certificate_name,
        path=path,
        arn=house.arn(work.account, _KIND, path, server_certificate_name),
        body=certificate_body.strip(),
        chain=(certificate_chain or "").strip(),
        private_key=private_key,
        now=house.now(),
        expires_at=certificate.not_valid_after_utc,
        tags=with_tags({}, tags or {}, house.quotas),
    )
    return _face(made)


def _asks(work: Work, *, server_certificate_name: str, **_others: object) -> Asks:
    return _target(work, server_certificate_name)


@operation("iam:GetServerCertificate", access="Read", on=(_KIND,), asks=_asks)
def get_server_certificate(work: Work, *, server_certificate_name: str) -> ServerCertificateFace:
    """A certificate with its body and chain. Raises NoSuchEntity."""
    return _face(store.get(work.unit, work.account, server_certificate_name))


def _list_asks(work: Work, *, path_prefix: str = "/", **_others: object) -> Asks:
    return targets.below(work, _KIND, path_prefix)


@operation("iam:ListServerCertificates", access="List", on=(_KIND,), asks=_list_asks)
def list_server_certificates(
    work: Work, *, path_prefix: str = "/", marker: str | None = None, max_items: int | None = None
) -> Page[ServerCertificateFace]:
    """The certificates whose path begins with `path_prefix`, by name."""
    found = page(
        lambda after, limit: store.listing(
            work.unit, work.account, path_prefix=path_prefix, after=after, limit=limit
        ),
        lambda kept: kept.name_key,
        marker=marker,
        max_items=max_items,
    )
    return Page(tuple(_face(kept, whole=False) for kept in found.items), found.marker)


def _update_asks(
    work: Work,
    *,
    server_certificate_name: str,
    new_path: str | None = None,
    new_server_certificate_name: str | None = None,
) -> Asks:
    asks = _target(work, server_certificate_name)
    found = store.find(work.unit, work.account, server_certificate_name)
    path = ("/" if found is None else found.path) if new_path is None else checked_path(new_path)
    old = server_certificate_name if found is None else found.name
    name = old if new_server_certificate_name is None else _name(new_server_certificate_name)
    target = work.house.arn(work.account, _KIND, path, name)
    if target in asks.resources:
        return asks
    shown = work.house.arn(work.account, _KIND, new_path or "/", name)
    # A move needs both ends.
    return Asks((*asks.resources, target), asks.context, shown=(*asks.shown, shown))


@operation("iam:UpdateServerCertificate", access="Write", on=(_KIND,), asks=_update_asks)
def update_server_certificate(
    work: Work,
    *,
    server_certificate_name: str,
    new_path: str | None = None,
    new_server_certificate_name: str | None = None,
) -> None:
    """Rename or move a certificate. Raises NoSuchEntity, EntityAlreadyExists."""
    kept = store.get(work.unit, work.account, server_certificate_name)
    name = kept.name if new_server_certificate_name is None else new_server_certificate_name
    path = kept.path if new_path is None else new_path
    arn = work.house.arn(work.account, _KIND, path, name)
    store.move(work.unit, kept, name=name, path=path, arn=arn)


@operation("iam:DeleteServerCertificate", access="Write", on=(_KIND,), asks=_asks)
def delete_server_certificate(work: Work, *, server_certificate_name: str) -> None:
    """Forget a certificate and its key for good. Raises NoSuchEntity."""
    store.remove(work.unit, store.get(work.unit, work.account, server_certificate_name))


def _tag_asks(work: Work, *, server_certificate_name: str, tags: Mapping[str, str]) -> Asks:
    return _target(work, server_certificate_name, targets.request_tag_keys(tags))


@operation("iam:TagServerCertificate", access="Tagging", on=(_KIND,), asks=_tag_asks)
def tag_server_certificate(work: Work, *, server_certificate_name: str, tags: Mapping[str, str]) -> None:
    """Set tags of a certificate. Raises LimitExceeded."""
    kept = store.get(work.unit, work.account, server_certificate_name)
    store.set_tags(work.unit, kept, with_tags(kept.tags, tags, work.house.quotas))


def _untag_asks(work: Work, *, server_certificate_name: str, tag_keys: tuple[str, ...]) -> Asks:
    return _target(work, server_certificate_name, targets.removed_tag_keys(tag_keys))


@operation("iam:UntagServerCertificate", access="Tagging", on=(_KIND,), asks=_untag_asks)
def untag_server_certificate(work: Work, *, server_certificate_name: str, tag_keys: tuple[str, ...]) -> None:
    """Remove tags of a certificate; a key that is not there is no error."""
    kept = store.get(work.unit, work.account, server_certificate_name)
    store.set_tags(work.unit, kept, without_tags(kept.tags, tag_keys))


@operation("iam:ListServerCertificateTags", access="List", on=(_KIND,), asks=_asks)
def list_server_certificate_tags(work: Work, *, server_certificate_name: str) -> Mapping[str, str]:
    """The tags of a certificate."""
    return store.get(work.unit, work.account, server_certificate_name).tags


def _name(name: str) -> str:
    return checked_name("server-certificate", name)


def _target(work: Work, name: str, keys: targets.Keys | None = None) -> Asks:
    found = store.find(work.unit, work.account, _name(name))
    plain = work.house.arn(work.account, _KIND, "/", name)
    return Asks(
        (plain if found is None else found.arn,), {**targets.tag_keys(found), **(keys or {})}, shown=(plain,)
    )


def _face(kept: ServerCertificate, *, whole: bool = True) -> ServerCertificateFace:
    return ServerCertificateFace(
        kept.name,
        kept.certificate_id,
        kept.arn,
        kept.path,
        kept.uploaded_at,
        kept.expires_at,
        kept.body if whole else "",
        kept.chain if whole else "",
        kept.tags,
    )
