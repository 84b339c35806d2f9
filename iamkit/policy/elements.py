"""The rules of single elements at load: an action, a resource, a principal entry, a condition value.

Each function says what is wrong with one text, as a Fault, or None. A fault is `fatal` where no run-time
rule gives the text a meaning, so that a document at rest that holds it is refused as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Final

from iamkit import arn
from iamkit.errors import InvalidArn
from iamkit.policy.grammar import Grammar
from iamkit.policy.model import Effect, PrincipalType, Quantifier, Statement
from iamkit.policy.operators import Family, Operator
from iamkit.policy.patterns import action_pattern
from iamkit.policy.tokens import Wildcard, arn_parts
from iamkit.policy.variables import MalformedVariableError, Variable, fixed, template

_SERVICE: Final = re.compile(r"[A-Za-z0-9.-]+")
_ACTION: Final = re.compile(r"[!-~]+")
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_HOST: Final = re.compile(r"[A-Za-z0-9._:/-]+")
_IAM_PRINCIPAL: Final = re.compile(r"root|(?:user|role)/[^*?\s]+")
_STS_PRINCIPAL: Final = re.compile(r"assumed-role/[^*?\s/]+/[^*?\s/]+|federated-user/[^*?\s]+")
# What is good without a closer look: no variables, and wildcards only where every rule allows them.
_PLAIN_ACTION: Final = re.compile(r"[A-Za-z0-9.-]+:[A-Za-z0-9*]+")
_PLAIN_RESOURCE: Final = re.compile(
    r"arn:[a-z-]+:(?!iam:)[a-z0-9-]+:(?:\*|[a-z0-9-]*):(?:\*|[0-9]*):[A-Za-z0-9/:_.*-]+"
)
_PARTS: Final = ("partition", "service", "region", "account", "resource")
# What a token is issued to, and whom it speaks of; SAML's subject is seldom stable enough to name.
_STRANGERS: Final = (
    ("sts:assumerolewithwebidentity", ("aud", "sub")),
    ("sts:assumerolewithsaml", ("aud",)),
)
# Issuers whose tokens anybody can have, told apart only by the repository that `sub` names.
CI_ISSUERS: Final = ("token.actions.githubusercontent.com", "gitlab.com", "agent.buildkite.com")
_TRUST_WILDCARD: Final = "ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL"
_UNIQUE_ID: Final = re.compile(r"(AROA|AIDA)[A-Z0-9]{12,}")
_MISMATCHES: Final = {
    Family.NUMERIC: "TYPE_MISMATCH_NUMBER",
    Family.DATE: "TYPE_MISMATCH_DATE",
    Family.BOOL: "TYPE_MISMATCH_BOOLEAN",
    Family.NULL: "TYPE_MISMATCH_BOOLEAN",
    Family.IP: "TYPE_MISMATCH_IP_RANGE",
    Family.ARN: "TYPE_MISMATCH_ARN",
    Family.BINARY: "TYPE_MISMATCH_BINARY",
}
# Longer values are looked at each time: what is remembered has to stay small.
_REMEMBERED: Final = 256
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one text."""

    message: str
    code: str
    suggestion: str | None = None
    fatal: bool = False


def nearest(word: str, known: tuple[str, ...]) -> str | None:
    """The known word that `word` most likely meant."""
    by_lower = {name.lower(): name for name in known}
    found = get_close_matches(word[:80].lower(), by_lower, 1, 0.75)
    return by_lower[found[0]] if found else None


def action_fault(text: str, grammar: Grammar) -> Fault | None:
    """SEM-A1, A-4, A-6."""
    if not grammar.service and _PLAIN_ACTION.fullmatch(text):
        return None  # nearly all of them: nothing to look at closely
    shown = text[:80]
    if text == "*":
        if grammar.refusals_only:
            return Fault("`*` alone may not stand here: name the services", "UNSUPPORTED_WILDCARD")
        if grammar.service:
            return Fault(f"only `{grammar.service}:` actions may stand here", "UNSUPPORTED_ACTION_IN_POLICY")
        return None
    if re.search(r"[\s,]", text) or text.count(":") != 1 or text.endswith(":"):
        # Such an entry matches nothing, which in NotAction excepts nothing: harmless only to read (SEM-A6).
        stripped = text.strip()
        good = stripped != text and action_fault(stripped, grammar) is None
        message = f"`{shown}` is not an action: write `service:Name`, or `*` for every action"
        return Fault(message, "INVALID_ACTION", stripped if good else None)
    service, name = text.split(":")
    if not _SERVICE.fullmatch(service):
        return Fault(
            f"the service part of `{shown}` is not a plain name", "INVALID_SERVICE_IN_ACTION", fatal=True
        )
    if "${" in text:
        return Fault(
            f"`{shown}`: a variable may not stand in an action", "VARIABLE_UNSUPPORTED_IN_ELEMENT", fatal=True
        )
    if not _ACTION.fullmatch(name):
        return Fault(f"the name part of `{shown}` is not in ASCII", "INVALID_ACTION", fatal=True)
    if grammar.service and service.lower() != grammar.service:
        return Fault(
            f"`{shown}`: only `{grammar.service}:` actions may stand here", "UNSUPPORTED_ACTION_IN_POLICY"
        )
    return None


