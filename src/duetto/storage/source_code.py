"""Digests and imports of modules, read from their source text without running them.

Comments, docstrings, blank lines and trailing spaces do not count. A data file that lies beside a module and is named
in it counts as part of its source. Nothing is imported: a module is found by its path below the folder of its package.
"""

import ast
import importlib.util
import io
import re
import sys
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path

from duetto.errors import ConfigError
from duetto.storage.files import sha256_file, sha256_json

PACKAGE = "duetto"
LOADERS = frozenset({"files", "find_spec", "import_module"})  # of importlib: their first argument names a module
DATA_NAME = re.compile(r"[\w-]+\.(?!py$)\w+")
PLUMBING = (  # modules and packages of ours that compute nothing
    "duetto.architectures.architecture",
    "duetto.architectures.registry",
    "duetto.errors",
    "duetto.features.listing",
    "duetto.features.memory",
    "duetto.ownership.consent_file",
    "duetto.ownership.gate",
    "duetto.progress",
    "duetto.settings",
    "duetto.storage.decoded",
    "duetto.storage.digests",
    "duetto.storage.files",
    "duetto.storage.fingerprint",
    "duetto.storage.flock",
    "duetto.storage.leftovers",
    "duetto.storage.lock_file",
    "duetto.storage.lock_owner",
    "duetto.storage.lock_signs",
    "duetto.storage.locks",
    "duetto.storage.memory",
    "duetto.storage.run_folder",
    "duetto.storage.source_code",
    "duetto.terminal",
    "duetto.workers",
)
SILENT_PACKAGES = frozenset({"hydra", "jinja2", "matplotlib", "omegaconf", "rich", "wandb", "duetto"})
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@cache
def modules_behind(entries: tuple[str, ...], beyond: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Modules and everything they import from their own packages and from ours, sorted, without plumbing and `beyond`.

    Raises:
        ConfigError: If there is no such module, or its source is not available.
    """
    roots = {PACKAGE, *(entry.rpartition(".")[0] or entry for entry in entries)}
    found: set[str] = set()
    waiting = list(entries)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        for other in read_source(name).imports:
            inside = any(_is_within(other, root) for root in roots)
            if inside and other != PACKAGE and not any(_is_within(other, stop) for stop in (*PLUMBING, *beyond)):
                waiting.append(other)
    return tuple(sorted(found))


@cache
def package_version(name: str) -> str | None:
    """Version of the package with this import or distribution name; None if there is none."""
    for distribution in (*sorted(set(_distributions().get(name, ()))), name):
        try:
            return version(distribution)
        except PackageNotFoundError:
            continue
    return None


@dataclass(frozen=True)
class Source:
    """Digest and imports of one module."""

    digest: str
    imports: tuple[str, ...]  # modules with a source file, without third-party packages
    packages: tuple[str, ...]  # import names of third-party packages


@cache
def read_source(name: str) -> Source:
    """Digest and imports of a module.

    Raises:
        ConfigError: If there is no such module, or its source is not available.
    """
    path = _path_of(name)
    if path is None:
        raise ConfigError(f"There is no module {name} whose source could be read. Install duetto again.")
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    is_package = path.name == "__init__.py"
    imports, packages = set[str](), set[str]()
    for imported in _imported(tree, name if is_package else name.rpartition(".")[0]):
        if _path_of(imported) is not None and imported != name:
            imports.add(imported)
        top = imported.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in SILENT_PACKAGES and _folder_of(top) is None:
            packages.add(top)
    said = [code_text(text, tree), _data_files(tree, path.parent)]
    return Source(sha256_json(said), tuple(sorted(imports)), tuple(sorted(packages)))


def code_text(text: str, tree: ast.Module | None = None) -> str:
    """Source text without comments, docstrings, blank lines and trailing spaces."""
    lines = text.splitlines()
    if "#" in text:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                row, column = token.start
                lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(tree or ast.parse(text)):
        if isinstance(node, Documented) and _has_docstring(node):
            first, last = node.body[0].lineno, node.body[0].end_lineno or node.body[0].lineno
            lines[first - 1 : last] = [""] * (last - first + 1)
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _has_docstring(node: Documented) -> bool:
    first = node.body[0] if node.body else None
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)


def _imported(tree: ast.Module, package: str) -> Iterable[str]:
    """Every module name that may be imported, including inside functions and by a string.

    `from a import b` yields `a` and `a.b`; strings count if they are passed to one of `LOADERS`.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, *([base] if base else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and node.args:
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            text = _text_of(node.args[0], tree)
            if called in LOADERS and text:
                yield text


def _text_of(node: ast.expr, tree: ast.Module) -> str | None:
    """The string that an expression is, or that the module's constant of this name holds."""
    if isinstance(node, ast.Name):
        for line in tree.body:
            is_it = isinstance(line, ast.Assign) and [getattr(name, "id", "") for name in line.targets] == [node.id]
            if isinstance(line, ast.Assign) and is_it:
                return _text_of(line.value, ast.Module([], []))
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _data_files(tree: ast.Module, folder: Path) -> dict[str, str]:
    """SHA-256 of the files beside a module that its source names: tables and weights that ship with the package."""
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    names = sorted(text for text in texts if DATA_NAME.fullmatch(text) and (folder / text).is_file())
    return {name: sha256_file(folder / name) for name in names}


@cache
def _path_of(name: str) -> Path | None:
    """The file of one of our modules or of an architecture's own package; None for third-party packages and others.

    Nothing is imported: `find_spec` of a module inside a package would run the package.
    """
    top, *rest = name.split(".")
    folder = _folder_of(top)
    if folder is None:
        return None
    place = folder.joinpath(*rest)
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)


@cache
def _folder_of(top: str) -> Path | None:
    """The source folder of our package or of a local checkout; None for packages installed by pip."""
    if top in sys.stdlib_module_names:
        return None
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    if not places or (top != PACKAGE and {"site-packages", "dist-packages"} & set(Path(places[0]).parts)):
        return None
    return Path(places[0])


@cache
def _distributions() -> Mapping[str, list[str]]:
    return packages_distributions()


def _is_within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")
