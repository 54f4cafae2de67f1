import json
import math

import pytest

from duetto.errors import StorageError
from duetto.storage.files import atomic_path, read_json, sha256_json, write_json


def write_half(path):
    with atomic_path(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError("killed")


def test_a_crash_while_writing_leaves_the_old_file_and_no_rubbish(tmp_path):
    path = tmp_path / "value.json"
    write_json(path, {"a": 1})
    with pytest.raises(RuntimeError, match="killed"):
        write_half(path)
    assert read_json(path) == {"a": 1}
    assert [item.name for item in tmp_path.iterdir()] == ["value.json"]


def test_not_a_number_becomes_null_so_that_browsers_can_read_it(tmp_path):
    write_json(tmp_path / "x.json", {"score": math.nan, "list": [math.inf, 1.0]})
    assert json.loads((tmp_path / "x.json").read_text()) == {"score": None, "list": [None, 1.0]}


def test_a_file_where_a_folder_should_be_is_one_sentence(tmp_path):
    (tmp_path / "logs").write_text("")
    with pytest.raises(StorageError, match="Cannot write"):
        write_json(tmp_path / "logs" / "run.json", {})


def test_a_full_disk_is_one_sentence(tmp_path):
    with pytest.raises(StorageError, match="disk is full"), atomic_path(tmp_path / "x") as _:
        raise OSError(28, "No space left on device")


def test_damaged_json_is_named(tmp_path):
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(StorageError, match="not valid JSON"):
        read_json(tmp_path / "x.json")


def test_digests_ignore_the_order_of_keys_only():
    assert sha256_json({"a": 1, "b": 2}) == sha256_json({"b": 2, "a": 1})
    assert sha256_json({"a": 1}) != sha256_json({"a": 2})
