"""The house stands as designed: imports run one way, files are short, nothing recurses."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.house import LONGEST_FILE, PIPELINE, ROOMS, TESTED_WITH

ROOT = Path(__file__).resolve().parents[1]
ROW = {name: row for row, name in enumerate(PIPELINE)}


@dataclass(frozen=True)
class House:
    """The package and its tests as text; modules are named as in the package: `targets.numpy`."""

    modules: dict[str, str]
    tests: dict[str, str]

    @classmethod
    def at(cls, root: Path) -> "House":
        package = root / "symgrad"
        return cls(
            {
                ".".join(path.relative_to(package).with_suffix("").parts): path.read_text("utf-8")
                for path in sorted(package.rglob("*.py"))
            },
            {path.name: path.read_text("utf-8") for path in sorted((root / "tests").rglob("*.py"))},
        )


def unplaced(house: House) -> list[str]:
    return [
        f"symgrad/{name} is not in PIPELINE: give it its row in tests/test_architecture.py"
        for name in house.modules
        if place(name) not in ROW
    ]


def wrong_ways(house: House) -> list[str]:
    return [
        f"{name} imports {imported}, which stands further right"
        for name in house.modules
        for imported in sorted(imports(house, name))
        if ROW.get(place(imported), -1) > ROW.get(place(name), len(PIPELINE))
    ]


def rooms_entered_backwards(house: House) -> list[str]:
    return [
        f"{name} imports {imported}, whose room stands further right"
        for name in house.modules
        for imported in sorted(imports(house, name))
        if room(imported) > room(name) >= 0
    ]


def import_circles(house: House) -> list[str]:
    return circles({name: imports(house, name) for name in house.modules})


def recursions(house: House) -> list[str]:
    return [
        f"{name}: {circle}"
        for name, text in house.modules.items()
        for circle in circles(calls(parsed(text)))
    ]


def long_files(house: House) -> list[str]:
    return [
        f"{name} has {len(text.splitlines())} lines"
        for name, text in (house.modules | house.tests).items()
        if len(text.splitlines()) > LONGEST_FILE
    ]


def silent_modules(house: House) -> list[str]:
    return [
        f"{name} has no docstring"
        for name, text in house.modules.items()
        if not ast.get_docstring(parsed(text))
    ]


def untested_modules(house: House) -> list[str]:
    wanted = {
        name: f"test_{TESTED_WITH.get(place(name), place(name))}.py" for name in house.modules
    }
    return [
        f"{name} has no test in tests/{file}"
        for name, file in wanted.items()
        if "def test_" not in house.tests.get(file, "")
    ]


def place(module: str) -> str:
    """The name under which a module stands in PIPELINE."""
    first, _, rest = module.partition(".")
    return rest if first in ROOMS else first


def room(module: str) -> int:
    """Where a module's room stands; what lies in none may be imported, and import, everywhere."""
    first = module.partition(".")[0]
    return ROOMS.index(first) if first in ROOMS else -1


def imports(house: House, module: str) -> set[str]:
    """The package's modules that a module imports, at its top or inside a function."""
    here = ["symgrad", *module.split(".")]
    named: set[tuple[str, ...]] = set()
    for node in import_statements(house.modules[module]):
        if isinstance(node, ast.Import):
            named |= {tuple(alias.name.split(".")) for alias in node.names}
        else:
            start = here[: -node.level] if node.level else []
            origin = (*start, *(node.module.split(".") if node.module else ()))
            named |= {(*origin, alias.name) for alias in node.names}
    return {resolve(house, path[1:]) for path in named if path[0] == "symgrad"}


@cache
def parsed(text: str) -> ast.Module:
    return ast.parse(text)


@cache
def import_statements(text: str) -> tuple[ast.Import | ast.ImportFrom, ...]:
    nodes = ast.walk(parsed(text))
    return tuple(node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom))


def resolve(house: House, path: tuple[str, ...]) -> str:
    """The module that `path` names or lies in: its last part may be a function of that module."""
    candidates = [path, (*path, "__init__"), path[:-1], (*path[:-1], "__init__")]
    dotted = [".".join(candidate) for candidate in candidates]
    return next((name for name in dotted if name in house.modules), dotted[0])


def calls(tree: ast.Module) -> dict[str, set[str]]:
    """Which functions of a module each one calls by name: `f`, or `C.f` for a method."""
    owner = {
        method: owning.name
        for owning in ast.walk(tree)
        if isinstance(owning, ast.ClassDef)
        for method in owning.body
    }
    found: dict[str, set[str]] = {}
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            own = owner.get(function)
            name = f"{own}.{function.name}" if own else function.name
            found.setdefault(name, set()).update(called(function, own))
    return found


