"""Checks of condition keys: which exist, which fit the operator, the action and the policy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from iamkit.policy.catalog import Catalog, ConditionKey, Service
from iamkit.policy.checks.subject import Found, Subject, key_span
from iamkit.policy.checks.types import declared_actions, may_speak_of_service
from iamkit.policy.checks.witness import example
from iamkit.policy.findings import Check
from iamkit.policy.model import Condition, Effect, Quantifier, Statement
from iamkit.policy.operators import Family, Operator

# Key types that an operator of a family reads without a finding.
_READS: Final = {
    Family.STRING: {"String", "ARN", "Bool", "Numeric"},
    Family.ARN: {"ARN", "String"},
    Family.NUMERIC: {"Numeric"},
    Family.DATE: {"Date"},
    Family.BOOL: {"Bool"},
    Family.IP: {"IPAddress"},
    Family.BINARY: {"Binary"},
}
# Keys of AWS for which no request to an app has a value.
_UNSUPPORTED: Final = frozenset(
    {
        "aws:arn", "aws:chatbotsourcearn", "aws:ec2instancesourceprivateipv4", "aws:ec2instancesourcevpc",
        "aws:sourcevpcarn", "aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths",
    }
)  # fmt: skip
_DEPRECATED: Final = {"aws:sourceowner": "aws:SourceAccount", "iam:resourcetag/": "aws:ResourceTag/"}
_TAG_FAMILIES: Final = ("aws:principaltag", "aws:requesttag", "aws:resourcetag", "iam:resourcetag")
# A key, and those without one of which it says too little.
_PAIRS: Final = {
    "aws:vpcsourceip": ("aws:SourceVpc", "aws:SourceVpce"),
    "saml:sub": ("saml:namequalifier", "saml:iss", "saml:aud"),
    "aws:calledvialast": ("aws:CalledViaFirst", "aws:CalledVia"),
}
_OF_STS: Final = ("sts", "saml")

CHECKS: Final = (
    Check("INVALID_GLOBAL_CONDITION_KEY", "ERROR", "there is no such global key",
          "write the key that the finding suggests", aws="ERROR"),
    Check("UNSUPPORTED_GLOBAL_CONDITION_KEY", "ERROR", "no request here carries this key of AWS's",
          "use another key; for who calls, `aws:PrincipalArn`", aws="ERROR"),
    Check("DEPRECATED_GLOBAL_CONDITION_KEY", "WARNING", "the key has a newer name",
          "write the newer name", aws="WARNING"),
    Check("INVALID_SERVICE_CONDITION_KEY", "ERROR", "the declared service has no such key",
          "write the key that the finding suggests, or declare it", aws="ERROR"),
    Check("MISSING_TAG_KEY_IN_CONDITION", "ERROR", "a tag condition does not say which tag",
          "add the tag's key after the slash: `aws:ResourceTag/team`", aws="ERROR"),
    Check("MISSING_QUALIFIER", "ERROR", "a list needs a set prefix, without which nothing holds",
          "write ForAnyValue: or ForAllValues: before the operator", aws="ERROR"),
    Check("FORALLVALUES_WITH_SINGLE_VALUED_KEY", "SECURITY_WARNING",
          "ForAllValues is true while the key is missing, and this key has a single value",
          "take ForAllValues: away", aws="SECURITY_WARNING"),
    Check("QUALIFIER_ON_SINGLE_VALUED_KEY", "WARNING",
          "a set prefix on a key with one value only changes what a missing key means",
          "take the prefix away"),
    Check("TYPE_MISMATCH", "WARNING", "the operator compares another type than the key has",
          "use an operator for the key's type", aws="WARNING"),
    Check("UNSUPPORTED_ACTION_FOR_CONDITION_KEY", "ERROR",
          "the service declares the key for other actions than the statement's",
          "take the key out, or put those actions into a statement of their own", aws="ERROR"),
    Check("IRRELEVANT_CONDITION_KEY_IN_POLICY", "SUGGESTION",
          "only requests to another service carry the key, and the statement speaks of none of its actions",
          "take the condition out, or put it with that service's actions", aws="SUGGESTION"),
    Check("MISSING_PAIRED_CONDITION_KEYS", "SECURITY_WARNING",
          "the key alone says too little: what it holds is unique only together with another key",
          "add one of the keys that the finding names", aws="SECURITY_WARNING"),
)  # fmt: skip


def check(subject: Subject) -> Iterator[Found]:
    """Everything about condition keys."""
    for statement, condition, operator in subject.conditions():
        place = key_span(subject, condition)
        known = subject.facts.catalog.key(condition.key)
        named = _named(subject, condition, known)
        if named is not None:
            yield Found(*named, (place,))
        if known is not None and not operator.presence:
            yield from _fitting(subject, statement, condition, operator, known)
        yield from _placed(subject, statement, condition)
        yield from _paired(subject, statement, condition)


def _named(subject: Subject, condition: Condition, known: ConditionKey | None) -> tuple[str, str] | None:
    """What is wrong with the key's name: code and message."""
    key, shown = condition.key.lower(), condition.key[:80]
    family, slash, tag = key.partition("/")
    newer = _DEPRECATED.get(family + slash)
    if family in _TAG_FAMILIES and not tag:
        message = f"say which tag: `{shown.rstrip('/')}/NAME`"
        return "MISSING_TAG_KEY_IN_CONDITION", message
    if newer is not None:
        return "DEPRECATED_GLOBAL_CONDITION_KEY", f"`{shown}` has a newer name: `{newer}{tag[:80]}`"
    if known is not None:
        return None
    catalog = subject.facts.catalog
    prefix = key.partition(":")[0]
    if prefix == "aws":
        if key in _UNSUPPORTED:
            return "UNSUPPORTED_GLOBAL_CONDITION_KEY", f"no request here carries `{shown}`: use another key"
        near = _near(catalog.nearest_keys(condition.key, 1))
        return "INVALID_GLOBAL_CONDITION_KEY", f"`{shown}` is no known key{near}"
    service = catalog.service(prefix)
    if service is not None and prefix not in subject.facts.partial:
        near = _near(catalog.nearest_keys(condition.key, 1))
        message = f"`{shown}` is no key of {service.prefix}{near}"
        return "INVALID_SERVICE_CONDITION_KEY", message
    return None


