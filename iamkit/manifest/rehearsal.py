"""Rehearsals: a plan done on a copy in memory, and who can do what before and after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from iamkit.analysis import changes
from iamkit.analysis.access import Place
from iamkit.analysis.changes import Change
from iamkit.analysis.subjects import EVERYBODY, Subject, Subjects
from iamkit.credentials.password_rules import AccountPasswordPolicy
from iamkit.errors import IamkitError
from iamkit.identity.documents import PolicyDocument
from iamkit.identity.guardrails import Guardrail
from iamkit.identity.inline import InlinePolicy
from iamkit.identity.managed import PolicyVersion
from iamkit.identity.principal import Principal
from iamkit.identity.resource_layers import ResourceLayersReader
from iamkit.identity.resource_policies import ResourcePolicy
from iamkit.identity.roles import Role
from iamkit.kit import IAM
from iamkit.management.operation import Work
from iamkit.manifest import outsiders
from iamkit.manifest.steps import Plan, Step
from iamkit.memory import MemoryStore
from iamkit.policy import ResourceLayers
from iamkit.policy.combine import OPEN_ACTIONS
from iamkit.policy.revision import revision_of
from iamkit.storage import DECLARED, Reader, Record, Unit

# Principals whose changes are told one by one, and questions asked about resources with policies.
MOST_PRINCIPALS: Final = 200
MOST_QUESTIONS: Final = 20_000
_ROOM: Final = "iamkit.identity."
_DIGESTS: Final[tuple[tuple[type[Record], str], ...]] = (
    (InlinePolicy, "digest"),
    (PolicyVersion, "digest"),
    (Role, "trust_digest"),
    (ResourcePolicy, "digest"),
    (Guardrail, "digest"),
)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a plan would do.

    `fault` is why `stopped` would be refused, whoever takes the step. `unasked` counts principals whose
    policies change and who were not looked at, and `unasked_places` resources.
    """

    changes: tuple[Change, ...] = ()
    stopped: Step | None = None
    fault: IamkitError | None = None
    unasked: int = 0
    unasked_places: int = 0


def rehearse(iam: IAM, principal: Principal, plan: Plan, *, most: int = MOST_PRINCIPALS) -> Rehearsal:
    """Do the steps of a plan on a copy, unauthorised, and compare. Nothing of the store is changed.

    Credentials are not copied: no step makes, shows or uses one.
    """
    before = MemoryStore()
    _copy(iam, before)
    after = before.copy()
    done: Step | None = None
    try:
        with after.write() as unit:
            work = Work(unit, iam.house, iam.services, principal, principal.account)
            for step in plan.steps:
                done = step
                step.operation.run(work, **step.params)
    except IamkitError as fault:
        return Rehearsal(stopped=done, fault=fault)
    return _Comparison(iam, principal.account, before, after).rehearsal(most)


def _copy(iam: IAM, copy: MemoryStore) -> None:
    kinds = [
        kind for kind in DECLARED.values() if kind.__module__.startswith(_ROOM) and kind is not PolicyDocument
    ]
    with iam.store.read() as reader, copy.write() as unit:
        for kind in (*kinds, AccountPasswordPolicy):
            _copy_all(reader, unit, kind)
        # Of documents only those in use: those of decisions long past would be most of them.
        digests = {getattr(item, name) for kind, name in _DIGESTS for item in unit.find(kind)}
        for digest in sorted(digests):
            document = reader.get(PolicyDocument, (digest,))
            if document is not None:
                unit.add(document)


def _copy_all(reader: Reader, unit: Unit, kind: type[Record]) -> None:
    for item in reader.find(kind):
        unit.add(item)


