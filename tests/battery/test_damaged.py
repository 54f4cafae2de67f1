"""A bit that flips, a file that is torn: one sentence, and its advice, followed to the letter, ends in success."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.battery.place import Place, settings
from tests.battery.test_starved import sentence
from tests.battery.whole import different

pytestmark = [pytest.mark.battery, pytest.mark.timeout(900)]
TRAIN = ("train", *settings("rvc"))
SING = ("infer", "run=latest", "source=song.wav", "output=sung.wav")


def flip(path: Path) -> None:
    """One bit in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def tear(path: Path) -> None:
    """The second half is lost."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    """As a file system leaves one that was not flushed."""
    path.write_bytes(b"")


def delete(path: Path) -> None:
    """As "Delete it" says."""
    path.unlink()


def delete_folder(path: Path) -> None:
    """As "Delete the folder that it lies in" says."""
    shutil.rmtree(path.parent)


REFUSED = [  # what, how, who reads it, what is advised, what brings it back
    ("logs/*/voice/generator.safetensors", flip, SING, delete_folder, TRAIN),
    ("logs/*/voice/generator.safetensors", tear, SING, delete_folder, TRAIN),
    ("logs/*/voice/index.faiss", flip, SING, delete_folder, TRAIN),
    ("logs/*/voice/card.json", tear, SING, delete, TRAIN),
    ("logs/*/run.json", tear, TRAIN, delete, TRAIN),
    ("logs/*/evaluations/*/metrics.json", tear, TRAIN, delete, TRAIN),
    ("data/corpora/*/manifest.json", tear, TRAIN, delete, TRAIN),
    ("data/preprocessed/*/manifest.json", empty, TRAIN, delete, TRAIN),
    ("data/preprocessed/*/ledger.json", tear, ("train", *settings("rvc", "seed=3")), delete_folder, TRAIN),
]
MENDED = [  # what, how; the same command makes it again by itself
    ("data/features/*/*.npz", flip),
    ("data/features/*/listing.json", tear),
    ("data/references/*.npz", tear),
    ("data/doctor/*.json", tear),
    ("logs/*/checkpoints/last.ckpt", flip),
    ("logs/*/checkpoints/last.ckpt", tear),
    ("logs/*/checkpoints/digests.json", tear),
    ("logs/*/index.html", tear),
]


def named(pattern: str, how: Callable[[Path], None]) -> str:
    """Of a case."""
    return f"{how.__name__} {pattern.removeprefix('logs/*/').removeprefix('data/')}"


@pytest.mark.parametrize(("pattern", "how", "reader", "advice", "repair"), REFUSED)
def test_what_is_damaged_is_one_sentence_whose_advice_ends_in_success(
    pattern, how, reader, advice, repair, trained: Place, case, tmp_path
):
    with case("damage", named(pattern, how), f"then {reader[0]}, the advice, {repair[0]}") as line:
        place = trained.copy(tmp_path / "place")
        shutil.copy(next(place.folder.glob("logs/*/heldout/source.wav")), place.folder / "song.wav")
        path = next(place.folder.glob(pattern))
        how(path)
        status = place.run_warm(*reader)
        if status:
            assert status == 2, f"status {status}: {place.said[-800:]}"
            first = sentence(place.said)
            expected = "elete the folder that it lies in" if advice is delete_folder else "elete it"
            assert expected in first, first
            advice(path)
        for words in (repair, reader):
            assert place.run_warm(*words) == 0, f"after the advice: {place.said[-800:]}"
        assert not different(place.folder, trained.folder, sound=()) or reader[-1] == "seed=3"
        line.came = "one sentence; its advice followed, all is well" if status else "made again"


@pytest.mark.parametrize(("pattern", "how"), MENDED)
def test_what_can_be_made_again_is_made_again(pattern, how, trained: Place, case, tmp_path):
    with case("damage", named(pattern, how), "then train") as line:
        without = ("logs/*/voice", "logs/*/evaluations") if "checkpoints" in pattern else ()
        without = ("logs/*/evaluations",) if "references" in pattern else without
        place = trained.copy(tmp_path / "place", without)
        how(next(place.folder.glob(pattern)))
        assert place.run_warm(*TRAIN) == 0, place.said[-800:]
        assert "Traceback" not in place.said
        assert not different(place.folder, trained.folder), different(place.folder, trained.folder)
        line.came = "made again, the same voice"
