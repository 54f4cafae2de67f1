"""A run whose damaged record was deleted, as the message advises, gets it back from its voice."""

from pathlib import Path

from duetto.runs.train import what_came_of_it
from duetto.storage.files import write_json
from duetto.storage.run_folder import RunFolder


def test_what_came_of_a_training_is_read_from_the_card_of_its_voice(tmp_path: Path):
    run = RunFolder(tmp_path)
    selected = {"step": 8, "why": "the last step"}
    write_json(run.voice.card, {"steps": 8, "hours": 0.5, "training_minutes": 30.0, "selected": selected, "name": "x"})
    assert what_came_of_it(run) == {
        "status": "trained",
        "steps": 8,
        "hours": 0.5,
        "training_minutes": 30.0,
        "selected": selected,
    }
