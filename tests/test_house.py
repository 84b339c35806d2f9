"""The rules of the house: sizes, imports, and what may be done where."""

from __future__ import annotations

import ast
import builtins
import dis
import inspect
import re
import statistics
import subprocess
import sys
import tomllib
import types
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

from iamkit import hookspecs
from iamkit.plugins import plugin_manager

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "iamkit"
TESTS = ROOT / "tests"
HOOKS_PAGE = (ROOT / "docs" / "hooks.md").read_text(encoding="utf-8")
LONGEST = 350

MODULES = sorted(PACKAGE.rglob("*.py"))
# A revision is a picture of the tables as they were; it is as long as they are many.
REVISIONS = PACKAGE / "sql" / "migrations" / "versions"
# The one tree of errors: a list of small classes, as long as there are ways to refuse.
ERRORS = PACKAGE / "errors.py"
NAMED = pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())

HEAVY = frozenset(
    [
        "sqlalchemy",
        "sqlmodel",
        "alembic",
        "cryptography",
        "argon2",
        "rich",
        "flask",
        "starlette",
        "fastapi",
        "django",
        "rest_framework",
        "werkzeug",
        "pydantic",
    ]
)


def _place(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT).as_posix()}:{getattr(node, 'lineno', 0)}"


def _nodes() -> Iterator[tuple[Path, ast.AST]]:
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield path, node


def _dotted(node: ast.AST) -> str:
    """`a.b.c` of a name or attribute, or nothing."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join((node.id, *reversed(parts)))


# --- sizes and words ------------------------------------------------------------------------------------


def test_modules_fit_into_a_head() -> None:
    """No module is longer than 350 lines; the median and the longest are printed."""
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in MODULES
        if path.parent != REVISIONS and path != ERRORS
    }
    real = {name: length for name, length in lengths.items() if length > 1}
    longest = max(real, key=lambda name: real[name])
    print(
        f"{len(real)} modules, median {statistics.median(real.values())}, longest {longest} ({real[longest]})"
    )

    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


@NAMED
def test_every_module_says_what_lives_there(path: Path) -> None:
    """A module that holds anything begins with a docstring; only an empty `__init__` has none."""
    tree = ast.parse(path.read_text(encoding="utf-8"))

    assert ast.get_docstring(tree) or (path.name == "__init__.py" and not tree.body)


@NAMED
def test_every_module_has_its_annotations_lazy(path: Path) -> None:
    """A module with code imports `annotations` from the future."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    code = [node for node in tree.body if not isinstance(node, ast.Expr)]

    assert not code or any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in code)


def test_no_module_is_a_drawer() -> None:
    """There is no `utils` and no `helpers`: a function without a home is a missing noun."""
    drawers = re.compile(r"utils?|helpers?|common|misc|tools?|base")

    assert [
        path for path in MODULES if drawers.fullmatch(path.stem) or drawers.fullmatch(path.parent.name)
    ] == []


# --- what may be done where -------------------------------------------------------------------------------


def test_no_security_by_assertion() -> None:
    """`python -O` removes `assert`; only the suites that are shipped for others' tests use it."""
    found = [
        _place(path, node)
        for path, node in _nodes()
        if isinstance(node, ast.Assert) and not path.is_relative_to(PACKAGE / "testing")
    ]

    assert found == []


def test_guessable_randomness_is_for_sampling_only() -> None:
    """`random` is for the sampling of allows and for when clients come back; `secrets` is used by `ids`."""
    sampling, coming_back = PACKAGE / "gate" / "gate.py", PACKAGE / "client" / "client.py"
    allowed = {"random": {sampling, coming_back}, "secrets": {PACKAGE / "ids.py"}}
    found = []
    for path, node in _nodes():
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        found += [
            f"{_place(path, node)} imports {name}"
            for name in names
            if name in allowed and path not in allowed[name] and not path.is_relative_to(PACKAGE / "testing")
        ]
        if isinstance(node, ast.Call) and _dotted(node.func) in ("os.urandom", "uuid.uuid4", "uuid.uuid1"):
            found.append(f"{_place(path, node)} calls {_dotted(node.func)}")

    assert found == []


def test_only_the_command_line_prints() -> None:
    """A library that prints speaks to whoever happens to own the terminal."""
    found = [
        _place(path, node)
        for path, node in _nodes()
        if isinstance(node, ast.Call)
        and _dotted(node.func) in ("print", "sys.stdout.write", "sys.stderr.write")
        if not path.is_relative_to(PACKAGE / "cli")
    ]

    assert found == []


