"""Random sets of policies with requests to ask of them, each set made from a seed alone.

Choices are weighted so that all three outcomes are frequent, every condition operator is met in every
mode, and nothing is decided by one rule too often.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from iamkit.policy.request import AccessRequest, Caller, CallerKind, Context, ContextValue
from tests.policy.reference import vocabulary as words
from tests.policy.reference.cases import JsonObject, LayerSet, Placed

T = TypeVar("T")

WITHOUT_LAYERS: Final = (CallerKind.ANONYMOUS, CallerKind.SERVICE, CallerKind.PROVIDER)
MODES: Final = (
    ("", ""),
    ("", ""),
    ("", ""),
    ("", "IfExists"),
    ("", "IfExists"),
    ("ForAllValues:", ""),
    ("ForAllValues:", ""),
    ("ForAnyValue:", ""),
    ("ForAnyValue:", ""),
    ("ForAllValues:", "IfExists"),
    ("ForAnyValue:", "IfExists"),
)
OPERATORS: Final = tuple((family, name) for family in words.FAMILIES for name in family.operators)


@dataclass(frozen=True)
class PolicySet:
    """Policies in all layers, and requests under them."""

    seed: str
    layers: LayerSet
    requests: tuple[AccessRequest, ...]


class Generator:
    """Makes one policy set of one seed."""

    def __init__(self, seed: str) -> None:
        self.seed = seed
        self.rng = random.Random(seed)
        # The character of the whole set, so that sets differ more than their statements do.
        self.deny = self.rng.choice((0.1, 0.3, 0.55))
        self.broad = self.rng.choice((0.4, 0.7, 0.95))
        self.stored = self.rng.random() < 0.15
        # Some sets have so many statements that an engine does well to sort them.
        self.large = self.rng.random() < 0.02

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def some(self, pool: Sequence[T], most: int = 3) -> list[T]:
        rng = self.rng
        return [rng.choice(pool) for _ in range(rng.randint(1, most))]

    def one_or_list(self, values: list[T]) -> T | list[T]:
        return values[0] if len(values) == 1 and self.chance(0.5) else values

    # -- documents

    def condition(self) -> tuple[str, str, object]:
        rng = self.rng
        if self.stored and self.chance(0.12):
            return rng.choice(words.UNKNOWN_OPERATORS), "app:s", "a"
        family, name = rng.choice(OPERATORS)
        prefix, suffix = rng.choice(MODES)
        wants_list = self.chance(0.65 if prefix else 0.06)
        key = family.list_key if wants_list else rng.choice(family.single_keys)
        if self.chance(0.1):
            key = key.upper() if self.chance(0.5) else key.lower()
        values: list[object] = list(self.some(family.policy))
        if self.stored and self.chance(0.3):
            bad = next((bad for start, bad in words.BAD_VALUES.items() if name.startswith(start)), None)
            values.insert(rng.randint(0, len(values)), bad if bad is not None else "a")
        return prefix + name + suffix, key, self.one_or_list(values)

    def conditions(self, most: int = 3) -> JsonObject:
        made: dict[str, dict[str, object]] = {}
        taken = set()
        for _ in range(self.rng.choice((0, 1, 1, 2, most))):
            operator, key, values = self.condition()
            if (operator, key.lower()) in taken:
                continue
            taken.add((operator, key.lower()))
            made.setdefault(operator, {})[key] = values
            if self.chance(0.25) and ("Null", key.lower()) not in taken:
                taken.add(("Null", key.lower()))
                both = self.one_or_list(
                    self.some(("true", "false", "false", True, False), 1 + self.chance(0.2))
                )
                made.setdefault("Null", {})[key] = both
        return dict(made)

    def principal(self) -> object:
        rng = self.rng
        if self.chance(0.25):
            return "*"
        made: JsonObject = {}
        if self.chance(0.9):
            made["AWS"] = self.one_or_list(self.some(words.AWS_PRINCIPALS))
        if self.chance(0.2) or not made:
            made["Service"] = self.one_or_list(self.some(words.SERVICE_PRINCIPALS, 2))
        if self.chance(0.15):
            made["Federated"] = rng.choice(words.PROVIDER_PRINCIPALS)
        return made

    def statement(self, layer: str, *, trust: bool, effect: str | None = None) -> JsonObject:
        rng = self.rng
        made: JsonObject = {"Effect": effect or ("Deny" if self.chance(self.deny) else "Allow")}
        deny = made["Effect"] == "Deny"
        broad = self.chance(0.35 if deny else self.broad)
        if layer in ("resource", "resource_guardrails", "endpoint"):
            if deny and self.chance(0.3):
                made["NotPrincipal"] = {"AWS": self.one_or_list(self.some(words.AWS_PRINCIPALS[1:], 4))}
            else:
                made["Principal"] = "*" if layer != "resource" and self.chance(0.7) else self.principal()
        patterns = words.TRUST_PATTERNS if trust and layer == "resource" else words.ACTION_PATTERNS
        if broad:
            made["Action"] = "sts:*" if trust and layer == "resource" else rng.choice(("*", "doc:*"))
        else:
            made["NotAction" if self.chance(0.12) else "Action"] = self.one_or_list(self.some(patterns))
        if not (layer == "resource" and (trust or self.chance(0.25))):
            if broad and self.chance(0.7):
                made["Resource"] = "*"
            else:
                name = "NotResource" if self.chance(0.12) else "Resource"
                made[name] = self.one_or_list(self.some(words.RESOURCE_PATTERNS))
        if not (broad and self.chance(0.6)):
            block = self.conditions(2 if deny else 3)
            if block or self.chance(0.1):
                made["Condition"] = block
        return self.spoilt(made) if self.stored and self.chance(0.06) else made

    def spoilt(self, made: JsonObject) -> JsonObject:
        """A statement as only documents at rest have it: without a principal, with an empty list, …"""
        choice = self.rng.choice(("Principal", "Action", "Resource", "Condition"))
        if choice == "Principal":
            if made.pop("Principal", None) is None and "NotPrincipal" not in made:
                made["Principal"] = self.rng.choice(("*", {"AWS": words.AWAY}))
        elif choice == "Condition":
            made["Condition"] = {self.rng.choice(OPERATORS)[1]: {"app:s": []}}
        elif choice in made:
            made[choice] = []
        return made

    def document(self, layer: str, *, trust: bool, statements: int = 3) -> Placed:
        rng = self.rng
        made = [self.statement(layer, trust=trust) for _ in range(rng.randint(1, statements))]
        document: JsonObject = {"Statement": made[0] if len(made) == 1 and self.chance(0.5) else made}
        version = rng.random()
        if version > 0.04:
            document["Version"] = "2012-10-17" if version > 0.08 else "2008-10-17"
        ids = {}
        if layer == "resource" and self.chance(0.25):
            ids = {arn: rng.choice(found) for arn, found in words.PRINCIPAL_IDS.items() if self.chance(0.6)}
        return Placed(document, ids)

    def narrow(self) -> Placed:
        """A document of many statements that each speak of a few of many resources."""
        rng, made = self.rng, []
        for _ in range(rng.randint(30, 90)):
            effect = "Deny" if self.chance(self.deny / 3) else "Allow"
            statement = self.statement("identity", trust=False, effect=effect)
            if self.chance(0.95):
                statement.pop("NotResource", None)
                number = rng.randrange(words.MANY)
                statement["Resource"] = self.one_or_list(
                    [pattern.replace("#", str(number)) for pattern in self.some(words.NARROW_PATTERNS)]
                )
            made.append(statement)
        return Placed({"Version": "2012-10-17", "Statement": made})

    def documents(self, layer: str, *, trust: bool, ceiling: bool = False) -> tuple[Placed, ...]:
        """The documents of one layer or level; a ceiling mostly has an Allow for everything in it."""
        made = [
            self.document(layer, trust=trust)
            for _ in range(self.rng.choice((1, 1, 1, 2) if not ceiling else (0, 1, 1, 2)))
        ]
        if ceiling and self.chance(0.8):
            everything: JsonObject = {"Effect": "Allow", "Action": "*", "Resource": "*"}
            if layer in ("resource_guardrails", "endpoint"):
                everything["Principal"] = "*"
            made.append(Placed({"Version": "2012-10-17", "Statement": [everything]}, {}))
        return tuple(made)

    def ceiling(self, layer: str, probability: float) -> tuple[Placed, ...] | None:
        return self.documents(layer, trust=False, ceiling=True) if self.chance(probability) else None

    def levels(self, layer: str, probability: float) -> tuple[tuple[Placed, ...], ...] | None:
        if not self.chance(probability):
            return None
        count = self.rng.choice((1, 1, 2, 3))
        return tuple(self.documents(layer, trust=False, ceiling=True) for _ in range(count))

    def layers(self, *, trust: bool) -> LayerSet:
        identity = (self.narrow(),) if self.large else self.documents("identity", trust=False)
        if self.chance(0.6):
            # The groups' policies are part of the user's own layer (SEM-E25).
            identity += self.documents("identity", trust=False)
        return LayerSet(
            identity=identity,
            boundary=self.ceiling("boundary", 0.3),
            session=self.ceiling("session", 0.3),
            guardrails=self.levels("guardrails", 0.25),
            resource=self.documents("resource", trust=trust) if self.chance(0.75) else (),
            resource_guardrails=self.levels("resource_guardrails", 0.15),
            endpoint=self.ceiling("endpoint", 0.12),
            trust=trust,
            session_binds=self.chance(0.2),
        )

    # -- requests

    def caller(self, layers: LayerSet) -> Caller:
        caller = self.rng.choices([c for _, c in words.CALLERS], [weight for weight, _ in words.CALLERS])[0]
        if layers.boundary is not None and caller.kind not in (*WITHOUT_LAYERS, CallerKind.ROOT):
            caller = replace(caller, bounded=True)
        return caller

    def context(self) -> Context:
        rng, made = self.rng, dict[str, ContextValue]()
        for family in words.FAMILIES:
            for key in family.single_keys:
                if self.chance(0.7):
                    source = rng.choice(words.WRONG[family.list_key]) if self.chance(0.015) else family
                    made[key] = rng.choice(source.request)
            if self.chance(0.7):
                source = rng.choice(words.FAMILIES) if self.chance(0.03) else family
                made[family.list_key] = tuple(
                    rng.choice(source.entries) for _ in range(rng.choice((0, 1, 1, 2, 2, 3)))
                )
        return Context(made)

    def requests(self, layers: LayerSet) -> Iterator[AccessRequest]:
        rng = self.rng
        callers = [self.caller(layers) for _ in range(rng.randint(1, 3))]
        actions = self.some(words.TRUST_ACTIONS if layers.trust else words.ACTIONS, 2)
        if self.chance(0.02):
            actions.append(words.FREE_ACTION)
        resources = [words.ROLE] if layers.trust else self.some(words.RESOURCES, 4)
        if self.large and not layers.trust:
            resources = [
                rng.choice(words.NARROW_RESOURCES).replace("#", str(rng.randrange(words.MANY)))
                for _ in range(20)
            ]
        explicit = layers.trust or self.chance(0.12)
        owner = rng.choice(("", words.HOME, words.HOME, words.HOME, words.HOME, words.HOME, words.AWAY))
        for _ in range(rng.randint(20, 50)):
            yield AccessRequest(
                rng.choice(callers),
                rng.choice(actions),
                rng.choice(resources),
                self.context(),
                owner,
                explicit,
            )

    def policy_set(self) -> PolicySet:
        layers = self.layers(trust=self.chance(0.08))
        return PolicySet(self.seed, layers, tuple(self.requests(layers)))
