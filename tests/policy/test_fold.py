"""Folds: by resource they find what a plain list finds, in the same order, with the same failures."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamkit.errors import EvaluationError
from iamkit.policy import AccessRequest, Caller, CallerKind, Context, PolicyKind, parse
from iamkit.policy.fold import Fold, every, first
from iamkit.policy.formula import TRUE, Formula, Unjudged, conjunction
from iamkit.policy.match import EVERY_KEY, Known, meaning
from iamkit.policy.operators import STANDARD

CALLER = Caller(CallerKind.USER, "arn:aws:iam::123456789012:user/u", "123456789012")
# A small alphabet, so that texts begin with each other and resources meet patterns.
_TAIL = st.text("ab/*?", max_size=5)
_PATTERN = st.one_of(
    st.just("*"),
    _TAIL.map("arn:aws:doc:::a{}".format),
    _TAIL.map("arn:aws:doc:*::{}x".format),
    st.just("arn:aws:doc:::${aws:username}/*"),
)
_RESOURCE = st.text("ab/x", max_size=6).map("arn:aws:doc:::a{}".format)
_CONDITION = st.sampled_from(
    [None, {"StringEquals": {"app:k": "x"}}, {"Bool": {"app:t": "true"}}, {"NumericLessThan": {"app:k": "3"}}]
)


@st.composite
def _statement(draw: st.DrawFn) -> dict[str, object]:
    element = draw(st.sampled_from(["Resource", "Resource", "Resource", "NotResource"]))
    statement: dict[str, object] = {"Effect": "Allow", "Action": "doc:Get"}
    statement[element] = draw(st.lists(_PATTERN, min_size=1, max_size=3))
    condition = draw(_CONDITION)
    return statement if condition is None else statement | {"Condition": condition}


def _formulas(statements: list[dict[str, object]]) -> list[Formula]:
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    policy = parse(text, PolicyKind.IDENTITY, stored=True)
    known = Known(CALLER, "doc:Get", unknown_keys=EVERY_KEY)
    return [meaning(of, policy, known, known.request, STANDARD) for of in policy.statements]


def _found(fold: Fold[int], request: AccessRequest, *, all_of_them: bool) -> object:
    """What the first group of the fold says, all of which is wanted, or its second."""
    alls, firsts = fold.postings(fold.place(request.resource))
    try:
        if all_of_them:
            return every(alls, request)
        return first(firsts, request)
    except EvaluationError as error:
        return error.message


def _folded(formulas: list[Formula]) -> Fold[int]:
    """The formulas as both groups, each under its number."""
    return Fold(enumerate(formulas), enumerate(formulas))


def _plainly(formulas: list[Formula], request: AccessRequest, *, all_of_them: bool) -> object:
    """The answer by asking every formula."""
    held: list[int] = []
    failures: list[str] = []
    for rank, formula in enumerate(formulas):
        try:
            if formula.test(request):
                held.append(rank)
        except EvaluationError as error:
            failures.append(error.message)
    if not held and failures:
        return min(failures)
    return tuple(held) if all_of_them else held[0] if held else None


@settings(max_examples=300, deadline=None)
@given(
    statements=st.lists(_statement(), min_size=1, max_size=9),
    resources=st.lists(_RESOURCE | st.just("*"), min_size=1, max_size=6),
    context=st.fixed_dictionaries(
        {},
        optional={
            "app:k": st.sampled_from(["x", "2", "y"]),
            "app:t": st.booleans(),
            "aws:username": st.sampled_from(["a", "ab", "*"]),
        },
    ),
    all_of_them=st.booleans(),
)
def test_a_fold_finds_what_a_plain_list_finds(
    statements: list[dict[str, object]],
    resources: list[str],
    context: dict[str, str | bool],
    all_of_them: bool,
) -> None:
    """Whatever is folded, and however: the same candidates in the same order, or the same failure."""
    formulas = _formulas(statements)
    fold = _folded(formulas)

    for resource in resources:
        request = AccessRequest(CALLER, "doc:Get", resource, Context(context))
        assert _found(fold, request, all_of_them=all_of_them) == _plainly(
            formulas, request, all_of_them=all_of_them
        )


def _random_statement(rng: random.Random) -> dict[str, object]:
    def text(letters: str, longest: int) -> str:
        return "".join(rng.choice(letters) for _ in range(rng.randint(0, longest)))

    patterns = [
        rng.choice(
            (
                "*",
                f"arn:aws:doc:::a{text('ab', 4)}",
                f"arn:aws:doc:::a{text('ab', 4)}*",
                f"arn:aws:doc:::a{text('ab*?', 5)}",
                f"arn:aws:doc:*::{text('ab', 3)}x",
                "arn:*:doc:::ab",
                "arn:aws:doc:::${aws:username}/*",
                "arn:aws:doc:::a${*}",
            )
        )
        for _ in range(rng.choice((1, 1, 1, 2, 3)))
    ]
    conditions: list[dict[str, object]] = [
        {},
        {},
        {"Condition": {"StringEquals": {"app:k": "x"}}},
        {"Condition": {"StringLike": {"app:k": "x*"}}},
        {"Condition": {"StringNotEquals": {"app:k": ["x", "y"]}}},
        {"Condition": {"NumericLessThan": {"app:k": "3"}}},
        {"Condition": {"Bool": {"app:t": "true"}, "StringEquals": {"app:k": "x"}}},
    ]
    element = rng.choice(("Resource",) * 6 + ("NotResource",))
    return {"Effect": "Allow", "Action": "doc:Get", element: patterns, **rng.choice(conditions)}


@pytest.mark.parametrize("seed", range(24))
def test_many_candidates_are_found_as_in_a_plain_list(seed: int) -> None:
    """The same for more of them than one looks through, always the same ones."""
    rng = random.Random(seed)
    formulas = _formulas([_random_statement(rng) for _ in range(rng.choice((3, 5, 12, 40)))])
    fold = _folded(formulas)

    for _ in range(25):
        tail = "".join(rng.choice("abx*") for _ in range(rng.randint(0, 5)))
        resource = rng.choice(
            (f"arn:aws:doc:::a{tail}", f"arn:aws:doc:::{tail}", f"arn:aws:doc:eu::{tail}x", "*")
        )
        values = {
            "app:k": rng.choice(("x", "xy", "2", "y")),
            "app:t": rng.random() < 0.5,
            "aws:username": "ab",
        }
        context = Context({key: value for key, value in values.items() if rng.random() < 0.8})
        request = AccessRequest(CALLER, "doc:Get", resource, context)
        for wanted in (False, True):
            found = _found(fold, request, all_of_them=wanted)
            assert found == _plainly(formulas, request, all_of_them=wanted)


def test_what_is_settled_by_its_place_needs_no_test() -> None:
    """Behind one that surely holds nothing is kept where the first is wanted, everything where all are."""
    formulas = _formulas(
        [
            {"Effect": "Allow", "Action": "doc:Get", "Resource": f"arn:aws:doc:::{'a' * number}*"}
            for number in range(1, 9)
        ]
    )
    request = AccessRequest(CALLER, "doc:Get", "arn:aws:doc:::aaaaa")
    fold = _folded(formulas)
    alls, firsts = fold.postings(fold.place(request.resource))

    assert [entry.candidate for entry in firsts] == [0]
    assert [entry.candidate for entry in alls] == [0, 1, 2, 3, 4]
    assert all(entry.sure for entry in alls)
    assert fold.postings(fold.place("arn:aws:doc:::b")) == ((), ())


def test_the_longest_head_is_found_past_its_neighbours() -> None:
    """A place is what the resource begins with, or the resource itself where that is written out."""
    written = ["a/*", "a/b", "a/b/*", "a/bz/*", "c"]
    formulas = _formulas(
        [{"Effect": "Allow", "Action": "doc:Get", "Resource": f"arn:aws:doc:::{tail}"} for tail in written]
    )
    fold = _folded(formulas)

    for tail, wanted in (("a/b", "a/b"), ("a/bzz", "a/"), ("a/b/z", "a/b/"), ("a/c", "a/"), ("c", "c")):
        assert fold.text(fold.place(f"arn:aws:doc:::{tail}")) == f"arn:aws:doc:::{wanted}"
    for elsewhere in ("arn:aws:doc:::b", "arn:aws:doc:::cc", "*", ""):
        assert fold.text(fold.place(elsewhere)) == ""


def test_an_unjudged_candidate_matters_only_where_nothing_holds() -> None:
    """One that holds outweighs it, and so does its own resource where that does not match."""
    elsewhere = _formulas([{"Effect": "Allow", "Action": "doc:Get", "Resource": "arn:aws:doc:::z*"}])[0]
    formulas = [Unjudged("no"), conjunction((elsewhere, Unjudged("never"))), elsewhere]
    request = AccessRequest(CALLER, "doc:Get", "arn:aws:doc:::a")

    assert _found(_folded(formulas), request, all_of_them=False) == "no"
    assert _found(_folded([*formulas, TRUE]), request, all_of_them=False) == 3
