"""What is left of the policies, as predicates over a row. Semantics stay in `policy`: this only rewrites.

A formula holds, does not hold, or cannot be judged (strong Kleene logic, as `policy.formula` tests it), so
each leaf becomes a pair: when it surely holds, and when it surely fails. A row is listed if the allow surely
holds and the deny surely fails. A leaf that has no form in SQL raises NotFilterable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final, final

from iamkit.errors import EvaluationError, InvalidArn, NotFilterable
from iamkit.policy.conditions import KeyTest, PolicyValue
from iamkit.policy.formula import And, Constant, Formula, Not, Or, Unjudged
from iamkit.policy.model import Quantifier
from iamkit.policy.operators import Operator
from iamkit.policy.request import Context, ContextValue
from iamkit.policy.residual import Residual
from iamkit.policy.targets import ResourceEntry, ResourceTest
from iamkit.policy.tokens import Verbatim, arn_parts
from iamkit.policy.variables import Template, Variable, substituted
from iamkit.rows.comparisons import AS_TEXT, COMPARISONS, readable, require
from iamkit.rows.likeness import like
from iamkit.rows.predicate import (
    NO,
    YES,
    Absent,
    Field,
    Predicate,
    Some,
    Text,
    Token,
    all_of,
    any_of,
    opposite,
)
from iamkit.rows.sources import Declaration, Kind, Source


@final
@dataclass(frozen=True, slots=True)
class Shape:
    """The names of rows under one account: the first five parts of their ARN, and where the sixth stands."""

    declaration: Declaration
    parts: tuple[str, str, str, str, str]

    @property
    def name(self) -> Text:
        return tuple(
            part if isinstance(part, str) else Field(part.source, part.encoded)
            for part in self.declaration.name
        )


@final
@dataclass(frozen=True, slots=True)
class Pair:
    """When something surely holds, and when it surely fails; otherwise it cannot be judged."""

    holds: Predicate
    fails: Predicate

    @property
    def reversed(self) -> Pair:
        return Pair(self.fails, self.holds)


_UNJUDGED: Final = Pair(NO, NO)


def clear(holds: Predicate) -> Pair:
    """Something that can always be judged."""
    return Pair(holds, opposite(holds))


def allowed(left: Residual, shape: Shape, context: Context) -> Predicate:
    """The rows that the residual allows; `context` is what was known. Raises NotFilterable."""
    translation = _Translation(shape, context)
    return all_of((translation.pair(left.allow).holds, translation.pair(left.deny).fails))


def refusal(formula: Formula, shape: Shape, context: Context) -> str | None:
    """Why a formula has no form in SQL, or None."""
    try:
        _Translation(shape, context).pair(formula)
    except NotFilterable as error:
        return error.message
    return None


@final
@dataclass(slots=True)
class _Translation:
    shape: Shape
    context: Context
    # Leaves recur in a formula, as in several routes.
    made: dict[int, tuple[Formula, Pair]] = field(default_factory=dict)

    def pair(self, formula: Formula) -> Pair:
        kept = self.made.get(id(formula))
        if kept is None:
            kept = self.made[id(formula)] = (formula, self._made(formula))
        return kept[1]

    def _made(self, formula: Formula) -> Pair:
        if isinstance(formula, Constant):
            return clear(YES if formula.value else NO)
        if isinstance(formula, Unjudged):
            return _UNJUDGED
        if isinstance(formula, Not):
            return self.pair(formula.part).reversed
        if isinstance(formula, And | Or):
            pairs = [self.pair(part) for part in formula.parts]
            if isinstance(formula, And):
                return Pair(all_of(p.holds for p in pairs), any_of(p.fails for p in pairs))
            return Pair(any_of(p.holds for p in pairs), all_of(p.fails for p in pairs))
        if isinstance(formula, ResourceTest):
            return self._resource(formula)
        if isinstance(formula, KeyTest):
            return self._key(formula)
        raise NotFilterable(f"a test of type `{type(formula).__name__}` has no form in SQL")

    # --- the resource ---------------------------------------------------------------------------

    def _resource(self, test: ResourceTest) -> Pair:
        matches: list[Predicate] = []
        for entry in test.entries:
            for present, tokens in self._expanded(entry.template):
                if tokens is not None:
                    matches.append(all_of((present, self._name_like(entry, tokens))))
                elif test.negated:
                    matches.append(present)  # SEM-R8: what cannot be judged excepts everything
        holds = any_of(matches)
        return clear(opposite(holds) if test.negated else holds)

    def _name_like(self, entry: ResourceEntry, tokens: tuple[Token, ...]) -> Predicate:
        if entry.text == "*":
            return YES
        try:
            parts: tuple[tuple[Token, ...], ...] = arn_parts(tokens)
        except InvalidArn as error:
            raise NotFilterable(error.message) from None
        fixed = [like((own,), part) for own, part in zip(self.shape.parts, parts[:5], strict=True)]
        return all_of((*fixed, like(self.shape.name, parts[5])))

    def _expanded(self, tokens: Template) -> Iterator[tuple[Predicate, tuple[Token, ...] | None]]:
        """A template with the row's values put in: under which circumstances, and as what.

        None in place of tokens: a variable has no value (SEM-V5).
        """
        found: list[tuple[Predicate, tuple[Token, ...] | None]] = [(YES, ())]
        for token in tokens:
            if not isinstance(token, Variable):
                found = [(when, None if kept is None else (*kept, token)) for when, kept in found]
                continue
            source = self.shape.declaration.source_of(token.key)
            if source is None:
                known = substituted((token,), self.context.by_lower)
                found = [
                    (when, None if kept is None or known is None else (*kept, *known)) for when, kept in found
                ]
                continue
            if source.kind is Kind.TEXTS:
                found = [(when, None) for when, _ in found]  # SEM-V4
                continue
            require(source, AS_TEXT, "stands in a policy variable")
            missing = Absent(source)
            default = None if not token.default else Verbatim(token.default)
            widened: list[tuple[Predicate, tuple[Token, ...] | None]] = []
            for when, kept in found:
                if kept is None:
                    widened.append((when, None))
                    continue
                widened.append((all_of((when, opposite(missing))), (*kept, Field(source))))
                other = None if token.default is None else (*kept, default) if default is not None else kept
                widened.append((all_of((when, missing)), other))
            found = widened
        yield from found

    # --- a condition key ------------------------------------------------------------------------

    def _key(self, test: KeyTest) -> Pair:
        source = self.shape.declaration.source_of(test.key)
        if source is None:
            return self._known(test)
        missing = Absent(source)
        if test.operator.presence:
            return self._presence(test, missing)
        present = self._present(test, source) if test.values else clear(_empty(test))
        absent = clear(YES if test.when_missing else NO)
        return Pair(
            any_of((all_of((missing, absent.holds)), all_of((opposite(missing), present.holds)))),
            any_of((all_of((missing, absent.fails)), all_of((opposite(missing), present.fails)))),
        )

    def _known(self, test: KeyTest) -> Pair:
        """A fact of the request, compared with variables that the row fills."""
        value = self.context.by_lower.get(test.key)
        if value is None or value == ():
            return clear(YES if test.when_missing else NO)
        if not isinstance(value, tuple):
            return self._passes(test, _read(test.operator, value))
        if test.quantifier is Quantifier.NONE:
            return clear(NO)
        every = [self._passes(test, _read(test.operator, one)) for one in value]
        if test.quantifier is Quantifier.FOR_ANY:
            return _some_of(every)
        return _some_of(pair.reversed for pair in every).reversed

    def _presence(self, test: KeyTest, missing: Predicate) -> Pair:
        judged = []
        for value in test.values:
            if value.fault:
                judged.append(_UNJUDGED)
            elif value.prepared is True or value.prepared is False:
                judged.append(clear(missing if value.prepared else opposite(missing)))
            else:
                judged.append(clear(NO))
        return _some_of(judged)

    def _present(self, test: KeyTest, source: Source) -> Pair:
        if source.kind is not Kind.TEXTS:
            return self._passes(test, source)
        if test.quantifier is Quantifier.NONE:
            return clear(NO)  # SEM-C18
        element = Source(Kind.ELEMENT, None, source.name, source.read)
        passes = self._passes(test, element)
        if test.quantifier is Quantifier.FOR_ALL:
            return Pair(opposite(_some(source, opposite(passes.holds))), _some(source, passes.fails))
        return Pair(_some(source, passes.holds), opposite(_some(source, opposite(passes.fails))))

    def _passes(self, test: KeyTest, source: Source | str | None) -> Pair:
        """Whether one value passes the plain test: one of a row, or a text; None: it cannot be read."""
        if source is None:
            return _UNJUDGED
        operator = test.operator
        compare = COMPARISONS.get(operator.form) if operator.form is not None else None
        if compare is None:
            raise NotFilterable(
                f"the condition operator `{operator.name}` on `{test.name[:80]}` has no form in SQL; "
                "use it on facts of the request, not of a row"
            )
        legible = readable(operator, source)
        if legible == NO:
            return _UNJUDGED
        judged = _some_of(
            pair for value in test.values for pair in self._judged(value, partial(compare, operator, source))
        )
        if operator.negated:
            judged = judged.reversed
        return Pair(all_of((legible, judged.holds)), all_of((legible, judged.fails)))

    def _judged(
        self, value: PolicyValue, compare: Callable[[PolicyValue, tuple[Token, ...]], Predicate]
    ) -> Iterator[Pair]:
        if value.void:
            yield clear(NO)
        elif value.fault:
            yield _UNJUDGED
        else:
            for when, tokens in self._expanded(value.tokens):
                yield clear(NO if tokens is None else all_of((when, compare(value, tokens))))


def _some_of(pairs: Iterable[Pair]) -> Pair:
    made = list(pairs)
    return Pair(any_of(pair.holds for pair in made), all_of(pair.fails for pair in made))


def _empty(test: KeyTest) -> Predicate:
    # SEM-G11: an empty list is met by nothing, whatever the prefix or suffix.
    return YES if test.operator.negated and test.quantifier is Quantifier.NONE and not test.if_exists else NO


def _read(operator: Operator, value: ContextValue) -> str | None:
    """A known value as text; only texts are compared with variables (SEM-V2)."""
    try:
        found = operator.read(value)
    except EvaluationError:
        return None
    if not isinstance(found, str):
        raise NotFilterable(f"`{operator.name}` compares no text with a variable of the row")
    return found


def _some(source: Source, part: Predicate) -> Predicate:
    return NO if part == NO else Some(source, part)
