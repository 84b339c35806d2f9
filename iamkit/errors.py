"""Every exception that iamkit raises on purpose: one tree, each with a code and an HTTP status.

    IamkitError
    ├── ConfigurationError          the set-up is wrong; nothing is served until it is mended
    ├── InputError                  400: what was sent is malformed; nothing was changed
    │   ├── ValidationError         a parameter is outside its documented form
    │   ├── InvalidArn              a resource name is not an ARN (may carry the corrected one)
    │   ├── MalformedPolicyDocument a policy breaks the grammar (carries each problem with its place)
    │   ├── MalformedRequest        the HTTP request itself is ambiguous or not canonical
    │   ├── MalformedQueryString    the parameters of an API request cannot be read in one way
    │   ├── InvalidAction           the API has no such operation, or it is not built yet
    │   ├── RequestTooLarge         413: a body that has to be read first is longer than the limit
    │   ├── InvalidUserType         this is for users with a password of their own, and the caller is none
    │   ├── PasswordPolicyViolation the password breaks the account's password policy
    │   ├── PackedPolicyTooLarge    session policies and tags together are too much for one session
    │   ├── InvalidAuthorizationMessage  what should be decoded is no message of a denial here
    │   ├── InvalidIdentityToken    the token of an identity provider proves nothing here
    │   ├── ExpiredIdentityToken    it did once, and its time is over
    │   ├── IdpCommunicationError   the provider could not be asked for its keys
    │   ├── UnmodifiableEntity      the entity belongs to iamkit or a plugin
    │   ├── PolicyNotAttachable     this policy cannot be attached to that kind of entity
    │   ├── InvalidPublicKey        an SSH public key is of no kind or strength that is accepted
    │   ├── UnrecognizedPublicKeyEncoding  it is spelt neither as SSH nor as PEM
    │   ├── DuplicateSSHPublicKey   the user has it already
    │   ├── MalformedCertificate    a text is no certificate
    │   ├── InvalidCertificate      a certificate is not good for what it is for
    │   ├── KeyPairMismatch         a private key is of another certificate
    │   └── JWTPayloadSizeExceeded  the claims of a token are too many
    ├── NoSuchEntity                404
    │   └── NotSupportedService     there is no such service to make a credential for
    ├── FeatureDisabled             404: the account does not have that feature
    ├── ReportNotPresent            410: nobody had that report made
    ├── ReportExpired               410: it is too old to be told
    ├── ConflictError               409
    │   ├── EntityAlreadyExists
    │   ├── DeleteConflict          something still hangs on the entity
    │   ├── DuplicateCertificate    somebody has this certificate already
    │   ├── LimitExceeded           a quota is full (names the quota and its value)
    │   ├── FeatureEnabled          the account has that feature already
    │   └── ConcurrentModification  somebody else changed it first; read again
    ├── AuthenticationError         401: who is calling could not be established
    │   ├── MissingAuthenticationToken
    │   ├── InvalidClientTokenId    unknown or inactive key, or a token that is not valid
    │   ├── SignatureDoesNotMatch
    │   ├── IncompleteSignature     400: the signature's form is wrong
    │   ├── ExpiredToken
    │   ├── InvalidCredentials      sign-in failed; says the same whatever the cause
    │   └── PasswordExpired         the password was right, and is too old; an administrator sets another
    ├── SessionDurationEscalation   403: what is asked for would outlive the session that asks
    ├── OutboundWebIdentityFederationDisabled  403: the account issues no identity tokens
    ├── InvalidAuthenticationCode   403: a code or another second factor is not right
    ├── AccessDenied                403: the caller is known, no policy lets the request pass
    │   ├── UnclassifiedRoute       the endpoint declares neither an action nor that it is public
    │   └── StepUpRequired          401: a fresher sign-in or second factor would let it pass
    ├── EvaluationError             a decision could not be finished; always treated as a denial (SEM-F2)
    │   └── NotFilterable           a policy cannot be turned into a list's filter; nothing is listed
    ├── Throttling                  429: come back after `retry_after` seconds
    └── ServiceUnavailable          503: a part that every answer needs is missing
        ├── StoreUnavailable        the store cannot be read or written
        └── NotInitialized          `iamkit init` has not been run on this store

Messages are lower case, without a final period, put what the user wrote in backticks, and say what
to do next where that is not obvious. Codes are AWS's where AWS has one.
"""

# ruff: noqa: N818  # the names are AWS's codes, which have no suffix

from __future__ import annotations

from pathlib import PurePath
from typing import ClassVar, Final

# How many of the innermost frames are told of a fault.
_FRAMES: Final = 4


class IamkitError(Exception):
    """Root of the tree. `code` is stable and machine-readable, `status` the HTTP status it maps to."""

    code: ClassVar[str] = "InternalFailure"
    status: ClassVar[int] = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return self.message


