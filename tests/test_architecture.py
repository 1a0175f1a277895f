"""The house rules that a machine can hold: imports one way, one home for each name, small modules, a closed checker."""

import ast
import importlib
import importlib.util
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hardmax.kernels.exact.model import _kinds
from hardmax.verify.cli import COMMANDS

PACKAGES = ("kernels", "strategies", "verify", "reports")
MAY_IMPORT = {
    "kernels": set(),
    "strategies": {"kernels"},
    "verify": {"kernels", "strategies"},
    "reports": set(),
}
COMMAND_LINE = ("verify/commands/", "verify/cli.py")
ROOT = Path(__file__).resolve().parent.parent
OPTIONAL = {
    "hardmax.kernels.floats.compiled_kernel": "numba",
    "hardmax.kernels.floats.compiled_layer": "numba",
    "hardmax.kernels.floats.compiled_loops": "numba",
    "hardmax.kernels.threads": "numba",
    "hardmax.kernels.floats.torch_kernel": "torch",
    "hardmax.kernels.floats.triton_kernel": "triton",
    "hardmax.kernels.attention.adapters.triton_attention": "triton",
}
"""Modules that only a machine with that package can import: torch brings triton where there is CUDA."""
GENERATED = ROOT / "reports" / "examples"
SOURCES = sorted(p for name in PACKAGES for p in (ROOT / name).rglob("*.py") if GENERATED not in p.parents)


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def imported_modules(path):
    """Absolute names of all modules that a source file imports, at any depth of nesting."""
    relative = path.relative_to(ROOT).with_suffix("")
    package = ("hardmax", *relative.parts[:-1])
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def forbidden_imports(path):
    """The folders that a file of the project imports against the order kernels <- strategies <- verify."""
    own = path.relative_to(ROOT).parts[0]
    allowed = MAY_IMPORT[own] | {own}
    modules = {m for m in imported_modules(path) if m.startswith("hardmax.") and m.count(".")}
    if own == "verify":  # the records are plain data that it makes; what is made of them only commands call
        modules = {m for m in modules if not f"{m}.".startswith("hardmax.reports.records.")}
        allowed = allowed | ({"reports"} if name_of(path).startswith(COMMAND_LINE) else set())
    return sorted({m.split(".")[1] for m in modules} & set(PACKAGES) - allowed)


def test_sources_are_found():
    assert len(SOURCES) > 60


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_imports_go_one_way(path):
    assert forbidden_imports(path) == []


def test_an_import_against_the_order_would_be_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    (tmp_path / "kernels").mkdir()
    source = tmp_path / "kernels" / "wrong.py"
    source.write_text("def f():\n    from ..verify.freeze import decide\n    return decide\n")
    assert forbidden_imports(source) == ["verify"]
    (tmp_path / "verify").mkdir()
    source = tmp_path / "verify" / "wrong.py"
    source.write_text("from ..reports.records.codec import loads\n")
    assert forbidden_imports(source) == []
    source.write_text("from ..reports.pages.run_page import render_html\n")
    assert forbidden_imports(source) == ["reports"]


def test_no_cycle_between_modules_at_import():
    """Top-level imports alone: a cycle among them depends on who is imported first."""
    graph = {}
    for path in SOURCES:
        relative = path.relative_to(ROOT).with_suffix("")
        module = ".".join(("hardmax", *relative.parts)).removesuffix(".__init__")
        package = ("hardmax", *relative.parts[:-1])
        targets = set()
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and node.level:
                base = ".".join(package[: len(package) - node.level + 1])
                targets |= {f"{base}.{node.module}"} if node.module else {f"{base}.{a.name}" for a in node.names}
        graph[module] = targets
    done, path_now = set(), []

    def visit(module):
        assert module not in path_now, " -> ".join((*path_now, module))
        if module in done or module not in graph:
            return
        path_now.append(module)
        for target in sorted(graph[module]):
            visit(target)
        path_now.pop()
        done.add(module)

    for module in sorted(graph):
        visit(module)


def room(module):
    """The folder of a module; one that stands beside rooms, as `kernels.protocol` does, is a room of its own."""
    folder = module.rpartition(".")[0]
    return module if any(other.startswith(f"{folder}.") and other != folder for other in ROOMS) else folder


