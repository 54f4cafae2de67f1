from pathlib import Path

from duetto.corpus.manifest import Clip, Manifest
from duetto.ownership.consent import embedded_consent
from duetto.report.intermediates import EXCERPT_S, keep_excerpts, select_intermediates
from duetto.report.page import write_run_page
from duetto.storage.audio import read_audio, write_audio

from .run_folder import RATE, sine


def manifest(corpus: Path, *names: tuple[str, str, str]) -> Manifest:
    """Clips of (id, role, split), each 13 s of another pitch."""
    clips = []
    for number, (name, role, split) in enumerate(names):
        path = f"{name}.wav"
        write_audio(corpus / path, sine(200.0 + 20 * number, 13.0), RATE)
        song = name.rsplit("/", 1)[1]
        clips.append(Clip(name, path, "", role, split, song, "ann", RATE, 13 * RATE))  # type: ignore[arg-type]
    return Manifest("test", tuple(clips), {}, embedded_consent().as_dict())


INTERMEDIATES = (
    ("intermediate/10_centre/target/b", "intermediate", "test"),
    ("intermediate/0_recorded/target/b", "intermediate", "test"),
    ("intermediate/2_gate/target/b", "intermediate", "test"),
    ("intermediate/0_recorded/target/a", "intermediate", "train"),
    ("reference/b", "reference", "test"),
)


def test_the_intermediates_of_one_test_recording_come_in_order_and_its_reference_last(tmp_path: Path):
    chosen = select_intermediates(manifest(tmp_path, *INTERMEDIATES))
    assert list(chosen) == ["00_recorded", "02_gate", "10_centre", "99_reference"]
    assert {clip.song for clip in chosen.values()} == {"b"}


def test_without_test_intermediates_a_training_recording_is_taken(tmp_path: Path):
    chosen = select_intermediates(manifest(tmp_path, INTERMEDIATES[3], INTERMEDIATES[4]))
    assert [clip.id for clip in chosen.values()] == ["intermediate/0_recorded/target/a"]


def test_without_intermediates_nothing_is_written(tmp_path: Path):
    keep_excerpts(tmp_path / "run", tmp_path, manifest(tmp_path, INTERMEDIATES[4]))
    assert not (tmp_path / "run").exists()


def test_the_page_plays_each_stage(tmp_path: Path):
    run = tmp_path / "run"
    keep_excerpts(run, tmp_path, manifest(tmp_path, *INTERMEDIATES))
    waveform, _ = read_audio(run / "intermediates/02_gate.wav")
    assert len(waveform) == EXCERPT_S * RATE
    page = write_run_page(run).read_text()
    places = [page.index(f"<b>{name}</b>") for name in ("As recorded", "After gate", "After centre", "Reference")]
    assert places == sorted(places)
    assert page.count("<audio") == 4
