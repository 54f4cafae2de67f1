"""Places that stages start from: a finished run, and what else a command asks for."""

import shutil

from duetto.studies.load import load_study
from tests.battery.place import ROOT, Place
from tests.battery.stages import DIFFSVC, VOCODER
from tests.studies.runs import write_runs
from tests.voices.interchange.test_diffsvc_files import vocoder_path, write_public


def with_songs(place: Place) -> Place:
    (source,) = place.folder.glob("logs/*/evaluations/*/songs/*/source.wav")
    (place.folder / "songs").mkdir()
    for number in range(4):
        shutil.copy(source, place.folder / "songs" / f"song {number} (dry).wav")
    return place


def with_diffsvc(place: Place) -> Place:
    assert place.run_warm("train", *VOCODER) == 0, place.said
    (vocoder,) = place.folder.glob("logs/vocoder-*")
    vocoder.rename(vocoder.with_name("vocoder"))
    assert place.run_warm("train", *DIFFSVC) == 0, place.said
    return place


def with_public_model(place: Place) -> Place:
    shutil.rmtree(place.folder / "logs")
    write_public(place.folder / "public")
    vocoder_path.__wrapped__(place.folder)
    assert place.run_warm("import", "public/model_ckpt_steps_1200.ckpt", "--vocoder=nsf/model") == 0, place.said
    return place


def with_study(place: Place) -> Place:
    study = load_study(ROOT / "conf", "register_quick")
    shutil.copytree(ROOT / "conf", place.folder / "conf")
    write_runs(study, place.folder / "logs", lambda arm, song, condition: 6.0 + len(arm.name) / 10)
    return place


MAKERS = {"trained": with_songs, "diffsvc": with_diffsvc, "public": with_public_model, "studied": with_study}
