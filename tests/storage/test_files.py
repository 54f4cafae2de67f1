import json
import math
import os
import stat

import pytest

from duetto.errors import StorageError
from duetto.storage.files import atomic_path, link_or_copy, read_json, sha256_json, write_json


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


@pytest.mark.parametrize(("umask", "mode"), [(0o077, 0o600), (0o027, 0o640), (0o022, 0o644)])
def test_the_umask_says_who_may_read_a_file(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        write_json(tmp_path / "x.json", {})
        with atomic_path(tmp_path / "y") as temporary:
            temporary.unlink()  # as writers do that make a file of their own and move it there
            temporary.touch(0o600)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "x.json").stat().st_mode) == mode
    assert stat.S_IMODE((tmp_path / "y").stat().st_mode) == mode


def test_a_link_leaves_its_origin_as_it_is(tmp_path):
    (tmp_path / "origin").write_text("song")
    (tmp_path / "origin").chmod(0o600)
    for _ in range(2):
        link_or_copy(tmp_path / "origin", tmp_path / "songs" / "copy")
    assert (tmp_path / "songs" / "copy").read_text() == "song"
    assert [path.name for path in (tmp_path / "songs").iterdir()] == ["copy"]
    assert stat.S_IMODE((tmp_path / "origin").stat().st_mode) == 0o600