class ConfigurationError(IamkitError):
    """The settings, a plugin or the host app are put together wrongly."""

    code = "ConfigurationError"
    status = 503


class InputError(IamkitError):
    """What was sent is malformed. Nothing was changed."""

    code = "InvalidInput"
    status = 400


class ValidationError(InputError):
    """A parameter is outside its documented form (length, alphabet, range)."""

    code = "ValidationError"


class InvalidArn(InputError):
    """A text that should be an ARN is not; `suggestion` is the corrected ARN where one is evident."""

    code = "InvalidArn"

    def __init__(self, message: str, *, suggestion: str | None = None) -> None:
        super().__init__(message)
        self.suggestion = suggestion


class MalformedRequest(InputError):
    """The HTTP request is ambiguous or not canonical, and is refused before it is routed."""

    code = "MalformedRequest"


class MalformedQueryString(InputError):
    """The parameters of an API request cannot be read, or not in one way only."""

    code = "MalformedQueryString"


class InvalidAction(InputError):
    """The API has no operation of that name, or none yet."""

    code = "InvalidAction"


class RequestTooLarge(InputError):
    """A body that has to be read before the caller is known is longer than the limit."""

    code = "RequestEntityTooLarge"
    status = 413


class InvalidUserType(InputError):
    """The operation is for users, and a session of a role or a root user calls it."""

    code = "InvalidUserType"


class PasswordPolicyViolation(InputError):
    """The password does not satisfy the account's password policy."""

    code = "PasswordPolicyViolation"


class PackedPolicyTooLarge(InputError):
    """Session policies and session tags, packed, are larger than one session may carry."""

    code = "PackedPolicyTooLarge"


class InvalidAuthorizationMessage(InputError):
    """The text is no encoded message of a denial that is on record in the caller's account."""

    code = "InvalidAuthorizationMessageException"


class InvalidIdentityToken(InputError):
    """The token of an identity provider is malformed, forged, or not for here."""

    code = "InvalidIdentityToken"


class ExpiredIdentityToken(InputError):
    """A token of an identity provider was right, and is too old."""

    code = "ExpiredTokenException"


class IdpCommunicationError(InputError):
    """An identity provider could not be asked for its keys, or did not answer as it has to."""

    code = "IDPCommunicationError"


class UnmodifiableEntity(InputError):
    """The entity is shipped by iamkit, the app or a plugin and cannot be changed here."""

    code = "UnmodifiableEntity"


class PolicyNotAttachable(InputError):
    """The policy exists but cannot be attached to that entity."""

    code = "PolicyNotAttachable"


class InvalidPublicKey(InputError):
    """An SSH public key is damaged, or of no kind or strength that is accepted."""

    code = "InvalidPublicKey"


class UnrecognizedPublicKeyEncoding(InputError):
    """A public key is asked for, or sent, in an encoding that is neither SSH nor PEM."""

    code = "UnrecognizedPublicKeyEncoding"


class DuplicateSSHPublicKey(InputError):
    """The user has this SSH public key already (AWS answers 400)."""

    code = "DuplicateSSHPublicKey"


class MalformedCertificate(InputError):
    """A text is no X.509 certificate in PEM, or a damaged one."""

    code = "MalformedCertificate"


class InvalidCertificate(InputError):
    """A certificate is well formed and not good for what it is uploaded for."""

    code = "InvalidCertificate"


class KeyPairMismatch(InputError):
    """A private key does not belong to the certificate beside it."""

    code = "KeyPairMismatch"


