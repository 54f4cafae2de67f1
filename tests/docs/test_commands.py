"""What the Makefile, the hook and the workflow run, and what the documentation says of it."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def rules() -> dict[str, tuple[list[str], str]]:
    """Prerequisites and recipe of every target."""
    found = re.findall(r"^([a-z-]+):(?!=)([^\n]*)\n((?:\t.*\n)*)", MAKEFILE, re.M)
    return {name: (needs.split("##")[0].split(), recipe) for name, needs, recipe in found}


def recipes_of(target: str) -> str:
    """The recipe of a target and of all that it needs."""
    needs, recipe = rules()[target]
    return "".join(recipes_of(each) for each in needs if each in rules()) + recipe


def test_the_hook_formats_lints_and_checks_types_and_runs_no_test():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
    done = "".join(recipes_of(hook["entry"].removeprefix("make ")) for hook in hooks)
    for tool in ("ruff format --check", "ruff check", "mypy"):
        assert tool in done
    assert "pytest" not in done


def test_the_workflow_runs_the_tests_once():
    steps = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))["jobs"]["test"]["steps"]
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    commands = [step["run"].replace("bash .ci/run", script) for step in steps if "run" in step]
    targets = re.findall(r"make ([a-z-]+)", "\n".join(re.sub(r"#.*", "", command) for command in commands))
    assert sum(recipes_of(target).count("pytest") for target in targets) == 1
    assert "lint" in targets


def test_make_reproduce_does_what_its_page_says():
    page, recipe = (ROOT / "docs" / "reproducing.md").read_text(encoding="utf-8"), rules()["reproduce"][1]
    for folder in sorted(path.name for path in (ROOT / "docs" / "results").iterdir() if path.is_dir()):
        assert f"`{folder}`" in page, folder
    studies = re.search(r"^STUDIES := (.*)$", MAKEFILE, re.M)[1].split()
    assert all(f"`{study}`" in page and (ROOT / "conf" / "study" / f"{study}.yaml").is_file() for study in studies)
    for script in re.findall(r"benchmarks[/.](\w+)", recipe):
        assert (ROOT / "benchmarks" / f"{script}.py").is_file()
        assert re.search(rf"benchmarks[/.]{script}", page), script
    for command in ("sweep.py model=rvc data=case_b preprocess=none,full", "train.py model=diffsvc data=case_b"):
        assert command in recipe
        assert command in page


def test_every_target_is_explained_by_make_help_or_prepares_another():
    explained = set(re.findall(r"^([a-z-]+):.*##", MAKEFILE, re.M))
    assert set(rules()) - explained <= {"help", "setup-dev"}