class _Comparison:
    """Two stores and what people can do by each."""

    def __init__(self, iam: IAM, account: str, before: MemoryStore, after: MemoryStore) -> None:
        self._iam = iam
        self._account = account
        self._stores = before, after
        self._places = (
            ResourceLayersReader(before, iam.house),
            ResourceLayersReader(after, iam.house),
        )
        self._options = iam.services.options

    def rehearsal(self, most: int) -> Rehearsal:
        with self._stores[0].read() as old, self._stores[1].read() as new:
            touched = self._touched(old, new)
            found: list[Change] = []
            bare = Place("", self._places[1].bare(self._account), self._account)
            actions = [name for name in self._iam.catalog.actions() if name.lower() not in OPEN_ACTIONS]
            for had, has in touched[:most]:
                one, other = self._subject(old, had), self._subject(new, has)
                found += changes.of_subject(one, other, bare, actions, self._options)
            found += outsiders.put_in(old, new, self._account)
            told, unasked_places = self._of_places(old, new)
        known = {(change.principal, change.action, change.resource) for change in found}
        found += [
            change for change in told if (change.principal, change.action, change.resource) not in known
        ]
        return Rehearsal(tuple(found), unasked=max(0, len(touched) - most), unasked_places=unasked_places)

    def _touched(self, old: Reader, new: Reader) -> list[tuple[str, str]]:
        """ARNs before and after, empty where there is none, of those whose policies or keys changed."""
        had, has = self._marks(old), self._marks(new)
        found: list[tuple[str, str]] = []
        gone = {arn: unique_id for unique_id, (arn, _) in had.items() if unique_id not in has}
        for unique_id, (arn, mark) in has.items():
            # Deleted and made again under the same name: the same, as far as people go.
            was = had.get(unique_id) or had.get(gone.pop(arn, ""))
            if was is None:
                found.append(("", arn))
            elif was[1] != mark:
                found.append((was[0], arn))
        return [*found, *((arn, "") for arn in gone)]

    def _marks(self, reader: Reader) -> dict[str, tuple[str, str]]:
        """For each unique id the ARN and a mark of everything that decides what it can do."""
        return {subject.caller.unique_id: (subject.arn, _mark(subject)) for subject in self._subjects(reader)}

    def _subjects(self, reader: Reader) -> Iterator[Subject]:
        return self._reader(reader).of_account(self._account)

    def _subject(self, reader: Reader, arn: str) -> Subject | None:
        return self._reader(reader).named(self._account, arn) if arn else None

    def _reader(self, reader: Reader) -> Subjects:
        return Subjects(reader, self._iam.house, self._iam.services.caller_layers)

    def _of_places(self, old: Reader, new: Reader) -> tuple[list[Change], int]:
        """Changes on resources whose own policies changed, roles and their trust policies among them."""
        had, has = _policies(old, self._account), _policies(new, self._account)
        arns = sorted(arn for arn in had.keys() | has.keys() if had.get(arn) != has.get(arn))
        if not arns:
            return [], 0
        later = {subject.caller.unique_id: subject for subject in self._subjects(new)}
        pairs: list[tuple[Subject | None, Subject | None]] = [(EVERYBODY, EVERYBODY)]
        pairs += [(subject, later.pop(subject.caller.unique_id, None)) for subject in self._subjects(old)]
        pairs += [(None, subject) for subject in later.values()]
        looked = arns[: max(1, MOST_QUESTIONS // len(pairs))]
        found: list[Change] = []
        for arn in looked:
            was, now = (self._place(side, arn) for side in (0, 1))
            for one, other in pairs:
                found += changes.of_place(one, other, was, now, self._options)
            found += outsiders.let_in(arn, was.layers, now.layers, self._account)
        return found, len(arns) - len(looked)

    def _place(self, side: int, arn: str) -> Place:
        held = self._places[side].layers(arn, self._account)
        supplied = tuple(self._iam.services.plugin_policies(arn))
        return Place(arn, ResourceLayers((*held.policies, *supplied), held.guardrails), self._account)


def _mark(subject: Subject) -> str:
    return f"{revision_of(subject.layers, ResourceLayers())} {sorted(subject.keys.items())}"


def _policies(reader: Reader, account: str) -> Mapping[str, tuple[str, str]]:
    """What stands on each resource and role: the digest, and for a role its id, which trust hangs on."""
    own = {"account": account}
    found = {item.resource_arn: (item.digest, "") for item in reader.find(ResourcePolicy, own)}
    return found | {role.arn: (role.trust_digest, role.role_id) for role in reader.find(Role, own)}