def called(function: ast.AST, own: str | None) -> Iterator[str]:
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Name(id=name)):
                yield name
            case ast.Call(func=ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name)):
                yield f"{own}.{name}"
            case ast.Call(func=ast.Attribute(value=ast.Name(id=class_name), attr=name)):
                yield f"{class_name}.{name}"


def circles(edges: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter({name: sorted(edges[name]) for name in sorted(edges)}).prepare()
    except CycleError as error:
        return [" -> ".join(reversed(error.args[1]))]
    return []


CHECKS = (
    unplaced,
    wrong_ways,
    rooms_entered_backwards,
    import_circles,
    recursions,
    long_files,
    silent_modules,
    untested_modules,
)


@pytest.mark.parametrize("check", CHECKS)
def test_house(check: Callable[[House], list[str]]) -> None:
    complaints = check(House.at(ROOT))
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize(
    ("check", "modules", "complaint"),
    [
        (
            unplaced,
            {"cellar": ""},
            "symgrad/cellar is not in PIPELINE: give it its row in tests/test_architecture.py",
        ),
        (
            wrong_ways,
            {"graph": "from symgrad.emit import emit", "emit": ""},
            "graph imports emit, which stands further right",
        ),
        (
            wrong_ways,
            {"graph": "def f():\n    from . import api", "api": ""},
            "graph imports api, which stands further right",
        ),
        (
            wrong_ways,
            {"errors": "import symgrad.targets.numpy", "targets.numpy": ""},
            "errors imports targets.numpy, which stands further right",
        ),
        (
            wrong_ways,
            {"targets.numpy": "from ..load import load", "load": ""},
            "targets.numpy imports load, which stands further right",
        ),
        (
            wrong_ways,
            {"emit": "from symgrad import __version__", "__init__": ""},
            "emit imports __init__, which stands further right",
        ),
        (
            rooms_entered_backwards,
            {"shaping.axes": "from symgrad.running.blocked import run", "running.blocked": ""},
            "shaping.axes imports running.blocked, whose room stands further right",
        ),
        (
            import_circles,
            {"syntax": "from . import mistakes", "mistakes": "from .syntax import parse"},
            "mistakes -> syntax -> mistakes",
        ),
        (
            import_circles,
            {
                "targets.__init__": "from .numpy import NUMPY",
                "targets.numpy": "from . import Target",
            },
            "targets.__init__ -> targets.numpy -> targets.__init__",
        ),
        (recursions, {"graph": "def f(x):\n    return f(x)"}, "graph: f -> f"),
        (
            recursions,
            {"graph": "def f(x):\n    return g(x)\ndef g(x):\n    def h():\n        f(x)\n    h()"},
            "graph: f -> g -> f",
        ),
        (
            recursions,
            {"graph": "class C:\n    def f(self):\n        self.f()"},
            "graph: C.f -> C.f",
        ),
        (long_files, {"graph": "x = 1\n" * 401}, "graph has 401 lines"),
        (silent_modules, {"graph": "x = 1"}, "graph has no docstring"),
        (untested_modules, {"graph": ""}, "graph has no test in tests/test_graph.py"),
        (
            untested_modules,
            {"targets.numpy": ""},
            "targets.numpy has no test in tests/test_targets.py",
        ),
        (untested_modules, {"__main__": ""}, "__main__ has no test in tests/test_cli.py"),
    ],
)
def test_a_fault_is_found(
    check: Callable[[House], list[str]], modules: dict[str, str], complaint: str
) -> None:
    assert check(House(modules, tests={})) == [complaint]


def test_sound_modules_pass_every_check() -> None:
    modules = {
        "__init__": '"""P."""\nfrom .api import grad',
        "api": '"""A."""\nfrom symgrad import emit, errors\ndef grad():\n    emit.grad()',
        "emit": '"""E."""\nfrom .targets import TARGETS\n'
        "class C(B):\n    def go(self):\n        super().go()\n        go()\ndef go(): ...",
        "errors": '"""R."""',
        "targets.__init__": '"""T."""\nfrom .numpy import SPELLING',
        "targets.numpy": '"""N."""\nimport numpy',
    }
    files = ("test_api.py", "test_emit.py", "test_errors.py", "test_targets.py")
    house = House(modules, tests=dict.fromkeys(files, "def test_it(): ..."))
    assert [complaint for check in CHECKS for complaint in check(house)] == []