ROOMS = {".".join(p.relative_to(ROOT).parts[:-1]) for p in SOURCES}
MODULES = {".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for p in SOURCES}


def imports_between_rooms(sources):
    """{room: {room that it imports: the line of one such import}}, function bodies included."""
    graph = {}
    for path in sources:
        if path.name == "__init__.py":  # a front door names what lies behind it
            continue
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for name in imported_modules(path):
            target = name.removeprefix("hardmax.")
            if name.startswith("hardmax.") and target in MODULES and room(target) != room(module):
                graph.setdefault(room(module), {})[room(target)] = f"{name_of(path)} imports {target}"
    return graph


def cycle(graph):
    """The imports along one cycle of rooms, or []."""
    done = set()

    def visit(node, path):
        for target, line in graph.get(node, {}).items():
            if target in path:
                return [line]
            if target not in done and (found := visit(target, [*path, target])):
                return [line, *found]
        done.add(node)
        return []

    return next((found for node in sorted(graph) if node not in done and (found := visit(node, [node]))), [])


def test_no_cycle_between_rooms():
    assert cycle(imports_between_rooms(SOURCES)) == []


def test_a_cycle_between_rooms_would_be_seen():
    graph = imports_between_rooms(SOURCES)
    graph["kernels.exact"]["kernels.floats"] = "exact imports floats"
    assert "exact imports floats" in cycle(graph)


def test_conformance_rests_on_kernels_alone():
    """Someone else's kernel is judged by kernels and strategies; provers and claims have no say."""
    graph = imports_between_rooms(SOURCES)
    reached = {t for source, targets in graph.items() if source.startswith("verify.conformance") for t in targets}
    allowed = ("kernels", "strategies", "verify.conformance", "reports.records")
    assert {t for t in reached if not t.startswith(allowed)} == set()


@pytest.mark.parametrize("name", sorted(MODULES))
def test_neighbours_that_a_docstring_names_are_there(name):
    """What stands in backticks after "Neighbours:" is a module, a room or a file of the project."""
    path = ROOT / name.replace(".", "/")
    text = (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text(encoding="utf-8")
    _, _, named = (ast.get_docstring(ast.parse(text)) or "").partition("Neighbours:")
    known = {part for module in MODULES for part in module.split(".")} | {"hardmax"}
    words = re.findall(r"`([a-z_.]+)`", named.split("\n\n")[0])
    files = {path.name for room in PACKAGES for path in (ROOT / room).rglob("*.*")} | {"repro.py"}
    assert [w for w in words if w.removeprefix("hardmax.").split(".")[0] not in known and w not in files] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_imports_and_keeps_its_promises(package):
    root = importlib.import_module(f"hardmax.{package}")
    modules = [m.name for m in pkgutil.walk_packages(root.__path__, f"hardmax.{package}.")]
    assert modules, f"nothing was found in {package}"
    for name in (root.__name__, *modules):
        needs = OPTIONAL.get(name)
        if needs is not None and importlib.util.find_spec(needs) is None:
            continue
        module = importlib.import_module(name)
        assert module.__doc__, f"{name} does not say its job"
        assert hasattr(module, "__path__") or not hasattr(module, "__all__"), f"{name} is a module, no package"
        for public in getattr(module, "__all__", ()):
            assert hasattr(module, public), f"{name}.__all__ names {public}, which is not there"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_module_is_longer_than_400_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


CHECKER = sorted((ROOT / "verify" / "certificates" / "checker").glob("*.py"))


@pytest.mark.parametrize("path", CHECKER, ids=name_of)
def test_the_checker_is_small_and_needs_the_standard_library_only(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    outside = {m for m in imported_modules(path) if m.partition(".")[0] not in sys.stdlib_module_names}
    own = "hardmax.verify.certificates.checker"
    assert {m for m in outside if m != own and not m.startswith((f"{own}.", "checker.command"))} == set()
    assert not [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Assert)], "python -O would drop an assert"


OWN_MODULES = ROOT / "verify" / "claims" / "families"
FAMILY_NAMES = tuple(f.stem for f in OWN_MODULES.glob("[a-z]*.py"))
REGISTRY = ROOT / "verify" / "claims" / "registry.py"
FORMAT = ROOT / "verify" / "certificates"
"""The format of certificates is a language of its own: the ids of the claims that it can prove are its words."""


def families_asked_for(path):
    """Texts of a module, docstrings apart, that are the name of a family of claims or the id of one in it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = (n for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str))
    for node in texts:
        if (node.value in COMMANDS or node.value in _kinds) and path != REGISTRY:  # and so may a kind of model
            continue
        if id(node) not in prose and " " not in node.value and node.value.partition(".")[0] in FAMILY_NAMES:
            yield node.value
    yield from (m for m in imported_modules(path) if m.startswith("hardmax.verify.claims.families."))


@pytest.mark.parametrize("path", [p for p in SOURCES if not {OWN_MODULES, FORMAT} & {*p.parents}], ids=name_of)
def test_no_code_asks_for_a_family_of_claims_by_name(path):
    """But for the list of all families, which gives them their order."""
    assert sorted(families_asked_for(path)) == (sorted(FAMILY_NAMES) if path == REGISTRY else [])


def test_a_family_asked_for_by_name_would_be_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    source = tmp_path / "verify" / "commands" / "wrong.py"
    source.parent.mkdir(parents=True)
    source.write_text(
        '"""lemmas"""\nfrom ..claims.families import routes\n'
        "if claim.family == 'necessity' or claim.id == f'clustering.{name}' or pattern == 'lemmas.*': pass\n"
    )
    asked = ["clustering.", "hardmax.verify.claims.families.routes", "lemmas.*", "necessity"]
    assert sorted(families_asked_for(source)) == asked


def test_certificates_do_not_know_the_claims():
    files = (ROOT / "verify" / "certificates").rglob("*.py")
    assert [name_of(p) for p in files if any("hardmax.verify.claims" in m for m in imported_modules(p))] == []


def test_the_repro_script_needs_the_standard_library_only():
    script = ROOT / "verify" / "records" / "repro_script.py"
    assert {m.split(".")[0] for m in imported_modules(script)} <= sys.stdlib_module_names


@pytest.mark.parametrize("module", ["hardmax.verify", "hardmax.verify.cli", "hardmax.verify.pytest_plugin"])
def test_what_must_cost_nothing_loads_nothing_heavy(module):
    heavy = ("sympy", "numpy", "torch", "cvxpy", "scipy", "hypothesis", "numba", "jinja2", "rich")
    code = f"import sys, {module}; print(*[m for m in {heavy!r} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
    assert run.stdout.strip() == ""


def test_proving_loads_nothing_that_it_does_not_use():
    example = ROOT / "verify" / "claims" / "figures" / "figure2b_triangle.json"
    code = (
        "import sys; from hardmax.verify.cli import main\n"
        f"try: main(['prove', {str(example)!r}])\n"
        "except SystemExit as end: print(end.code)\n"
        "heavy = ('cvxpy', 'jinja2', 'rich', 'hypothesis', 'scipy', 'hardmax.verify.conformance')\n"
        "print(*[m for m in heavy if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
    assert run.stdout.splitlines()[-2:] == ["0", ""]


def test_the_top_level_holds_what_the_design_names():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    top = {line.split("/")[0] for line in listed.stdout.splitlines()}
    pages = {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "CITATION.cff", "LICENSE"}
    named = {"pyproject.toml", "Makefile", "constraints.txt", "tests", *pages, *PACKAGES}
    assert sorted(name for name in top - named if not name.startswith(".")) == []


APART = {*CHECKER, ROOT / "verify" / "records" / "repro_script.py"}
"""What shares nothing with the rest by design, and so may call its own things by the same names."""


def defined_types(path):
    """The names of a module's classes, at any depth, and of its type aliases: capitalised names for a value at the top.

    A constant is no alias: its name is in capitals, unless it is one letter.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    yield from (node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id.lstrip("_")
            if name[:1].isupper() and (len(name) == 1 or not name.isupper()):
                yield node.targets[0].id


def test_no_two_classes_or_type_aliases_have_the_same_name():
    homes = {}
    for path in SOURCES:
        for name in () if path in APART else defined_types(path):
            homes.setdefault(name, []).append(name_of(path))
    assert {name: found for name, found in homes.items() if len(found) > 1} == {}


def test_a_second_class_of_a_name_would_be_seen(tmp_path):
    source = tmp_path / "twice.py"
    source.write_text("Rows = tuple[int, ...]\nMOST = 3\nclass A:\n    class Frame: ...\n")
    assert sorted(defined_types(source)) == ["A", "Frame", "Rows"]
