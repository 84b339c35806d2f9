from __future__ import annotations

import copy
import dataclasses
import json
import pickle

import pytest

from iamkit.credentials.secret import Secret


def test_secret_reveals_only_on_request() -> None:
    """Every way of turning a secret into text gives stars, and only `reveal` the text."""
    secret = Secret("canary")

    assert secret.reveal() == "canary"
    assert {repr(secret), str(secret), f"{secret}", f"{secret!r:>3}", f"{secret:>40}"} == {"***"}
    assert "%s %r" % (secret, secret) == "*** ***"  # noqa: UP031  # the way of logging


@pytest.mark.parametrize("leave", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps, hash])
def test_secret_is_not_carried_away(leave: object) -> None:
    """A secret cannot be pickled, copied, serialised or hashed, and the refusal does not show it."""
    assert callable(leave)

    with pytest.raises(TypeError) as refusal:
        leave(Secret("canary"))

    assert "canary" not in str(refusal.value)


def test_secret_inside_a_dataclass_does_not_leave_with_asdict() -> None:
    """`asdict` of a value that holds a secret is refused."""

    @dataclasses.dataclass
    class Holder:
        secret: Secret

    assert "canary" not in repr(Holder(Secret("canary")))
    with pytest.raises(TypeError):
        dataclasses.asdict(Holder(Secret("canary")))


def test_secrets_compare_by_content_in_any_alphabet() -> None:
    """Equality works beyond ASCII, where compare_digest on text raises, and never with a plain text."""
    assert Secret("é\ud800") == Secret("é\ud800")
    assert Secret("é") != Secret("e")
    assert Secret("canary") != "canary"