def test_only_the_clock_reads_the_clock() -> None:
    """Time comes in through the door, so that tests and replays can hold it still."""
    clocks = re.compile(
        r"(datetime\.)?(datetime|date)\.(now|utcnow|today)|time\.(time|time_ns|gmtime|localtime|strftime)"
    )
    found = [
        f"{_place(path, node)} {_dotted(node.func)}"
        for path, node in _nodes()
        if isinstance(node, ast.Call) and clocks.fullmatch(_dotted(node.func))
        if path != PACKAGE / "clock.py" and not path.is_relative_to(PACKAGE / "cli" / "demo")
    ]

    assert found == []


def test_nothing_is_swallowed_in_silence() -> None:
    """There is no bare `except:` and no handler of everything whose body is only `pass`."""
    found = [
        _place(path, node)
        for path, node in _nodes()
        if isinstance(node, ast.ExceptHandler)
        if node.type is None
        or (
            _dotted(node.type) in ("Exception", "BaseException")
            and all(isinstance(statement, ast.Pass) for statement in node.body)
        )
    ]

    assert found == []


def test_no_tool_of_the_workplace_is_named() -> None:
    """Code and docs name neither machine paths nor numbers of issues."""
    named = re.compile(r"/work/|/root/|\bissue #?\d|\bissues? \d", re.IGNORECASE)
    pages = [*MODULES, *(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]
    found = [
        f"{page.relative_to(ROOT)}:{number}"
        for page in pages
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1)
        if named.search(line)
    ]

    assert found == []


# --- the tests are the package's mirror ---------------------------------------------------------------------

# Where the tests of a module stand that has no test module of its own name.
ELSEWHERE = {
    "__main__": "cli",
    "fields": "storage",
    "memory": "storage",
    "testing": "storage",
    "hookspecs": "test_house.py",
    "doors": "gate",
    "root_doors": "gate",
    "reports": "management",
    "tables": "rows",
    "ground": "test_wiring.py",
    "wiring": "test_kit.py",
}


def _rooms() -> list[str]:
    return sorted(
        path.name
        for path in PACKAGE.iterdir()
        if path.is_dir() and any(module.stat().st_size for module in path.rglob("*.py"))
    )


@pytest.mark.parametrize("room", _rooms())
def test_every_room_has_its_tests(room: str) -> None:
    """The folder of tests has the package's rooms."""
    found = list((TESTS / ELSEWHERE.get(room, room)).rglob("test_*.py"))

    assert found, f"tests/{room} holds no test"


@pytest.mark.parametrize(
    "module", sorted(path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__")
)
def test_every_module_of_the_ground_floors_has_its_tests(module: str) -> None:
    """A module outside the rooms has a test module, or a folder, of its name."""
    places = [TESTS / f"test_{module}.py", TESTS / module, TESTS / ELSEWHERE.get(module, "nowhere")]

    assert any(place.exists() for place in places)


# --- imports ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "module", ["iamkit", "iamkit.policy", "iamkit.cli", "iamkit.cli.main", "iamkit.hookspecs"]
)
def test_imports_stay_light(module: str) -> None:
    """Neither the face nor the language nor the start of the command line loads anything heavy."""
    script = f"import sys, {module}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert HEAVY & set(done.stdout.split()) == set()


def test_the_help_of_the_command_line_stays_light() -> None:
    """`iamkit --help` loads no database, no cryptography and no framework."""
    script = (
        "import sys\n"
        "sys.argv = ['iamkit', '--help']\n"
        "from iamkit.cli import main\n"
        "try:\n"
        "    main()\n"
        "except SystemExit as ended:\n"
        "    assert not ended.code, ended.code\n"
        "print('LOADED', *sorted({name.partition('.')[0] for name in sys.modules}))"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert HEAVY & set(done.stdout.partition("LOADED")[2].split()) == set()


def test_the_language_needs_the_standard_library_only() -> None:
    """`iamkit.policy` loads nothing that was installed beside iamkit."""
    script = "import sys, iamkit.policy; print(*sorted({name.partition('.')[0] for name in sys.modules}))"

    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)

    # An environment may load things of its own at start; those are there without iamkit too.
    bare = subprocess.run(
        [sys.executable, "-I", "-c", script.replace(", iamkit.policy", "")],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split()) - set(bare.stdout.split())
    assert {name for name in loaded if name not in sys.stdlib_module_names} == {"iamkit"}


