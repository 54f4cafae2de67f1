"""No file of the package is over 300 lines; half are within 110, and 95 % of the functions within 35."""

from benchmarks.structure import file_lengths, function_lengths, main


def test_files_and_functions_stay_as_short_as_they_are(capsys):
    assert main() == 0, capsys.readouterr().out


def test_lines_are_counted_from_def_to_end_and_empty_packages_do_not_count(tmp_path):
    (tmp_path / "__init__.py").write_text('"""Nothing here."""\n')
    (tmp_path / "a.py").write_text(
        "import os\n\n\n@staticmethod\ndef f():\n    def g():\n        pass\n\n    return g\n"
    )
    assert file_lengths(tmp_path) == {tmp_path / "a.py": 9}
    assert function_lengths(tmp_path) == {"a.py:5 f": 5, "a.py:6 g": 2}