def variable_fault(text: str) -> Fault | None:
    """SEM-V9."""
    try:
        template(text)
    except MalformedVariableError as error:
        return Fault(str(error), error.code, fatal=True)
    return None


def resource_fault(text: str, *, variables: bool) -> Fault | None:
    """SEM-R1, R-3, R-4, R-9, V-3, V-9."""
    if text == "*":
        return None
    if _PLAIN_RESOURCE.fullmatch(text):
        return None  # nearly all of them: nothing to look at closely
    shown = text[:200]
    if _CONTROL.search(text):
        return Fault(f"`{shown!r}` holds a control character", "INVALID_ARN_RESOURCE", fatal=True)
    if variables and (fault := variable_fault(text)):
        return fault
    try:
        parts = arn_parts(template(text, variables=variables))
    except InvalidArn:
        return _short_arn(text)
    if parts[0] != ("arn",):
        message = f"`{shown}` is not an ARN: it must begin with `arn:`, or be `*` alone"
        return Fault(message, "INVALID_ARN_PREFIX", fatal=True)
    for name, part in zip(_PARTS, parts[1:], strict=True):
        if not part and name in ("partition", "service", "resource"):
            return Fault(f"the {name} part of `{shown}` is empty", "MISSING_ARN_FIELD", fatal=True)
        if name in ("partition", "service") and any(isinstance(token, Variable) for token in part):
            message = f"a variable may not stand in the {name} part of `{shown}`"
            return Fault(message, "VARIABLE_UNSUPPORTED_IN_ELEMENT", fatal=True)
        if name == "service" and any(isinstance(token, Wildcard) for token in part):
            message = f"the service part of `{shown}` has to be written out"
            return Fault(message, "WILDCARD_IN_SERVICE_NAME")
        if name != "resource" and Wildcard.RUN in part and len(part) > 1:
            message = f"in the {name} part of `{shown}` a `*` has to stand alone"
            return Fault(message, "PARTIAL_WILDCARD_IN_ARN")
    if parts[2] == ("iam",) and parts[3] not in ((), (Wildcard.RUN,)):
        message = f"`{shown}` names a region; what iam knows is in all of them: leave the part empty"
        return Fault(message, "ARN_REGION_NOT_ALLOWED")
    return None


def _short_arn(text: str) -> Fault:
    try:
        arn.split(text)
    except InvalidArn as error:
        message = error.message.partition("; did you mean")[0]
        return Fault(message, "MISSING_ARN_FIELD", error.suggestion, fatal=True)
    return Fault(f"`{text[:200]}` has fewer than the six parts of an ARN", "MISSING_ARN_FIELD", fatal=True)


def principal_fault(kind: PrincipalType, text: str, grammar: Grammar) -> Fault | None:
    """SEM-P2, P-3, P-7, P-9 to P-11. `kind` is `*` for a principal that is a plain string."""
    shown = text[:200]
    if text == "*" and kind in ("*", "AWS"):
        if not grammar.everybody:
            return Fault("a trust policy has to name whom it trusts, not `*`", _TRUST_WILDCARD)
        return None
    if kind == "*":
        message = f"`{shown}`: a plain string may only be `*`; name the kind of principal"
        return Fault(message, "INVALID_PRINCIPAL_FORMAT", f'{{"AWS": "{shown}"}}')
    if grammar.refusals_only:
        return Fault("the principal has to be `*`", "UNSUPPORTED_PRINCIPAL")
    if "${" in text:
        return Fault(f"`{shown}`: a variable may not stand in a principal", "VARIABLE_UNSUPPORTED_IN_ELEMENT")
    if "*" in text or "?" in text:
        message = (
            f"`{shown}`: wildcards do not work in a principal; use `*` with a condition on aws:PrincipalArn"
        )
        return Fault(message, "UNSUPPORTED_WILDCARD_IN_PRINCIPAL" if grammar.everybody else _TRUST_WILDCARD)
    if kind == "CanonicalUser":
        return Fault("CanonicalUser is not in use: name the user's ARN under AWS", "UNSUPPORTED_PRINCIPAL")
    if kind == "AWS":
        return _aws_fault(text)
    if kind == "Federated" and text.startswith("arn:"):
        parts = text.split(":", 5)
        if len(parts) == 6 and re.fullmatch(r"(saml|oidc)-provider/\S+", parts[5]):
            return None
    elif _HOST.fullmatch(text):
        return None
    code = "INVALID_SERVICE_PRINCIPAL_FORMAT" if kind == "Service" else "INVALID_PRINCIPAL_FORMAT"
    if kind == "Federated" and grammar.service == "sts":
        code = "INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY"
    return Fault(f"`{shown}` is not the name of a {kind} principal", code)


