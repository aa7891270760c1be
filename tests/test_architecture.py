"""The layers, sizes and habits the architecture asks for."""

import ast
import graphlib
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "diffneuro"
FILES = sorted(PACKAGE.rglob("*.py"))
TREES = {path: ast.parse(path.read_text()) for path in FILES}

# From the bottom up; a part may import from its own layer (without circles) and from below.
LAYERS = (
    {"_numerics", "_tree", "_compile", "_cores", "_interrupt", "_bounds", "_progress", "_xml"},
    {"_model"},
    {"channels", "ions", "morphology", "stimuli"},
    {"neurons", "synapses", "solvers", "adjoints"},
    {"networks", "spikes"},
    {"_time_loop", "_network_loop", "_network_run", "_simulate"},
    {"analysis"},
    {"losses", "methods"},
    {"_storage"},
    {"recordings"},
    {
        "_windows",
        "_objective",
        "_curvature",
        "_draws",
        "_holdout",
        "_search",
        "_uncertainty",
        "_scores",
        "_posterior",
        "_result",
    },
    {"_defaults", "_fit", "_profile", "sweeps", "_sweep", "_sweep_file", "_problems", "_arguments"},
    {"exchange", "report"},
    {"_printed", "cli"},
)
RANK = {part: number for number, layer in enumerate(LAYERS) for part in layer}

# A fit draws its own page and profiles, so these are imported where they are used.
UPWARD_INSIDE_FUNCTIONS = {("_result", "report"), ("_result", "_profile")}

every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in FILES}


def part_of(module):
    """The name directly below `diffneuro`."""
    return module.split(".")[1] if "." in module else ""


def imports(path):
    """(module, whether inside a function) for every import of a module of ours."""
    inside = {
        id(node)
        for function in ast.walk(TREES[path])
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    }
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, *(node.module or "").split(".")]).strip(".")
            for alias in node.names:
                deeper = f"{source}.{alias.name}"
                yield deeper if deeper in MODULES else source, id(node) in inside
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) in inside


def own_imports(path):
    for module, deferred in imports(path):
        if module.split(".")[0] == "diffneuro":
            assert module in MODULES, f"{path}: import of {module}, which does not exist"
            yield module, deferred


def test_every_part_has_a_layer():
    parts = {part_of(module) for module in MODULES} - {""}
    assert "_simulate" in parts
    assert parts <= set(RANK)


@every_file
def test_imports_point_down(path):
    here = part_of(module_name(path))
    if not here:
        return
    for module, deferred in own_imports(path):
        there = part_of(module)
        assert there, f"{path.name} imports the whole package"
        if there != here and not (deferred and (here, there) in UPWARD_INSIDE_FUNCTIONS):
            assert RANK[there] <= RANK[here], f"{here} imports {there}, which is above it"


def test_no_import_circles():
    graph = {
        module_name(path): {module for module, deferred in own_imports(path) if not deferred}
        for path in FILES
    }
    assert sum(map(len, graph.values())) > 50
    order = list(graphlib.TopologicalSorter(graph).static_order())
    assert len(order) == len(MODULES)


def test_methods_losses_and_solvers_do_not_see_what_they_must_not():
    for here, hidden in (
        ("methods", {"neurons", "channels", "recordings", "losses", "_simulate", "_model"}),
        ("losses", {"neurons", "channels", "_model", "methods"}),
        ("solvers", {"losses", "methods", "neurons", "channels"}),
    ):
        for path in (PACKAGE / here).glob("*.py"):
            seen = {part_of(module) for module, _ in own_imports(path)}
            assert not seen & hidden, path


@every_file
def test_file_is_short_and_says_what_it_is(path):
    assert len(path.read_text().splitlines()) < 400
    docstring = ast.get_docstring(TREES[path])
    assert docstring, "no docstring"
    assert "\n" not in docstring
    assert len(docstring) < 60
    assert docstring.endswith(".")


def _length_without_docstring(function, path):
    # A command's arguments carry their own help, so only its body counts.
    start = function.body[0].lineno if path.name == "cli.py" else function.lineno
    length = function.end_lineno - start + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        length -= first.end_lineno - first.lineno + 1
    return length


@every_file
def test_functions_are_short(path):
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.FunctionDef):
            assert _length_without_docstring(node, path) < 50, node.name


@every_file
def test_forbidden_things(path):
    for module, _ in imports(path):
        top = module.split(".")
        assert top[0] not in ("pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve")
        assert top[:2] not in (["jax", "_src"], ["equinox", "internal"]), module
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("super", "hasattr", "eval", "exec"), node.lineno
        if isinstance(node, ast.Attribute):
            written = ast.unparse(node)
            assert not written.startswith(("jax._src", "eqx.internal", "equinox.internal")), written
            assert written != "jax.config", f"line {node.lineno}: the library sets no jax.config"
            assert node.attr not in ("custom_vjp", "custom_gradient"), node.lineno
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            assert isinstance(node.value, ast.Constant), node.value.lineno
            assert node.value.value is False, node.value.lineno


@every_file
def test_public_functions_and_classes_have_docstrings(path):
    for node in TREES[path].body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{node.name} has none"


# What stands outside the package uses what is public


def _sources(folder):
    for path in sorted((ROOT / folder).rglob("*.py")):
        yield path, path.read_text()
    for path in sorted((ROOT / folder).rglob("*.ipynb")):
        cells = json.loads(path.read_text())["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        plain = [line for text in code for line in text.splitlines() if line[:1] not in "%!"]
        yield path, "\n".join(plain)


def private_names(source):
    """Names with one leading underscore that `source` reads off a module or an object."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            names = [node.attr]
        elif isinstance(node, ast.ImportFrom):
            names = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [name for alias in node.names for name in alias.name.split(".")]
        else:
            continue
        for name in names:
            if name.startswith("_") and not name.startswith("__") and not _of_a_tuple(name):
                yield name


def _of_a_tuple(name):
    return name in ("_replace", "_asdict", "_fields")


def test_private_names_are_found():
    source = "import diffneuro._fit\nfrom diffneuro._model import x\ny._z\nx._replace(a=1)\na.b"
    assert list(private_names(source)) == ["_fit", "_model", "_z"]


@pytest.mark.parametrize("folder", ["fitting", "notebooks", "benchmarks"])
def test_studies_use_public_names_only(folder):
    sources = list(_sources(folder))
    if not sources:
        pytest.skip(f"there is no {folder}/ in this tree")
    for path, source in sources:
        assert not list(private_names(source)), path
