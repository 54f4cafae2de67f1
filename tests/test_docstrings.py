"""Docstrings say what a name cannot: longer public functions have one, and none only repeats the signature."""

import ast
import re
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "src" / "duetto"
LONGEST_WITHOUT = 6  # lines of a public function whose signature may say all
FILLERS = set("a an the of to for in on at by and or is are be it its as from with this that one each all any".split())  # noqa: SIM905


def functions():
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                yield f"{path.relative_to(SOURCE)}:{node.lineno} {node.name}", node


def public(body):
    """Functions that callers can see: of the module and of its public classes, nested ones left out."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public(node.body)
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node


def words(text):
    split = re.sub(r"([a-z])([A-Z])", r"\1 \2", text).lower()
    return {word.removesuffix("s") for word in re.findall(r"[a-z0-9]+", split)} - FILLERS


def only_repeats(function):
    text = ast.get_docstring(function) or ""
    named = [function.name, *(argument.arg for argument in function.args.args)]
    signature = words(" ".join(named).replace("_", " ")) | words(ast.unparse(function.returns or ast.Constant("")))
    return bool(words(text)) and "\n" not in text and words(text) <= signature


def test_no_docstring_only_repeats_the_signature():
    assert [place for place, function in functions() if only_repeats(function)] == []


def test_a_public_function_of_some_length_has_a_docstring():
    bare = [
        f"{path.relative_to(SOURCE)}: {function.name}"
        for path in sorted(SOURCE.rglob("*.py"))
        for function in public(ast.parse(path.read_text(encoding="utf-8")).body)
        if ast.get_docstring(function) is None and (function.end_lineno or 0) - function.lineno >= LONGEST_WITHOUT
    ]
    assert bare == []


def test_a_repetition_would_be_found():
    assert only_repeats(ast.parse('def load_voice(path):\n    """Load the voice."""').body[0])
    assert not only_repeats(ast.parse('def load_voice(path):\n    """Load the voice, ready to convert."""').body[0])
