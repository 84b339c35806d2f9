"""The layers: the words that a denial uses, and what is there where nothing is said."""

from __future__ import annotations

from iamkit.policy import PolicyKind, parse
from iamkit.policy.layers import AttachedPolicy, CallerLayers, Layer, PolicySource, ResourceLayers


def test_layers_have_the_words_of_a_denial() -> None:
    """Each is called what people call it."""
    assert {layer.name: layer.value for layer in Layer} == {
        "IDENTITY": "identity-based policy",
        "BOUNDARY": "permissions boundary",
        "SESSION": "session policy",
        "RESOURCE": "resource-based policy",
        "GUARDRAIL": "guardrail",
        "RESOURCE_GUARDRAIL": "resource guardrail",
        "ENDPOINT": "endpoint policy",
    }


def test_what_is_not_said_is_not_there() -> None:
    """A layer that does not exist is None; a source says nothing that it was not told."""
    caller, resource, source = CallerLayers(), ResourceLayers(), PolicySource("policy")

    assert (caller.identity, caller.boundary, caller.session, caller.guardrails) == ((), None, None, None)
    assert (resource.policies, resource.guardrails, resource.endpoint) == ((), None, None)
    assert (source.type, source.arn, source.version, source.holder, source.digest) == ("",) * 5


def test_an_attached_policy_can_be_a_key() -> None:
    """Whatever ids it has by heart."""
    text = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
    policy = parse(text, PolicyKind.IDENTITY)
    one, same = (
        AttachedPolicy(policy, PolicySource("policy"), {"arn:aws:iam::1:user/a": "AIDAA"}) for _ in range(2)
    )

    assert {one: "kept"}[same] == "kept"
    assert one != AttachedPolicy(policy, PolicySource("policy"))