def _near(names: tuple[str, ...]) -> str:
    return f"; did you mean `{names[0]}`" if names else ""


def _fitting(
    subject: Subject, statement: Statement, condition: Condition, operator: Operator, key: ConditionKey
) -> Iterator[Found]:
    place = key_span(subject, condition)
    if key.multivalued and condition.quantifier is Quantifier.NONE:
        message = f"`{key.name}` is a list: write ForAnyValue: or ForAllValues: before {operator.name}"
        yield Found("MISSING_QUALIFIER", message, (place,))
    if not key.multivalued and condition.quantifier is not Quantifier.NONE:
        shown, code = None, "QUALIFIER_ON_SINGLE_VALUED_KEY"
        if condition.quantifier is Quantifier.FOR_ALL and statement.effect is Effect.ALLOW:
            code = "FORALLVALUES_WITH_SINGLE_VALUED_KEY"
            shown = example(subject, statement, missing=(condition.key,))
        message = f"`{key.name}` has one value, and {condition.quantifier} only changes what a missing key "
        yield Found(code, f"{message}means: take it away", (place,), shown)
    reads = _READS.get(operator.family)
    dated = key.name == "aws:EpochTime" and operator.family is Family.NUMERIC
    if reads is not None and key.type not in reads and not dated:
        message = f"`{key.name}` is of type {key.type}, which `{operator.name}` does not compare"
        yield Found("TYPE_MISMATCH", message, (place,))


def _placed(subject: Subject, statement: Statement, condition: Condition) -> Iterator[Found]:
    """Whether requests for the statement's actions carry the key at all."""
    place, shown = key_span(subject, condition), condition.key[:80]
    prefix = condition.key.partition(":")[0].lower()
    catalog = subject.facts.catalog
    service = catalog.service(prefix)
    wanted = "sts" if prefix in _OF_STS else prefix
    if (service is not None or prefix in _OF_STS) and not may_speak_of_service(statement, wanted):
        message = f"only requests for `{wanted}:` actions carry `{shown}`, and none is meant here"
        yield Found("IRRELEVANT_CONDITION_KEY_IN_POLICY", message, (place,))
        return
    if service is None or statement.not_action or not _assigned(service, condition.key, catalog):
        return
    named = [element for element in statement.actions if catalog.action(element.text) is not None]
    without = [
        f"{owner.prefix}:{action.name}"
        for owner, action in declared_actions(catalog, statement)
        if owner is service and not _carries(service, action.name, condition.key)
    ]
    # A wildcard may well take in actions without the key; one that is named should have it.
    bad = [element.text for element in named if element.text.lower() in {name.lower() for name in without}]
    if bad:
        message = f"requests for {', '.join(bad[:5])} do not carry `{shown}`: give them their own statement"
        yield Found("UNSUPPORTED_ACTION_FOR_CONDITION_KEY", message, (place,))


def _assigned(service: Service, key: str, catalog: Catalog) -> bool:
    """Whether the service says at all which of its actions carry the key."""
    return catalog.key(key) is not None and any(
        _carries(service, action.name, key) for action in service.actions
    )


def _carries(service: Service, action_name: str, key: str) -> bool:
    action = next(action for action in service.actions if action.name == action_name)
    types = [kind for kind in service.resource_types if kind.name in action.resource_types]
    names = (*action.condition_keys, *(name for kind in types for name in kind.condition_keys))
    lowered = key.lower()
    family = lowered.partition("/")[0] + "/"
    return any(name.lower() in (lowered, family) for name in names)


def _paired(subject: Subject, statement: Statement, condition: Condition) -> Iterator[Found]:
    wanted = _PAIRS.get(condition.key.lower())
    present = {other.key.lower() for other in statement.conditions}
    if wanted is None or statement.effect is not Effect.ALLOW or present & {key.lower() for key in wanted}:
        return
    others = " or ".join(f"`{key}`" for key in wanted)
    message = f"`{condition.key[:80]}` alone says too little: add a condition on {others}"
    shown = example(subject, statement, missing=wanted)
    yield Found("MISSING_PAIRED_CONDITION_KEYS", message, (key_span(subject, condition),), shown)
