"""Explanations: what is named, what is withheld, and that the suggested fix is one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from iamkit.policy import (
    ANONYMOUS,
    AccessRequest,
    AttachedPolicy,
    Caller,
    CallerKind,
    CallerLayers,
    Context,
    ContextValue,
    Explanation,
    Layer,
    PolicyKind,
    PolicySource,
    ResourceLayers,
    evaluate,
    explain,
    parse,
)
from iamkit.policy.decision import StatementRef
from iamkit.policy.fixes import Fix
from iamkit.policy.survey import Survey

Attach = Callable[..., AttachedPolicy]
NOTE = "arn:aws:doc::123456789012:note/1"
ALLOW = {"Effect": "Allow", "Action": "doc:*", "Resource": "*"}


def ask(
    caller: Caller, action: str = "doc:Get", resource: str = NOTE, **context: ContextValue
) -> AccessRequest:
    return AccessRequest(
        caller, action, resource, Context({f"app:{key}": value for key, value in context.items()})
    )


def kinds(explanation: Explanation) -> list[str]:
    return [fix.kind for fix in explanation.fixes]


def text_of(explanation: Explanation) -> str:
    return "\n".join(explanation.lines())


def test_the_decision_is_the_one_of_evaluate(attach: Attach, jeff: Caller) -> None:
    """Explaining decides again, with the same engine."""
    layers = CallerLayers((attach({**ALLOW, "Sid": "Docs"}, name="writers"),))

    explanation = explain(ask(jeff), layers)

    assert explanation.decision == evaluate(ask(jeff), layers)
    assert explanation.fixes == ()
    assert "writers, statement Docs" in text_of(explanation)


def test_each_element_of_a_candidate_is_told(attach: Attach, jeff: Caller) -> None:
    """What held and what did not, also after the first that did not."""
    statement = {
        **ALLOW,
        "Resource": "arn:aws:doc::123456789012:page/*",
        "Condition": {
            "StringEquals": {"app:k": ["x", "y"]},
            "Null": {"app:k": "false"},
            "NumericEquals": {"app:n": "1"},
        },
    }

    explanation = explain(ask(jeff, n="one"), CallerLayers((attach(statement),)))

    (traced,) = explanation.statements
    told = [(item.element, item.operator, item.key, item.held, item.missing) for item in traced.elements]
    assert told == [
        ("Action", "", "", True, False),
        ("Resource", "", "", False, False),
        ("Condition", "StringEquals", "app:k", False, True),
        ("Condition", "Null", "app:k", False, True),
        ("Condition", "NumericEquals", "app:n", None, False),
    ]
    assert traced.matched is False
    assert len(traced.failing) == 4


def test_request_values_are_withheld_unless_shown(attach: Attach, jeff: Caller) -> None:
    """Values of the request are kept out of text, data and repr, and shown to those who may see them."""
    layers = CallerLayers((attach({**ALLOW, "Condition": {"StringEquals": {"app:k": "x"}}}),))
    explanation = explain(ask(jeff, k="hush-hush"), layers)

    assert "hush" not in text_of(explanation) + json.dumps(explanation.as_data()) + repr(
        explanation.statements
    )
    assert "`hush-hush`" in "\n".join(explanation.lines(show_values=True))
    assert "hush-hush" in json.dumps(explanation.as_data(show_values=True))


def test_an_explicit_deny_is_named_with_what_lies_behind_it(attach: Attach, jeff: Caller) -> None:
    """The Deny stands in the way; the Allow that would still be lacking is told as well."""
    deny = {"Sid": "Never", "Effect": "Deny", "Action": "doc:Get", "Resource": "*"}
    only = CallerLayers((attach(deny, name="no"),))

    explanation = explain(ask(jeff), only)
    assert kinds(explanation) == ["lift-deny", "add-statement"]
    assert "no, statement Never" in explanation.fixes[0].text
    assert kinds(explain(ask(jeff), CallerLayers((attach(deny, ALLOW),)))) == ["lift-deny"]


def test_mfa_is_the_fix_where_mfa_is_asked(attach: Attach, jeff: Caller) -> None:
    """An Allow that waits for MFA, and a Deny without it, both say to sign in with it."""
    fresh = {**ALLOW, "Condition": {"NumericLessThan": {"aws:MultiFactorAuthAge": "300"}}}
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    without = {**deny, "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}
    stale = replace(ask(jeff), context=Context({"aws:MultiFactorAuthAge": 900}))

    assert kinds(explain(ask(jeff), CallerLayers((attach(fresh),))))[0] == "sign-in-with-mfa"
    assert "again" in explain(stale, CallerLayers((attach(fresh),))).fixes[0].text
    assert kinds(explain(ask(jeff), CallerLayers((attach(without, ALLOW),)))) == [
        "lift-deny",
        "sign-in-with-mfa",
    ]


def test_a_condition_that_is_waited_for_is_told(attach: Attach, jeff: Caller) -> None:
    """The nearest Allow says what it waits for; one that also fails otherwise does not."""
    near = {**ALLOW, "Sid": "Red", "Condition": {"StringEquals": {"app:colour": "red"}}}
    far = {**near, "Sid": "Far", "Resource": "arn:aws:doc::123456789012:other"}

    explanation = explain(ask(jeff), CallerLayers((attach(near, far),)))

    assert kinds(explanation) == ["meet-condition", "add-statement"]
    assert "`app:colour` (the request lacks it)" in explanation.fixes[0].text
    assert "statement Red" in explanation.fixes[0].text


def test_statements_of_other_actions_are_shown_where_nothing_allows(attach: Attach, jeff: Caller) -> None:
    """Somebody who may read learns that writing is what is missing."""
    layers = CallerLayers((attach({**ALLOW, "Action": "doc:Get", "Sid": "Read"}),))

    assert [item.ref.sid for item in explain(ask(jeff, "doc:Put"), layers).others] == ["Read"]
    assert explain(ask(jeff, "doc:Get"), layers).others == ()


def test_what_cannot_be_judged_is_to_be_mended(attach: Attach, jeff: Caller) -> None:
    """A broken statement at rest is named with its fault."""
    broken = attach(ALLOW, {**ALLOW, "Effect": "Deny", "Condition": {"NoSuch": {"a:b": "x"}}}, stored=True)

    explanation = explain(ask(jeff), CallerLayers((broken,)))

    assert explanation.decision.error
    assert kinds(explanation) == ["mend-policy"]
    assert "NoSuch" in explanation.fixes[0].text
    assert "cannot be judged" in text_of(explanation)


def test_a_malformed_question_is_to_be_mended(attach: Attach, jeff: Caller) -> None:
    """Not the policies but the question is at fault."""
    explanation = explain(ask(jeff, "doc:*"), CallerLayers((attach(ALLOW),)))

    assert kinds(explanation) == ["mend-request"]


def test_verdicts_tell_each_layer(attach: Attach, jeff: Caller) -> None:
    """Every layer that applies says whether it allows, denies or is silent."""
    deny = {**ALLOW, "Effect": "Deny"}
    named = attach({**ALLOW, "Principal": {"AWS": jeff.arn}}, kind=PolicyKind.RESOURCE)
    layers = CallerLayers((attach(ALLOW),), (), (attach(deny),), ((attach(ALLOW),), ()))

    explanation = explain(ask(jeff), layers, ResourceLayers((named,), endpoint=()))

    assert [(item.layer, item.level, item.verdict) for item in explanation.layers] == [
        (Layer.IDENTITY, 0, "allows"),
        (Layer.BOUNDARY, 0, "is silent"),
        (Layer.SESSION, 0, "denies"),
        (Layer.RESOURCE, 0, "allows"),
        (Layer.GUARDRAIL, 0, "allows"),
        (Layer.GUARDRAIL, 1, "is silent"),
        (Layer.ENDPOINT, 0, "is silent"),
    ]
    assert explain(ask(ANONYMOUS), layers).layers == ()


def _applied(
    attach: Attach, fixes: tuple[Fix, ...], mine: CallerLayers, theirs: ResourceLayers
) -> tuple[CallerLayers, ResourceLayers]:
    """The layers with every suggested statement added where it is suggested."""
    for fix in fixes:
        if fix.statement is None:
            continue
        assert fix.document is not None
        added = (attach(fix.statement, kind=fix.document),)
        if fix.layer is Layer.IDENTITY:
            mine = replace(mine, identity=mine.identity + added)
        elif fix.layer is Layer.BOUNDARY:
            mine = replace(mine, boundary=(mine.boundary or ()) + added)
        elif fix.layer is Layer.SESSION:
            mine = replace(mine, session=(mine.session or ()) + added)
        elif fix.layer is Layer.RESOURCE:
            theirs = replace(theirs, policies=theirs.policies + added)
        elif fix.layer is Layer.ENDPOINT:
            theirs = replace(theirs, endpoint=(theirs.endpoint or ()) + added)
        elif fix.layer is Layer.GUARDRAIL:
            levels = [
                level + added if n == fix.level else level for n, level in enumerate(mine.guardrails or ())
            ]
            mine = replace(mine, guardrails=tuple(levels))
    return mine, theirs


@pytest.mark.parametrize("resource", [NOTE, "*", "arn:aws:doc:::a*b?c${x}$"])
@pytest.mark.parametrize("owner", ["", "999999999999"])
@pytest.mark.parametrize("kind", ["user", "session", "federated", "root", "service", "provider", "anonymous"])
@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (CallerLayers(), ResourceLayers()),
        (CallerLayers(boundary=(), session=(), guardrails=((), ())), ResourceLayers()),
        (CallerLayers(guardrails=((),)), ResourceLayers(endpoint=())),
    ],
)
def test_the_suggested_statements_make_the_request_pass(
    attach: Attach,
    jeff: Caller,
    session: Caller,
    resource: str,
    owner: str,
    kind: str,
    mine: CallerLayers,
    theirs: ResourceLayers,
) -> None:
    """Added where suggested they allow it, and leave other actions, resources and callers as they were."""
    callers = {
        "user": jeff,
        "session": session,
        "federated": Caller(
            CallerKind.FEDERATED_USER, f"arn:aws:sts::{jeff.account}:federated-user/x", jeff.account, jeff.arn
        ),
        "root": Caller(CallerKind.ROOT, f"arn:aws:iam::{jeff.account}:root", jeff.account),
        "service": Caller(CallerKind.SERVICE, "jobs.example"),
        "provider": Caller(CallerKind.PROVIDER, "accounts.google.com"),
        "anonymous": ANONYMOUS,
    }
    request = replace(ask(callers[kind], resource=resource), resource_account=owner)
    explanation = explain(request, mine, theirs)
    if explanation.decision:
        assert explanation.fixes == ()
        return

    mended = _applied(attach, explanation.fixes, mine, theirs)

    assert evaluate(request, *mended)
    neighbours = [replace(request, action="doc:Put"), replace(request, action="doc:Get2")]
    if resource != "*":
        neighbours += [
            replace(request, resource=other) for other in ("arn:aws:doc:::aXbYc${x}$", NOTE + "0", "*")
        ]
    if kind != "anonymous":
        neighbours.append(replace(request, caller=ANONYMOUS))
    for neighbour in neighbours:
        assert evaluate(neighbour, *mended).outcome is evaluate(neighbour, mine, theirs).outcome


def test_a_trust_policy_is_suggested_without_resource(attach: Attach, jeff: Caller) -> None:
    """What speaks of the role it hangs on names only who may assume it."""
    role = "arn:aws:iam::123456789012:role/app/writer"
    request = AccessRequest(jeff, "sts:AssumeRole", role, explicit_trust=True)

    explanation = explain(request, CallerLayers())

    (fix,) = explanation.fixes
    assert fix.statement == {"Effect": "Allow", "Principal": {"AWS": jeff.arn}, "Action": "sts:AssumeRole"}
    trust = attach(fix.statement, kind=PolicyKind.TRUST)
    assert evaluate(request, CallerLayers(), ResourceLayers((trust,)))


def test_explaining_never_raises_and_is_json(attach: Attach, session: Caller) -> None:
    """Any explanation is text and data, whatever went wrong."""
    odd = attach(
        {
            "Effect": "Deny",
            "Action": "doc:Get",
            "Resource": "*",
            "Condition": {"NumericEquals": {"app:n": "x"}},
        },
        stored=True,
    )
    for request in (ask(session), ask(session, n=b"x"), ask(session, "?"), ask(session, resource="x")):
        explanation = explain(request, CallerLayers((odd,)))
        assert json.dumps(explanation.as_data(show_values=True))
        assert all(explanation.lines(show_values=True))


def test_a_resource_guardrail_that_allows_nothing_is_told_without_a_statement(
    attach: Attach, jeff: Caller
) -> None:
    """What people write there may only refuse, so no statement of theirs would help."""
    layers = CallerLayers((attach(ALLOW),))

    explanation = explain(ask(jeff), layers, ResourceLayers(guardrails=((),)))

    (fix,) = explanation.fixes
    assert (fix.kind, fix.layer, fix.statement) == ("add-statement", Layer.RESOURCE_GUARDRAIL, None)
    assert "may only refuse" in fix.text


def test_trust_in_a_provider_is_suggested_with_its_claims(attach: Attach, jeff: Caller) -> None:
    """The claims are values of the request, so the statement is shown only to those who may see them."""
    role = "arn:aws:iam::123456789012:role/app/writer"
    provider = Caller(CallerKind.PROVIDER, "accounts.example")
    claims = {"accounts.example:aud": "app", "accounts.example:sub": "u${1}*"}
    request = AccessRequest(
        provider, "sts:AssumeRoleWithWebIdentity", role, Context(claims), jeff.account, True
    )

    explanation = explain(request, CallerLayers())

    (fix,) = explanation.fixes
    assert fix.statement is not None
    assert evaluate(request, CallerLayers(), ResourceLayers((attach(fix.statement, kind=PolicyKind.TRUST),)))
    assert "u${" not in text_of(explanation) + json.dumps(explanation.as_data())
    assert "StringEquals" in json.dumps(explanation.as_data(show_values=True))
    bare = explain(replace(request, context=Context()), CallerLayers())
    assert bare.fixes[0].statement is None
    assert "`aud`" in bare.fixes[0].text


def test_anonymous_trust_and_unnameable_resources_have_no_statement(jeff: Caller) -> None:
    """Where no document may say it, none is made up."""
    role = "arn:aws:iam::123456789012:role/writer"
    nobody = explain(
        AccessRequest(ANONYMOUS, "sts:AssumeRole", role, resource_account=jeff.account, explicit_trust=True),
        CallerLayers(),
    )
    strange = explain(ask(jeff, resource="arn:aws:doc:::a\x07b"), CallerLayers())

    assert nobody.fixes[0].statement is None
    assert strange.fixes[0].statement is None
    assert "control character" in strange.fixes[0].text


def test_what_a_statement_opens_besides_is_said(attach: Attach, jeff: Caller) -> None:
    """Without keys that tell callers apart, `*` and root's ARN are wider, and the text says so."""
    root = Caller(CallerKind.ROOT, f"arn:aws:iam::{jeff.account}:root", jeff.account)
    foreign = replace(ask(root), resource_account="999999999999")
    known = replace(foreign, context=Context({"aws:PrincipalArn": root.arn}))

    assert "open to everybody" in explain(ask(ANONYMOUS), CallerLayers()).fixes[0].text
    assert "everybody in the account" in explain(foreign, CallerLayers()).fixes[0].text
    (fix,) = explain(known, CallerLayers()).fixes
    assert "open to" not in fix.text
    assert fix.statement is not None
    assert fix.statement["Condition"] == {"ArnEquals": {"aws:PrincipalArn": root.arn}}
    session = explain(
        replace(ask(jeff), caller=replace(jeff, kind=CallerKind.FEDERATED_USER)), CallerLayers()
    )
    assert "has to be started with it" in session.fixes[-1].text


