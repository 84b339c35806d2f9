"""What a SAML identity provider says of itself: its metadata document, read without trusting it (CAP-H4).

A document type is refused before anything in it is read, so that there are no entities: neither one's own
files nor somebody's billion laughs can get in (THR-X, XXE).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, NoReturn
from xml.parsers import expat

from iamkit.errors import InputError, ValidationError

LENGTHS: Final = (1_000, 10_000_000)
_DEPTH: Final = 64
_METADATA: Final = "urn:oasis:names:tc:SAML:2.0:metadata"
_SIGNATURE: Final = "http://www.w3.org/2000/09/xmldsig#"
_ROOT: Final = (_METADATA, "EntityDescriptor")
_PROVIDER: Final = (_METADATA, "IDPSSODescriptor")
_KEY: Final = (_METADATA, "KeyDescriptor")
_CERTIFICATE: Final = (_SIGNATURE, "X509Certificate")
# Above this one is no key but an attack on whoever reads it.
_LONGEST_CERTIFICATE: Final = 100_000
_KEYS: Final = 10
# What XML calls a dateTime.
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)?", re.ASCII)

Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class SamlMetadata:
    """What a document says: the provider's own name, until when, where to sign in, and with which keys.

    `certificates` are the signing certificates in base64, as written but for white space.
    """

    entity_id: str
    valid_until: datetime | None
    sign_in_urls: tuple[str, ...]
    certificates: tuple[str, ...] = field(repr=False)


def read(text: str) -> SamlMetadata:
    """What a metadata document says. Raises ValidationError for its length, InputError for the rest."""
    shortest, longest = LENGTHS
    if not shortest <= len(text) <= longest:
        raise ValidationError(
            f"a metadata document must have {shortest} to {longest} characters, not {len(text)}"
        )
    reading = _Reading()
    parser = expat.ParserCreate("utf-8", "\n")
    parser.StartDoctypeDeclHandler = _no_document_type
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.characters
    try:
        parser.Parse(text.encode("utf-8"), True)
    except expat.ExpatError as fault:
        raise InputError(
            f"the metadata document is no XML: line {fault.lineno}, column {fault.offset}"
        ) from None
    except (UnicodeEncodeError, ValueError):
        raise InputError("the metadata document is no well-formed Unicode text") from None
    return reading.finished()


def _no_document_type(*_declared: object) -> NoReturn:
    raise InputError("a metadata document must not have a document type; remove `<!DOCTYPE …>`")


def _split(name: str) -> Name:
    space, _, local = name.rpartition("\n")
    return space, local


class _Reading:
    """What has been read so far; the parser calls it."""

    def __init__(self) -> None:
        self._above: list[Name] = []
        self._entity_id = ""
        self._provider = False
        self._signs = False
        self._until: list[datetime] = []
        self._urls: list[str] = []
        self._certificates: list[str] = []
        self._letters: list[str] | None = None

    def start(self, raw: str, attributes: dict[str, str]) -> None:
        name = _split(raw)
        if len(self._above) >= _DEPTH:
            raise InputError(f"the metadata document nests deeper than {_DEPTH}")
        if not self._above:
            if name != _ROOT:
                raise InputError("a metadata document is one `EntityDescriptor` of SAML 2.0")
            self._entity_id = attributes.get("entityID", "")
            self._end_of(attributes)
        elif name == _PROVIDER and len(self._above) == 1:
            self._provider = True
            self._end_of(attributes)
        elif _PROVIDER in self._above:
            self._within(name, attributes)
        self._above.append(name)

    def end(self, _raw: str) -> None:
        name = self._above.pop()
        if name == _CERTIFICATE and self._letters is not None:
            found = "".join("".join(self._letters).split())
            if not found:
                raise InputError("the metadata document holds an empty certificate")
            self._certificates.append(found)
            self._letters = None

    def characters(self, text: str) -> None:
        if self._letters is not None:
            self._letters.append(text)
            if len(self._letters) > _LONGEST_CERTIFICATE or len(text) > _LONGEST_CERTIFICATE:
                raise InputError("the metadata document holds a certificate that is far too long")

    def finished(self) -> SamlMetadata:
        if not 1 <= len(self._entity_id) <= 1024:
            raise InputError("the metadata document has no `entityID` of 1 to 1024 characters")
        if not self._provider:
            raise InputError("the metadata document describes no identity provider: no `IDPSSODescriptor`")
        if not self._certificates:
            raise InputError("the metadata document holds no certificate that the provider signs with")
        if len(self._certificates) > _KEYS:
            raise InputError(f"the metadata document holds more than {_KEYS} signing certificates")
        if not self._urls:
            raise InputError("the metadata document tells no `SingleSignOnService`")
        return SamlMetadata(
            self._entity_id,
            min(self._until, default=None),
            tuple(dict.fromkeys(self._urls)),
            tuple(dict.fromkeys(self._certificates)),
        )

    def _within(self, name: Name, attributes: dict[str, str]) -> None:
        if name == (_METADATA, "SingleSignOnService"):
            self._urls.append(attributes.get("Location", ""))
        elif name == _KEY:
            self._signs = attributes.get("use", "signing") == "signing"
        elif name == _CERTIFICATE and self._signs and _KEY in self._above:
            self._letters = []

    def _end_of(self, attributes: dict[str, str]) -> None:
        text = attributes.get("validUntil")
        if text is None:
            return
        try:
            if not _INSTANT.fullmatch(text):
                raise ValueError(text)
            found = datetime.fromisoformat(text)
        except ValueError:
            raise InputError("`validUntil` of the metadata document is no instant") from None
        self._until.append(found if found.tzinfo is not None else found.replace(tzinfo=UTC))
