"""Small faults planted in source text, one at a time: what mutation testing tries.

A fault is a change of one node of the syntax tree. Text that only people read (docstrings, messages of
errors) and types are left alone; everything else is changed, the tables of a module included.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Final, TypeAlias

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

# The nearest other relation: who notices a bound that is off by one notices a relation turned round.
_COMPARISONS: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OPERATORS: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Add,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.BitXor: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
_NAMES: Final = {
    "any": "all",
    "all": "any",
    "min": "max",
    "max": "min",
    "sorted": "list",
    "startswith": "endswith",
    "endswith": "startswith",
    "partition": "rpartition",
    "rpartition": "partition",
    "split": "rsplit",
    "rsplit": "split",
    "bisect_right": "bisect_left",
    "lower": "upper",
    "le": "lt",
    "lt": "le",
    "ge": "gt",
    "gt": "ge",
    "eq": "ne",
}
# What is said to people, and what only a type checker reads.
_UNREAD_CALLS: Final = ("Unjudged", "TypeVar", "InvalidArn")


@dataclass(frozen=True)
class Mutant:
    """One fault: where it is, what stood there, what stands there now."""

    module: str
    where: str
    line: str
    was: str
    now: str
    nth: int
    number: int
    # The lines of the function it is in; None outside of all, where a changed module has to be read anew.
    function: tuple[int, int] | None

    def __str__(self) -> str:
        turn = f" (#{self.nth})" if self.nth else ""
        return f"{self.module} {self.where} | {self.line} | {self.was} -> {self.now}{turn}"


@dataclass
class _Site:
    holder: ast.AST
    field: str
    index: int | None
    node: ast.AST
    where: str
    function: Function | None

    def put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.holder, self.field, node)
        else:
            getattr(self.holder, self.field)[self.index] = node


class Source:
    """A module and all its mutants."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.path = path
        self.text = path.read_text(encoding="utf-8")
        self._tree = ast.parse(self.text)
        self._changes = [(site, change) for site in _sites(self._tree) for change in _changes(site)]

    def mutants(self) -> list[Mutant]:
        """All of them, in the order of the text."""
        lines = self.text.splitlines()
        turns: Counter[tuple[str, ...]] = Counter()
        found = []
        for number, (site, change) in enumerate(self._changes):
            # The part of a comprehension that says over what has no place of its own.
            placed = site.node.target if isinstance(site.node, ast.comprehension) else site.node
            line = " ".join(lines[getattr(placed, "lineno", 1) - 1].split())
            was, now = _shown(site.node), _shown(change)
            key = (site.where, line, was, now)
            function = None
            if site.function is not None:
                first = min([site.function.lineno, *(one.lineno for one in site.function.decorator_list)])
                function = (first, site.function.end_lineno or first)
            found.append(Mutant(self.name, site.where, line, was, now, turns[key], number, function))
            turns[key] += 1
        return found

    def compiled(self, mutant: Mutant) -> CodeType:
        """The module with the fault."""
        site, change = self._changes[mutant.number]
        site.put(change)
        try:
            return compile(ast.fix_missing_locations(self._tree), str(self.path), "exec")
        finally:
            site.put(site.node)


def _shown(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())


def _sites(tree: ast.Module) -> Iterator[_Site]:
    yield from _below(tree, "", None)