def _aws_fault(text: str) -> Fault | None:
    shown = text[:200]
    if _ACCOUNT.fullmatch(text):
        return None
    if unique := _UNIQUE_ID.fullmatch(text):
        what = "role" if unique[1] == "AROA" else "user"
        message = f"`{shown}` is the unique id of a {what}: write its ARN"
        return Fault(message, f"INVALID_{what.upper()}_REFERENCE")
    try:
        _, _, service, region, account, resource = arn.split(text)
    except InvalidArn as error:
        message = f"`{shown}` is neither an account of 12 digits nor an ARN"
        return Fault(message, "INVALID_PRINCIPAL_FORMAT", error.suggestion)
    form = {"iam": _IAM_PRINCIPAL, "sts": _STS_PRINCIPAL}.get(service)
    if resource.startswith("group/"):
        return Fault(
            f"`{shown}`: a group cannot be a principal; name its users or a role", "GROUP_AS_PRINCIPAL"
        )
    if form is None or region or not _ACCOUNT.fullmatch(account) or not form.fullmatch(resource):
        message = f"`{shown}` is not an account, user, role or session"
        return Fault(message, "INVALID_PRINCIPAL_FORMAT")
    return None


def value_fault(text: str, operator: Operator, *, variables: bool) -> Fault | None:
    """SEM-C35, C-37, V-2, V-9: whether one policy value can be used with the operator."""
    find = _remembered_value_fault if len(text) <= _REMEMBERED else _value_fault
    return find(text, operator, variables)


def _value_fault(text: str, operator: Operator, variables: bool) -> Fault | None:
    if variables and not operator.variables and "${" in text:
        return Fault(f"a variable may not stand under `{operator.name}`", "INVALID_VARIABLE_FOR_OPERATOR")
    if variables and (fault := variable_fault(text)):
        return fault
    tokens = template(text, wildcards=operator.wildcards, variables=variables)
    plain = fixed(tokens)
    if plain is None and operator.family is Family.ARN:
        # A variable's value may hold no colon that counts, so one character stands for it.
        plain = tuple(Wildcard.ONE if isinstance(token, Variable) else token for token in tokens)
    if plain is None:
        return None
    try:
        operator.prepare(plain)
    except ValueError as error:
        return Fault(str(error), _MISMATCHES.get(operator.family, "TYPE_MISMATCH_STRING"))
    return None


_remembered_value_fault: Final = lru_cache(maxsize=8192)(_value_fault)


def is_ci_issuer(provider: str) -> bool:
    """Whether a Federated entry names one of CI_ISSUERS, as a host or by its provider's ARN."""
    return provider.rpartition("oidc-provider/")[2].partition("/")[0] in CI_ISSUERS


def stranger_fault(statement: Statement) -> Fault | None:
    """SEM-E19: whoever trusts an identity provider says for whom and which audience its tokens have to be."""
    entries = statement.principals or ()
    if statement.effect is not Effect.ALLOW or all(entry.type != "Federated" for entry in entries):
        return None
    kept = {
        condition.key.lower().rpartition(":")[2]
        for condition in statement.conditions
        if condition.operator.startswith("String")
        and "Not" not in condition.operator
        and not condition.if_exists
        and condition.quantifier is not Quantifier.FOR_ALL
    }
    for action, wanted in _STRANGERS:
        if any(action_pattern(element.text).matches(action) for element in statement.actions):
            for name in wanted:
                if name not in kept:
                    message = f"trust in an identity provider needs a condition on its `{name}` claim"
                    repository = name == "sub" and any(is_ci_issuer(entry.text) for entry in entries)
                    code = "GITHUB_REPO_CONDITION_KEY" if repository else "CONDITION_KEY_FOR_OIDC_PRINCIPAL"
                    return Fault(message, f"MISSING_{code}")
    return None
