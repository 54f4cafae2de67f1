import pytest

from duetto.runs.compose import compose_runs


def test_a_validation_at_one_cell_composes_and_differs_where_it_says(benchmark):
    shapes, cells = benchmark("shapes"), benchmark("cells")
    chosen = shapes.make_cells(shapes.parse(["--models", "rvc", "--cells", "compact", "hop 320", "--steps", "5"]))
    compact, hop = compose_runs(cells.CONF, [cell.overrides for cell in chosen])
    assert (compact.features.hop_length, hop.features.hop_length) == (240, 320)
    assert compact.trainer == hop.trainer
    assert (compact.trainer.num_threads, compact.trainer.max_steps, compact.base) == (1, 5, "none")


@pytest.mark.slow
def test_every_cell_is_a_valid_run_and_no_two_are_the_same(benchmark):
    shapes, cells = benchmark("shapes"), benchmark("cells")
    chosen = shapes.make_cells(shapes.parse([]))
    settings = compose_runs(cells.CONF, [cell.overrides for cell in chosen])
    assert len({repr(setting) for setting in settings}) == len(chosen) == sum(map(len, shapes.CELLS.values()))


def test_the_best_shape_stands_first_and_what_is_undefined_last(benchmark):
    shapes = benchmark("shapes")

    def row(name, mcd):
        scores = {metric: 1.0 for _, metric, _, _ in shapes.SCORES} | {"mcd_output": mcd}
        done = {"model": "rvc", "value": name, "error": None, "steps": 600, "training_minutes": 5.0, "weights_mib": 9.0}
        return {**done, "mean": scores, "curve": [{"minutes": 1.0, "mcd_output": 8.0}]}

    failed = {"model": "rvc", "value": "huge", "error": "no memory"}
    text = shapes.table([row("unknown", None), row("worse", 8.0), failed, row("better", 7.0)])
    places = [text.index(name) for name in ("better", "worse", "unknown", "no memory")]
    assert places == sorted(places)
    assert "| 2.00 |" in text
    shapes.draw([row("better", 7.0), failed])
