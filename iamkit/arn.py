"""Amazon resource names: `arn:partition:service:region:account:resource`, parsed and printed.

The sixth part may itself hold colons and slashes (SEM-R1). A malformed ARN is never completed here;
the error carries the corrected text where it is evident, for a person to accept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from iamkit.errors import InvalidArn

_PARTITION: Final = re.compile(r"[a-z0-9-]+", re.ASCII)
_SERVICE: Final = re.compile(r"[a-z0-9.-]+", re.ASCII)
_REGION: Final = re.compile(r"[a-z0-9-]*", re.ASCII)
_ACCOUNT: Final = re.compile(r"(?:[0-9]{12}|aws)?", re.ASCII)
# No control characters, and nothing that cannot be encoded.
_RESOURCE: Final = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]+")


# All of it at once: none of the first five parts can hold a colon.
_WHOLE: Final = re.compile(
    "arn"
    + "".join(f":(?:{part.pattern})" for part in (_PARTITION, _SERVICE, _REGION, _ACCOUNT))
    + f":{_RESOURCE.pattern}",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Arn:
    """One concrete resource name. Use `Arn.parse` for text from outside; it checks every part."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"

    @classmethod
    def parse(cls, text: str) -> Arn:
        """Parse a concrete ARN. Raises InvalidArn, with a suggestion where one is evident."""
        parts = split(text)
        checks = (_PARTITION, _SERVICE, _REGION, _ACCOUNT, _RESOURCE)
        names = ("partition", "service", "region", "account", "resource")
        for name, pattern, part in zip(names, checks, parts[1:], strict=True):
            if not pattern.fullmatch(part):
                raise InvalidArn(f"the {name} part `{part[:80]}` of `{text[:200]}` is not valid in an ARN")
        return cls(*parts[1:])

    @classmethod
    def check(cls, text: str) -> None:
        """Raise InvalidArn unless `parse` takes `text`."""
        if not _WHOLE.fullmatch(text):
            cls.parse(text)

    @property
    def resource_type(self) -> str:
        """What stands before the first `/` or `:` of the resource part (`user` of `user/family/jeff`)."""
        return re.split("[/:]", self.resource, maxsplit=1)[0]

    @property
    def name(self) -> str:
        """What stands after the last slash of the resource part."""
        return self.resource.rsplit("/", 1)[-1]


def split(text: str) -> tuple[str, str, str, str, str, str]:
    """The six parts of an ARN or ARN pattern, or InvalidArn (SEM-R1, SEM-R9)."""
    parts = text.split(":", 5)
    if parts[0] != "arn":
        raise InvalidArn(f"`{text[:200]}` is not an ARN: it must begin with `arn:`")
    if len(parts) != 6:
        fixed = corrected(text)
        hint = f"; did you mean `{fixed}`" if fixed else ""
        raise InvalidArn(
            f"`{text[:200]}` has {len(parts)} of the six parts of an ARN{hint}",
            suggestion=fixed,
        )
    return (parts[0], parts[1], parts[2], parts[3], parts[4], parts[5])


def corrected(text: str) -> str | None:
    """The ARN that a five-part text most likely meant (`arn:aws:s3::*` → `arn:aws:s3:::*`), or None."""
    parts = text.split(":")
    if parts[0] != "arn" or len(parts) not in (4, 5):
        return None
    _, partition, service, *middle, resource = parts
    if not (partition and service and resource) or _ACCOUNT.fullmatch(resource):
        # An account alone may have meant its root or everything in it: not evident.
        return None
    (between,) = middle or ("",)
    if _ACCOUNT.fullmatch(between):
        return f"arn:{partition}:{service}::{between}:{resource}"
    return f"arn:{partition}:{service}:{between}::{resource}"


def iam_arn(partition: str, account: str, kind: str, path: str, name: str) -> str:
    """The ARN of an IAM entity. `path` begins and ends with a slash, so exactly one slash joins each part."""
    return f"arn:{partition}:iam::{account}:{kind}{path}{name}"


def root_arn(partition: str, account: str) -> str:
    """The ARN of an account's root user, which in a policy's Principal means the account (SEM-P4)."""
    return f"arn:{partition}:iam::{account}:root"
