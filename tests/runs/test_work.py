"""What the first process tells the others arrives as it was, whatever names and paths hold."""

from pathlib import Path

from duetto.data.dataset import CropPlan, TrainingClip
from duetto.runs.compose import compose_runs
from duetto.runs.work import Work, work_from
from duetto.settings.conf_files import conf_folder


def test_a_work_survives_json():
    (config,) = compose_runs(conf_folder(), [["model=diffsvc", "data=folder", "data.path=odd ${name}", "seed=3"]])
    config.model.num_speakers, config.trainer.max_steps = 7, 123  # what a run makes of its settings
    clips = (
        TrainingClip("a", Path("features/a.npz"), 40),
        TrainingClip("b", Path("b.npz"), 7, 2, (Path("c.npz"), Path("d.npz")), Path("e.npz")),
    )
    plan = CropPlan(clips, 0, 240, 4, 3, 12, 0.5)
    for checkpoint in (None, Path("run/checkpoints/last.ckpt")):
        work = Work(config, plan, Path("run"), 12, checkpoint)
        assert work_from(work.as_json()) == work