def test_mfa_is_suggested_only_where_it_helps(attach: Attach, jeff: Caller) -> None:
    """A Deny of those with MFA, or an Allow for those without, is no reason to sign in with it."""
    deny = {**ALLOW, "Effect": "Deny", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
    without = {**ALLOW, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}
    request = replace(ask(jeff), context=Context({"aws:MultiFactorAuthPresent": True}))

    denied = explain(request, CallerLayers((attach(deny, ALLOW),)))
    missing = explain(request, CallerLayers((attach(without),)))

    assert kinds(denied) == ["lift-deny", "avoid-deny"]
    assert kinds(missing) == ["meet-condition", "add-statement"]


def test_a_change_that_another_statement_forbids_is_not_suggested(attach: Attach, jeff: Caller) -> None:
    """A value that meets the Allow and wakes a Deny, or no value at all, is no fix."""
    wants = {**ALLOW, "Condition": {"StringEquals": {"app:k": "x"}}}
    wakes = {**ALLOW, "Effect": "Deny", "Condition": {"StringEquals": {"app:k": "x"}}}
    never = {**ALLOW, "Condition": {"StringEquals": {"app:k": "x"}, "StringNotEquals": {"app:k": "x"}}}
    other = {**ALLOW, "Condition": {"StringEquals": {"aws:username": "ana"}}}

    for statements in ((wants, wakes), (never,), (other,)):
        assert kinds(explain(ask(jeff), CallerLayers((attach(*statements),)))) == ["add-statement"]


def test_explaining_stays_cheap_whatever_policies_list(
    attach: Attach, jeff: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Values of a key and Denies to get round are tried up to a number; every Deny is named all the same."""
    tried = 0
    asked = Survey.refused_by

    def counted(survey: Survey, request: AccessRequest) -> frozenset[StatementRef]:
        nonlocal tried
        tried += 1
        return asked(survey, request)

    monkeypatch.setattr(Survey, "refused_by", counted)
    values = [f"value{number}" for number in range(200)]
    deny = {**ALLOW, "Effect": "Deny", "Condition": {"StringNotEquals": {"app:k": values}}}

    explanation = explain(ask(jeff, k="x"), CallerLayers((attach(*[deny] * 30, ALLOW),)))

    assert kinds(explanation).count("lift-deny") == 30
    assert tried < 200


def test_guardrails_that_let_pass_are_not_told_in_words() -> None:
    """They are in the data; the words speak of what stood in the way, to a stranger first of signing in."""
    everything = parse(
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}',
        PolicyKind.GUARDRAIL,
    )
    rail = AttachedPolicy(everything, PolicySource("FullAccess"))
    user = Caller(CallerKind.USER, "arn:aws:iam::111122223333:user/ana", "111122223333", unique_id="AIDAANA")
    note = "arn:aws:notes::111122223333:note/1"

    known = explain(AccessRequest(user, "notes:Read", note), CallerLayers(guardrails=((rail,),)))
    stranger = explain(AccessRequest(ANONYMOUS, "notes:Read", note), CallerLayers())

    assert not [line for line in known.lines() if "guardrail" in line]
    assert "guardrail" in str(known.as_data()["layers"])
    assert stranger.lines()[3].startswith("- sign in or sign the request")
