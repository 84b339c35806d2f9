"""The layers: the words that a denial uses, and what is there where nothing is said."""

from __future__ import annotations

from iamkit.policy.layers import CallerLayers, Layer, PolicySource, ResourceLayers


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
