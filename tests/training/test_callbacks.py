import math

from duetto.training.callbacks import append_row, keep_rows_up_to, read_rows


def test_rows_are_appended_under_one_header(tmp_path):
    path = tmp_path / "losses.csv"
    append_row(path, {"step": 1, "loss": 0.5})
    append_row(path, {"step": 2, "loss": 0.25})
    assert path.read_text() == "step,loss\n1,0.5\n2,0.25\n"


def test_rows_past_the_resumed_step_are_forgotten(tmp_path):
    path = tmp_path / "losses.csv"
    path.write_text("step,loss\n10,1\n20,2\n30,3\n")
    keep_rows_up_to(path, 20)
    assert path.read_text() == "step,loss\n10,1\n20,2\n"


def test_a_torn_last_line_is_dropped(tmp_path):
    path = tmp_path / "losses.csv"
    path.write_text("step,loss\n10,1\n2")
    keep_rows_up_to(path, 100)
    assert path.read_text() == "step,loss\n10,1\n"


def test_a_missing_file_is_fine(tmp_path):
    keep_rows_up_to(tmp_path / "none.csv", 3)


def test_a_column_that_an_older_version_did_not_write_is_added(tmp_path):
    path = tmp_path / "curve.csv"
    append_row(path, {"step": 1, "mcd_output": 0.5})
    append_row(path, {"step": 2, "mcd_output": 0.25, "hole_fraction": 0.125})
    append_row(path, {"step": 3, "hole_fraction": 0.5})
    steps, rows = read_rows(path)
    assert steps == [1, 2, 3]
    assert math.isnan(rows[0]["hole_fraction"])
    assert rows[1] == {"step": 2.0, "mcd_output": 0.25, "hole_fraction": 0.125}
    assert math.isnan(rows[2]["mcd_output"])
