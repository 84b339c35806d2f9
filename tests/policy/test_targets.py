"""Resources with variables: what cannot be put in, beside what can, asked for and left over."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import pytest

from iamkit.policy import (
    AccessRequest,
    AttachedPolicy,
    Caller,
    CallerLayers,
    Context,
    Known,
    Outcome,
    evaluate,
    residual,
)
from iamkit.policy.match import circumstances
from iamkit.policy.targets import resource_test
from iamkit.policy.tokens import tokens_of
from iamkit.policy.variables import MAX_EXPANSION, template

Attach = Callable[..., AttachedPolicy]

LONG = "arn:aws:doc:::${app:long}"
LONGER = "arn:aws:doc:::${app:longer}"
MISSING = "arn:aws:doc:::${app:missing}"
A, B = "arn:aws:doc:::a", "arn:aws:doc:::b"
CONTEXT = Context(
    {"app:long": "x" * (MAX_EXPANSION + 1), "app:longer": "x" * (MAX_EXPANSION + 2), "app:a": "a"}
)
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def outcomes(jeff: Caller, *attached: AttachedPolicy) -> dict[str, str]:
    """What becomes of either resource; what is left while it is unknown must come to the same."""
    layers = CallerLayers(attached)
    left = residual(Known(jeff, "doc:Get", context=CONTEXT), layers)
    found = {}
    for resource in (A, B):
        request = AccessRequest(jeff, "doc:Get", resource, CONTEXT)
        decision = evaluate(request, layers)
        assert left.outcome(request) is decision.outcome
        found[resource] = "error" if decision.error else str(decision.outcome)
    return found


@pytest.mark.parametrize("resources", list(permutations([LONG, A, LONGER])))
def test_an_entry_that_grows_too_long_matters_where_no_other_matches(
    jeff: Caller, attach: Attach, resources: tuple[str, ...]
) -> None:
    """Another entry that matches settles it; otherwise the statement cannot be judged."""
    allow = attach({**EVERYTHING, "Resource": list(resources)})
    deny = attach({**EVERYTHING, "Effect": "Deny", "Resource": list(resources)})

    assert outcomes(jeff, allow) == {A: "allowed", B: "error"}
    assert outcomes(jeff, attach(EVERYTHING), deny) == {A: "explicitDeny", B: "error"}


@pytest.mark.parametrize("resources", list(permutations([LONG, A, LONGER])))
def test_an_exception_that_grows_too_long(jeff: Caller, attach: Attach, resources: tuple[str, ...]) -> None:
    """The same for NotResource: what another entry excepts is excepted, the rest cannot be judged."""
    allow = {"Effect": "Allow", "Action": "*", "NotResource": list(resources)}

    assert outcomes(jeff, attach(allow)) == {A: "implicitDeny", B: "error"}


@pytest.mark.parametrize("resources", list(permutations([MISSING, A, "arn:aws:doc:::c"])))
def test_an_entry_without_value_matches_nothing_and_excepts_everything(
    jeff: Caller, attach: Attach, resources: tuple[str, ...]
) -> None:
    """In Resource it is as if it were not there, in NotResource no resource is left (SEM-R8)."""
    listed = attach({**EVERYTHING, "Resource": list(resources)})
    excepted = attach({"Effect": "Allow", "Action": "*", "NotResource": list(resources)})

    assert outcomes(jeff, listed) == {A: "allowed", B: "implicitDeny"}
    assert outcomes(jeff, excepted) == {A: "implicitDeny", B: "implicitDeny"}


def test_only_an_entry_without_value(jeff: Caller, attach: Attach) -> None:
    """Nothing at all is left of it."""
    left = residual(
        Known(jeff, "doc:Get", context=CONTEXT),
        CallerLayers((attach({**EVERYTHING, "Resource": [MISSING]}),)),
    )

    assert left.outcome(AccessRequest(jeff, "doc:Get", A, CONTEXT)) is Outcome.IMPLICIT_DENY
    assert outcomes(jeff, attach({**EVERYTHING, "Resource": ["arn:aws:doc:::${app:a}"]})) == {
        A: "allowed",
        B: "implicitDeny",
    }


def test_an_entry_shows_what_it_matches_with(attach: Attach) -> None:
    """Token by token, with variables or without."""
    policy = attach({**EVERYTHING, "Resource": ["*", A, "arn:aws:doc:::${app:a}/*"]}).policy
    test = resource_test(policy.statements[0], variables=True)

    assert [entry.template for entry in test.entries] == [
        tokens_of("*"),
        (A,),
        template("arn:aws:doc:::${app:a}/*"),
    ]


@pytest.mark.parametrize("size", [1, 300])
@pytest.mark.parametrize("varies", [True, False])
def test_tests_of_the_same_words_are_the_same(attach: Attach, size: int, varies: bool) -> None:
    """What was prepared of them plays no part, whether it was remembered or made again."""
    tail, own = "a" * size, "${app:v}" if varies else "*"
    statement = {
        **EVERYTHING,
        "Resource": [f"{A}{tail}*", f"arn:aws:doc:::{own}/{tail}"],
        "Condition": {"StringLike": {"app:a": [f"{tail}*", f"{own}{tail}"]}, "Bool": {"app:t": "true"}},
    }
    one, same = (
        list(circumstances((policy := attach(statement).policy).statements[0], policy)) for _ in "12"
    )
    other = list(circumstances((policy := attach({**statement, "Resource": A}).policy).statements[0], policy))

    assert one == same
    assert [hash(part) for part in one] == [hash(part) for part in same]
    assert one[0] != other[0]
    assert one[1:] == other[1:]