class MalformedPolicyDocument(InputError):
    """A policy document breaks the grammar. `problems` names each fault with its place in the text."""

    code = "MalformedPolicyDocument"

    def __init__(self, message: str, *, problems: tuple[object, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


class NoSuchEntity(IamkitError):
    """The entity that the request names does not exist."""

    code = "NoSuchEntity"
    status = 404


class NotSupportedService(NoSuchEntity):
    """No service of that name takes credentials of its own."""

    code = "NotSupportedService"


class FeatureDisabled(IamkitError):
    """The account does not have that feature; it has to be enabled first."""

    code = "FeatureDisabled"
    status = 404


class ReportNotPresent(IamkitError):
    """Nobody had that report made yet."""

    code = "ReportNotPresent"
    status = 410


class ReportExpired(IamkitError):
    """The last report is too old to be told; a new one has to be made."""

    code = "ReportExpired"
    status = 410


class ConflictError(IamkitError):
    """The request is well formed but the present state does not admit it."""

    code = "Conflict"
    status = 409


class EntityAlreadyExists(ConflictError):
    """The name is taken; names are unique per account whatever their case."""

    code = "EntityAlreadyExists"


class DuplicateCertificate(ConflictError):
    """A user has this certificate already."""

    code = "DuplicateCertificate"


class DeleteConflict(ConflictError):
    """Something still hangs on the entity and has to be removed first."""

    code = "DeleteConflict"


class LimitExceeded(ConflictError):
    """A quota is full. The message names the quota and its value."""

    code = "LimitExceeded"


class FeatureEnabled(ConflictError):
    """The account has that feature already."""

    code = "FeatureEnabled"


class ConcurrentModification(ConflictError):
    """Another writer changed the record since it was read."""

    code = "ConcurrentModification"


class AuthenticationError(IamkitError):
    """Who is calling could not be established."""

    code = "AuthenticationFailed"
    status = 401


class MissingAuthenticationToken(AuthenticationError):
    """The endpoint needs a caller and the request carries no credential."""

    code = "MissingAuthenticationToken"


class InvalidClientTokenId(AuthenticationError):
    """The access key id or token is unknown, inactive, or not of this deployment."""

    code = "InvalidClientTokenId"


class SignatureDoesNotMatch(AuthenticationError):
    """The signature, its date or its scope is not the one this request should carry."""

    code = "SignatureDoesNotMatch"


class IncompleteSignature(AuthenticationError):
    """The signature's parts are missing or malformed."""

    code = "IncompleteSignature"
    status = 400


class ExpiredToken(AuthenticationError):
    """The session or temporary credential has ended."""

    code = "ExpiredToken"


class InvalidCredentials(AuthenticationError):
    """Sign-in failed. The same words whatever the cause, so that nothing is learnt from them."""

    code = "InvalidCredentials"


class PasswordExpired(AuthenticationError):
    """The password is right and past its age, in an account where users cannot choose a new one then."""

    code = "PasswordExpired"


class JWTPayloadSizeExceeded(InputError):
    """The claims of a token are too many."""

    code = "JWTPayloadSizeExceededException"


class SessionDurationEscalation(IamkitError):
    """What is asked for would outlive the session that asks."""

    code = "SessionDurationEscalationException"
    status = 403


class OutboundWebIdentityFederationDisabled(IamkitError):
    """The account issues no identity tokens."""

    code = "OutboundWebIdentityFederationDisabledException"
    status = 403


class InvalidAuthenticationCode(IamkitError):
    """A second factor is wrong, late, or was used already (AWS answers 403)."""

    code = "InvalidAuthenticationCode"
    status = 403


class AccessDenied(IamkitError):
    """The caller is known and the decision was no. `decision_id` is what `iamkit why` takes."""

    code = "AccessDenied"
    status = 403

    def __init__(self, message: str, *, decision_id: str | None = None) -> None:
        super().__init__(message)
        self.decision_id = decision_id


class UnclassifiedRoute(AccessDenied):
    """The matched endpoint carries neither `@iam.require(...)` nor `@iam.public`."""

    code = "UnclassifiedRoute"


class StepUpRequired(AccessDenied):
    """The proof of who calls is too old, or lacks a second factor: a new one would make it pass (RFC 9470).

    `max_age` is how many seconds ago it may have been given, None for any time in the session.
    """

    code = "StepUpRequired"
    status = 401

    def __init__(self, message: str, *, max_age: int | None = None, decision_id: str | None = None) -> None:
        super().__init__(message, decision_id=decision_id)
        self.max_age = max_age


class EvaluationError(IamkitError):
    """A decision could not be finished (SEM-F2). Wherever it surfaces it is a denial."""

    code = "EvaluationError"
    status = 403


class NotFilterable(EvaluationError):
    """What a policy says of rows has no form in SQL. Never left out of a filter instead."""

    code = "NotFilterable"


class Throttling(IamkitError):
    """Too many attempts. `retry_after` is in whole seconds."""

    code = "Throttling"
    status = 429

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ServiceUnavailable(IamkitError):
    """A part that every answer needs is missing, so no answer is given."""

    code = "ServiceUnavailable"
    status = 503


class StoreUnavailable(ServiceUnavailable):
    """The store cannot be read or written."""


class NotInitialized(ServiceUnavailable):
    """The store holds no account yet: run `iamkit init`."""


def kind_and_place(fault: BaseException) -> str:
    """What a log may say of a foreign exception: its type and where it was raised, innermost place first.

    Its own text may quote a credential or a row, so that never gets into a log (THR-X2).
    """
    places = []
    trace = fault.__traceback__
    while trace is not None:
        places.append(f"{PurePath(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}")
        trace = trace.tb_next
    shown = ", from ".join(reversed(places[-_FRAMES:])) or "an unknown place"
    return f"{type(fault).__name__} at {shown}"
