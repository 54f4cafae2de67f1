"""The three entry points as a user meets them: help, and mistakes that stop at once with a sentence."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
QUICKLY_S = 2.0


def run(*arguments: str) -> tuple[subprocess.CompletedProcess, float]:
    before = sum(_child_seconds())
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60)
    return done, sum(_child_seconds()) - before


def _child_seconds() -> tuple[float, float]:
    import resource

    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime, usage.ru_stime


HEAVY = ("torch", "torchaudio", "pytorch_lightning", "librosa", "wandb", "scipy.stats", "matplotlib")


@pytest.mark.parametrize("script", ["train.py", "infer.py", "sweep.py"])
def test_help_is_readable_and_costs_at_most_two_cpu_seconds(script):
    done, seconds = run(script, "--help")
    assert done.returncode == 0
    assert "usage:" in done.stdout
    assert "$" not in done.stdout
    assert seconds < QUICKLY_S


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("train.py", "--help"), "usage:"),
        (("infer.py", "--help"), "usage:"),
        (("sweep.py", "--help"), "usage:"),
        (("infer.py", "run=nobody", "source=README.md", "logs=no_logs"), "No trained voice below no_logs"),
    ],
)
def test_help_and_a_missing_run_import_nothing_heavy(words, said):
    code = (
        "import runpy, sys\n"
        f"sys.argv = {list(words)!r}\n"
        "try:\n"
        f"    runpy.run_path({words[0]!r}, run_name='__main__')\n"
        "except SystemExit:\n"
        "    pass\n"
        f"sys.stdout.write('heavy: ' + ' '.join(sorted(set(sys.modules) & set({HEAVY}))))\n"
    )
    done, _ = run("-c", code)
    assert said in done.stdout + done.stderr
    assert done.stdout.endswith("heavy: ")


def test_help_lists_every_group_with_its_options():
    done, _ = run("train.py", "--help-all")
    whole = done.stdout.replace(",\n    ", ", ")
    lines = dict(line.strip().split(": ", 1) for line in whole.splitlines() if ": " in line)
    for path in sorted((ROOT / "conf").glob("*/**/*.yaml")):
        assert path.stem in lines[path.parent.relative_to(ROOT / "conf").as_posix()].split(", "), path


HYDRAS_WORDS = ("append", "HYDRA_FULL_ERROR", "hydra.cc", "object_type", "full_key", "Traceback")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("train.py", "trainer.max_minuts=3"), "Did you mean trainer.max_minutes=3?"),
        (("train.py", "model=rvcc"), "Did you mean rvc?"),
        (("train.py", "trainer.max_minutes=long"), "trainer.max_minutes=long: expected a number."),
        (("train.py", "features.sample_rate=100"), "expected 8000 to 96000"),
        (("train.py", "--fast"), "--fast: no such option."),
        (("train.py", "hydra.foo=1"), "hydra.foo: there is no such setting."),
        (("train.py", "-m", "seed=0,1", "modle=rvc"), "Did you mean model=rvc?"),
        (("train.py", "--epochs", "20"), "trainer.max_minutes=20"),
        (("infer.py", "sauce=x.wav"), "Did you mean source=x.wav?"),
        (("sweep.py", "modle=rvc,diffsvc"), "Did you mean model=rvc,diffsvc?"),
        (("-m", "duetto", "train", "data=case_bb"), "Did you mean case_b?"),
        (("-m", "duetto", "infer", "f0_up_key=3"), "write transpose=3."),
        (("-m", "duetto", "doctr", "x.wav"), "Did you mean doctor?"),
    ],
)
def test_a_mistake_stops_within_two_cpu_seconds_with_one_sentence(arguments, sentence):
    before = sorted(path.name for path in ROOT.iterdir())
    done, seconds = run(*arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not done.stdout
    assert not any(word in done.stderr for word in HYDRAS_WORDS)
    assert seconds < QUICKLY_S
    assert sorted(path.name for path in ROOT.iterdir()) == before
