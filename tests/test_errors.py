"""What a user can mend is one sentence and status 2; a bug keeps its traceback."""

import errno
from pathlib import Path

import pytest
from onnxruntime.capi.onnxruntime_pybind11_state import Fail

from duetto.errors import report_errors
from duetto.storage.files import storage_error


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes."),
        RuntimeError("std::bad_alloc"),
        Fail("[ONNXRuntimeError] : 1 : FAIL : Non-zero status code: Failed to allocate memory for a buffer of size 8"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
    ],
)
def test_too_little_memory_is_one_sentence(error: Exception, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit, match="2"), report_errors():
        raise error
    said = capsys.readouterr().err
    assert said.startswith("error: There is not enough memory.")
    assert said.count("\n") == 1


@pytest.mark.parametrize("error", [RuntimeError("shapes differ"), OSError(errno.EIO, "Input/output error")])
def test_a_bug_keeps_its_traceback(error: Exception):
    with pytest.raises(type(error)), report_errors():
        raise error


@pytest.mark.parametrize(
    ("number", "says"), [(errno.EFBIG, "ulimit -f"), (errno.EMFILE, "ulimit -n"), (errno.EIO, "limit on the size")]
)
def test_a_limit_is_named(number: int, says: str):
    sentence = str(storage_error(Path("song.wav"), OSError(number, "System error.")))
    assert says in sentence
    assert ".." not in sentence