def _below(node: ast.AST, where: str, function: Function | None) -> Iterator[_Site]:
    for field, value in ast.iter_fields(node):
        if _unread(node, field):
            continue
        listed = value if isinstance(value, list) else [value]
        for index, child in enumerate(listed):
            if not isinstance(child, ast.AST) or _is_text(child):
                continue
            inside, holder = where, function
            # Defaults and decorators belong to the module: they are made when it is read.
            if isinstance(node, Function) and field in ("args", "decorator_list"):
                holder = None
            if isinstance(child, Function | ast.ClassDef) and function is None:
                inside = f"{where}.{child.name}" if where else child.name
                holder = child if isinstance(child, Function) else None
            yield _Site(node, field, index if isinstance(value, list) else None, child, where or "-", holder)
            if not isinstance(child, ast.Raise):
                yield from _below(child, inside, holder)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _unread(node: ast.AST, field: str) -> bool:
    """Whether what stands there is no behaviour: types, names handed on, words for people."""
    if field in ("annotation", "returns", "type_comment", "ctx", "ops", "op"):
        return True
    if isinstance(node, ast.Import | ast.ImportFrom | ast.JoinedStr | ast.alias):
        return True
    if isinstance(node, ast.Call):
        called = node.func
        name = (
            called.id
            if isinstance(called, ast.Name)
            else called.attr
            if isinstance(called, ast.Attribute)
            else ""
        )
        return field != "func" and name in _UNREAD_CALLS
    if isinstance(node, ast.ClassDef):
        return field in ("bases", "decorator_list")
    if isinstance(node, ast.AnnAssign):
        return isinstance(node.annotation, ast.Name) and node.annotation.id == "TypeAlias"
    if isinstance(node, ast.Assign):
        return any(
            isinstance(name, ast.Name) and name.id in ("__slots__", "__all__") for name in node.targets
        )
    return isinstance(node, Function) and field == "decorator_list"


def _changes(site: _Site) -> Iterator[ast.AST]:
    node = site.node
    if isinstance(node, ast.Compare):
        for place, old in enumerate(node.ops):
            yield _with(node, ops=[*node.ops[:place], _COMPARISONS[type(old)](), *node.ops[place + 1 :]])
    elif isinstance(node, ast.BoolOp):
        for place in range(len(node.values)):
            rest = [*node.values[:place], *node.values[place + 1 :]]
            yield rest[0] if len(rest) == 1 else _with(node, values=rest)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield node.operand
    elif isinstance(node, ast.BinOp | ast.AugAssign):
        yield _with(node, op=_OPERATORS[type(node.op)]())
        if isinstance(node, ast.AugAssign):
            yield ast.copy_location(ast.Pass(), node)
    elif isinstance(node, ast.Constant):
        yield from _other_constants(node)
    elif isinstance(node, ast.Name | ast.Attribute):
        name = node.id if isinstance(node, ast.Name) else node.attr
        if name in _NAMES:
            yield _with(node, **{"id" if isinstance(node, ast.Name) else "attr": _NAMES[name]})
    elif isinstance(node, ast.Call):
        for place in range(len(node.keywords)):
            yield _with(node, keywords=[*node.keywords[:place], *node.keywords[place + 1 :]])
    elif isinstance(node, ast.IfExp):
        yield _with(node, test=_denied(node.test))
    elif isinstance(node, ast.If | ast.While):
        if not isinstance(node.test, ast.Compare | ast.BoolOp | ast.UnaryOp):
            yield _with(node, test=_denied(node.test))
        if isinstance(node, ast.If):
            yield _with(node, test=ast.copy_location(ast.Constant(False), node.test))
    elif isinstance(node, ast.comprehension):
        for place in range(len(node.ifs)):
            yield _with(node, ifs=[*node.ifs[:place], *node.ifs[place + 1 :]])
    elif isinstance(node, ast.Return):
        if node.value is not None and not isinstance(node.value, ast.Constant):
            yield _with(node, value=ast.copy_location(ast.Constant(None), node.value))
    elif isinstance(node, ast.Continue):
        yield ast.copy_location(ast.Break(), node)
    elif isinstance(node, ast.Break):
        yield ast.copy_location(ast.Continue(), node)
    elif isinstance(node, ast.Raise) or (isinstance(node, ast.Expr) and site.function is not None):
        yield ast.copy_location(ast.Pass(), node)
    elif isinstance(node, ast.ExceptHandler):
        yield _with(node, body=[ast.copy_location(ast.Raise(), node.body[0])])


def _other_constants(node: ast.Constant) -> Iterator[ast.AST]:
    value = node.value
    if isinstance(value, bool):
        yield _with(node, value=not value)
    elif isinstance(value, int):
        yield _with(node, value=value + 1)
    elif isinstance(value, str):
        yield _with(node, value=f"{value}X")


def _denied(test: ast.expr) -> ast.expr:
    return ast.copy_location(ast.UnaryOp(ast.Not(), test), test)


def _with(node: ast.AST, **changes: object) -> ast.AST:
    changed = copy.copy(node)
    for name, value in changes.items():
        setattr(changed, name, value)
    return changed
