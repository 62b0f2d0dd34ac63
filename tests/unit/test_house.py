"""The house: no circle of modules, only faces are imported from outside, one meaning for each class name."""

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import grimp
import networkx as nx

ROOT = Path(__file__).parents[2]
ROOMS = ("foundation", "cypher", "graphstore", "population", "expansion", "distill", "explorer", "pgraph")
BESIDE = ("benchmarks", "tests")  # no rooms, but without circles too


@cache
def modules() -> dict[str, Path]:
    paths = (path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(modules()[module].read_text(encoding="utf-8"))


@cache
def pairs() -> frozenset[tuple[str, str]]:
    """Which module imports which anywhere, for types only and inside functions included."""
    graph = grimp.build_graph(*ROOMS, *BESIDE, exclude_type_checking_imports=False, cache_dir=None)
    return frozenset(
        (module, other) for module in graph.modules for other in graph.find_modules_directly_imported_by(module)
    )


def face(package: str) -> set[str]:
    """What a package's `__all__` names."""
    for node in tree(package).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


def test_no_circle_of_modules() -> None:
    circles = [sorted(part) for part in nx.strongly_connected_components(nx.DiGraph(pairs())) if len(part) > 1]
    assert not circles


def test_only_faces_are_imported_from_outside() -> None:
    """A module is imported from its own package, elsewhere only where the package names it as its face."""
    wrong = []
    for module, other in pairs():
        if module not in modules() or other not in modules():  # tests and benchmarks look inside
            continue
        package, _, name = other.rpartition(".")
        inside = module == package or module.startswith(f"{package}.")
        is_package = modules()[other].name == "__init__.py"
        if package and not inside and not is_package and name not in face(package):
            wrong.append(f"{module} imports {other}")
    assert not wrong


def test_each_package_says_what_it_is_for_and_has_what_its_face_names() -> None:
    for module, path in modules().items():
        if path.name == "__init__.py":
            assert ast.get_docstring(tree(module)), module
            defined = {name for node in tree(module).body for name in _names(node)}
            below = {other.rpartition(".")[2] for other in modules() if other.rpartition(".")[0] == module}
            assert face(module) <= defined | below, module


def _names(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.ImportFrom):
        yield from (alias.asname or alias.name for alias in node.names)
    elif isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def test_no_class_name_stands_twice() -> None:
    classes = Counter(
        node.name for module in modules() for node in ast.walk(tree(module)) if isinstance(node, ast.ClassDef)
    )
    assert not [name for name, times in classes.items() if times > 1]