def test_the_floors_are_kept() -> None:
    """`lint-imports` finds no arrow that goes up or across; only `hookspecs` names types of all floors."""
    tool = Path(sys.executable).with_name("lint-imports")

    done = subprocess.run([tool, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def test_there_are_no_cycles() -> None:
    """No modules import each other in a circle, imports for type checkers and inside functions counted."""
    graph = grimp.build_graph("iamkit", cache_dir=None)
    below = {
        module: set() if module == "iamkit.hookspecs" else graph.find_modules_directly_imported_by(module)
        for module in graph.modules
    }

    # Whoever imports nothing that is left stands on the ground; what never gets there is in a circle.
    while ground := {module for module, imported in below.items() if not imported & below.keys()}:
        for module in ground:
            del below[module]

    assert {module: sorted(imported & below.keys()) for module, imported in below.items()} == {}


# --- the page of hooks ------------------------------------------------------------------------------------


def _hooks() -> dict[str, types.FunctionType]:
    return {
        name: thing
        for name, thing in vars(hookspecs).items()
        if name.startswith("iamkit_") and inspect.isfunction(thing)
    }


def _sections() -> dict[str, str]:
    parts = re.split(r"^### (\w+)$", HOOKS_PAGE, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_page_of_hooks_names_every_hook() -> None:
    """`docs/hooks.md` has a section for exactly the hooks that there are."""
    assert sorted(_sections()) == sorted(_hooks())
    assert set(re.findall(r"\biamkit_[a-z_]+", HOOKS_PAGE)) == set(_hooks())


@pytest.mark.parametrize("name", sorted(_hooks()))
def test_every_hook_is_specified(name: str) -> None:
    """A hook says in code what it is for and who calls it, and on the page when and with what result."""
    said = inspect.getdoc(_hooks()[name]) or ""
    assert "Called " in said
    assert "Called " in _sections()[name]


# Modules that a reader has and iamkit has not.
READERS_OWN = {"vault_keys": "VaultKeys", "switchboard": "Switchboard", "doorbell": "Doorbell"}


def _example(name: str) -> str:
    (example,) = re.findall(r"```python\n(.*?)```", _sections()[name], flags=re.DOTALL)
    return str(example)


@pytest.fixture
def _readers_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, attribute in READERS_OWN.items():
        made = types.ModuleType(module)
        vars(made)[attribute] = type(attribute, (), {})
        monkeypatch.setitem(sys.modules, module, made)


def _globals_of(code: types.CodeType) -> set[str]:
    """The global names that a function and those inside it read."""
    found = {str(step.argval) for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL"}
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            found |= _globals_of(part)
    return found


@pytest.mark.usefixtures("_readers_modules")
@pytest.mark.parametrize("name", sorted(_hooks()))
def test_the_example_of_every_hook_is_a_plugin(name: str) -> None:
    """The example runs as it is shown, with all names defined, and implements its hook in six lines."""
    example = _example(name)
    module = types.ModuleType(f"example_of_{name}")

    exec(example, vars(module))

    manager = plugin_manager([module], entry_points=False)
    assert [caller.plugin for caller in getattr(manager.hook, name).get_hookimpls()] == [module]
    assert len(example[example.index("@hookimpl") :].splitlines()) <= 6
    assert _globals_of(vars(module)[name].__code__) <= set(vars(module)) | set(dir(builtins))
    signature = inspect.signature(vars(module)[name])
    assert signature.return_annotation is not inspect.Signature.empty


def test_the_examples_that_can_run_do(tmp_path: Path) -> None:
    """What the page says that a plugin adds is added: facts, actions, an operator, a policy and a store."""
    wanted = (
        "iamkit_context",
        "iamkit_operators",
        "iamkit_services",
        "iamkit_policies",
        "iamkit_store",
        "iamkit_refusal",
    )
    module = types.ModuleType("examples")
    for name in wanted:
        exec(_example(name), vars(module))
    hook = plugin_manager([module], entry_points=False).hook

    assert hook.iamkit_context(request=None, principal=None) == [{"app:Branch": ""}]
    ((operator,),) = hook.iamkit_operators()
    assert operator.holds("frozen", "zen")
    assert not operator.holds("frozen", "ice")
    ((service,),) = hook.iamkit_services()
    assert service.prefix == "doc"
    ((policy,),) = hook.iamkit_policies()
    assert policy.arn("aws") == "arn:aws:iam::aws:policy/docs/Reader"
    assert hook.iamkit_store(url="memory:") is not None
    assert hook.iamkit_store(url=f"sqlite:///{tmp_path}") is None


def test_the_entry_point_on_the_page_is_the_one_that_is_looked_up() -> None:
    """The `pyproject.toml` that the page shows names the group under which plugins are found."""
    (shown,) = re.findall(r"```toml\n(.*?)```", HOOKS_PAGE, flags=re.DOTALL)

    assert tomllib.loads(shown)["project"]["entry-points"] == {"iamkit": {"weather": "weather:plugin"}}


def test_the_twenty_line_plugin_has_twenty_lines() -> None:
    """The first plugin that somebody writes is as short as promised, and works."""
    (plugin,) = re.findall(
        r"## Write a plugin in 20 lines\n\n```python\n(.*?)```", HOOKS_PAGE, flags=re.DOTALL
    )
    module = types.ModuleType("weather")

    exec(plugin, vars(module))

    hook = plugin_manager([module.plugin], entry_points=False).hook
    assert hook.iamkit_context(request=None, principal=None) == [{"weather:Sky": "blue"}]
    assert len(plugin.splitlines()) <= 20
