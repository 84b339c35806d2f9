"""Server certificates: told to iamkit so that somebody sees when they end; their keys are sealed (CAP-C7).

The private half is kept for the host's own use (`opened`) and is in no answer, event or log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from iamkit.credentials.secret import Sealer, Secret
from iamkit.errors import NoSuchEntity
from iamkit.ids import Ids, name_key, name_taken
from iamkit.storage import Reader, Unit, record

PURPOSE: Final = "server-certificate"


@record(
    "server_certificate",
    key=("certificate_id",),
    unique=(("account", "name_key"),),
    index=(("account",),),
)
@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """One certificate. `sealed` is its private key, `chain` what it was issued by, empty if unknown."""

    certificate_id: str
    account: str
    name: str
    name_key: str
    path: str
    arn: str
    body: str
    chain: str
    sealed: bytes = field(repr=False)
    uploaded_at: datetime
    expires_at: datetime
    tags: Mapping[str, str] = field(default_factory=dict)


def add(
    unit: Unit,
    sealer: Sealer,
    ids: Ids,
    *,
    account: str,
    name: str,
    path: str,
    arn: str,
    body: str,
    chain: str,
    private_key: Secret,
    now: datetime,
    expires_at: datetime,
    tags: Mapping[str, str],
) -> ServerCertificate:
    """Keep a certificate. Raises EntityAlreadyExists for a name that is taken in this case or another."""
    if find(unit, account, name) is not None:
        raise name_taken("server certificate", name)
    certificate_id = ids.unique("ASCA")
    made = ServerCertificate(
        certificate_id=certificate_id,
        account=account,
        name=name,
        name_key=name_key(name),
        path=path,
        arn=arn,
        body=body,
        chain=chain,
        sealed=sealer.seal(
            private_key.reveal().encode("ascii"), purpose=PURPOSE, account=account, record_id=certificate_id
        ),
        uploaded_at=now,
        expires_at=expires_at,
        tags=tags,
    )
    unit.add(made)
    return made


def opened(sealer: Sealer, kept: ServerCertificate) -> Secret:
    """The private key in PEM. Raises SealBroken."""
    raw = sealer.unseal(kept.sealed, purpose=PURPOSE, account=kept.account, record_id=kept.certificate_id)
    return Secret(raw.decode("ascii"))


def find(reader: Reader, account: str, name: str) -> ServerCertificate | None:
    """The account's certificate of that name, whatever its case."""
    found = reader.find(ServerCertificate, {"account": account, "name_key": name_key(name)}, limit=1)
    return found[0] if found else None


def get(reader: Reader, account: str, name: str) -> ServerCertificate:
    """The account's certificate of that name. Raises NoSuchEntity."""
    found = find(reader, account, name)
    if found is None:
        raise NoSuchEntity(f"there is no server certificate `{name[:128]}`")
    return found


def listing(
    reader: Reader, account: str, *, path_prefix: str, after: str | None, limit: int | None
) -> list[ServerCertificate]:
    """The account's certificates whose path begins with `path_prefix`, by name."""
    return reader.find(
        ServerCertificate,
        {"account": account},
        prefix=("path", path_prefix),
        order="name_key",
        after=after,
        limit=limit,
    )


def move(unit: Unit, kept: ServerCertificate, *, name: str, path: str, arn: str) -> None:
    """Give a certificate a new name or path. Raises EntityAlreadyExists."""
    other = find(unit, kept.account, name)
    if other is not None and other.certificate_id != kept.certificate_id:
        raise name_taken("server certificate", name)
    values = {"name": name, "name_key": name_key(name), "path": path, "arn": arn}
    unit.change(ServerCertificate, (kept.certificate_id,), values)


def set_tags(unit: Unit, kept: ServerCertificate, tags: Mapping[str, str]) -> None:
    """Replace the tags."""
    unit.change(ServerCertificate, (kept.certificate_id,), {"tags": dict(tags)})


def remove(unit: Unit, kept: ServerCertificate) -> None:
    """Forget a certificate and its key for good."""
    unit.remove(ServerCertificate, (kept.certificate_id,))
