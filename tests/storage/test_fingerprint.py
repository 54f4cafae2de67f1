"""The key of what is kept: what changes it, and what does not."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from duetto.errors import ConfigError
from duetto.storage import source_code
from duetto.storage.fingerprint import changes, changes_sentence, fingerprint
from duetto.storage.source_code import code_text, modules_behind


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of three modules: step imports maths and numpy, other is imported by nobody."""
    folder = tmp_path / "kitchen"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "step.py").write_text(
        '"""A step."""\nimport numpy\n\nfrom kitchen.maths import twice\n\nTABLE = "table.json"\n\n\n'
        'def cook(x):\n    """Cooks."""\n    return twice(numpy.abs(x))  # as in the book\n'
    )
    (folder / "maths.py").write_text("def twice(x):\n    return 2 * x\n")
    (folder / "other.py").write_text("THREE = 3\n")
    (folder / "table.json").write_text("[1, 2]")
    monkeypatch.syspath_prepend(str(tmp_path))
    forget()
    yield folder
    forget()


def forget() -> None:
    """What a new process would not remember."""
    for cached in (
        source_code.modules_behind,
        source_code.package_version,
        source_code.read_source,
        source_code._path_of,
        source_code._folder_of,
    ):
        cached.cache_clear()
    sys.modules.pop("kitchen", None)


def key(folder: Path, settings: object = None) -> str:
    forget()
    return fingerprint(settings, {}, ["kitchen.step"]).digest


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_modules_and_packages_are_found_by_their_imports(package):
    made_of = fingerprint({}, {}, ["kitchen.step"])
    assert set(made_of.modules) == {"kitchen.step", "kitchen.maths"}
    assert set(made_of.packages) == {"numpy"}


def test_a_changed_constant_in_an_imported_module_is_another_key(package):
    before = key(package)
    edit(package / "maths.py", "2 * x", "3 * x")
    assert key(package) != before


@pytest.mark.parametrize(
    ("old", "new"), [("as in the book", "as nobody does"), ("Cooks.", "Fries."), ("A step.", "One\nstep.")]
)
def test_comments_and_docstrings_change_nothing(package, old, new):
    before = key(package)
    edit(package / "step.py", old, new)
    assert key(package) == before


def test_a_module_that_nobody_imports_changes_nothing(package):
    before = key(package)
    edit(package / "other.py", "3", "4")
    assert key(package) == before


def test_a_data_file_beside_the_module_that_names_it_counts(package):
    before = key(package)
    edit(package / "table.json", "2", "5")
    assert key(package) != before


def test_another_version_of_a_called_package_is_another_key(package, monkeypatch):
    before = key(package)
    monkeypatch.setattr(source_code, "version", lambda name: "0.0.1")
    assert key(package) != before


def test_a_default_that_changes_is_another_key_though_nobody_named_it(package):
    @dataclass
    class Step:
        strength: float = 1.4

    @dataclass
    class Changed:
        strength: float = 3.0

    Changed.__qualname__ = Step.__qualname__
    assert key(package, Step()) != key(package, Changed())


def test_what_lies_beyond_is_not_followed(package):
    assert modules_behind(("kitchen.step",), ("kitchen.maths",)) == ("kitchen.step",)


def test_a_package_named_by_a_constant_is_found(package):
    edit(
        package / "maths.py",
        "def twice",
        'import importlib\n\nENGINE = "scipy"\nfound = importlib.import_module(ENGINE)\ndef twice',
    )
    forget()
    assert "scipy" in fingerprint({}, {}, ["kitchen.step"]).packages


def test_the_changes_are_named(package):
    then = fingerprint({"a": 1}, {"audio": "x"}, ["kitchen.step"]).as_dict()
    edit(package / "maths.py", "2 * x", "3 * x")
    forget()
    now = fingerprint({"a": 2}, {"audio": "y"}, ["kitchen.step"])
    assert changes(then, now) == ["settings", "audio", "kitchen.maths"]
    then["packages"] = {"numpy": "0.1"}
    assert changes(then, now)[-1].startswith("numpy 0.1 -> ")


def test_nothing_changed_is_nothing_said(package):
    made_of = fingerprint({}, {}, ["kitchen.step"])
    assert changes(made_of.as_dict(), made_of) == []


def test_a_long_list_is_cut():
    assert changes_sentence(list("abcdefgh")) == "a, b, c, d, e, f and 2 more"


def test_a_module_that_does_not_exist_is_refused():
    with pytest.raises(ConfigError, match=r"no module duetto\.nowhere"):
        fingerprint({}, {}, ["duetto.nowhere"])


def test_code_text_keeps_a_hash_sign_inside_a_text():
    assert code_text('x = "# no comment"  # a comment\n') == 'x = "# no comment"'


def test_no_stage_of_ours_imports_a_framework_by_accident():
    """What the corpus of an embedded case is made by does not depend on torch: a new torch makes no new corpus."""
    assert "torch" not in fingerprint({}, {}, ["duetto.corpus.embedded_cases.case_b"]).packages
