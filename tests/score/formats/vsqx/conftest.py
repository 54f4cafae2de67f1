import pytest

from duetto.score.formats.vsqx.reader import read_vsqx


@pytest.fixture
def read(tmp_path):
    def write_and_read(text):
        path = tmp_path / "song.vsqx"
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
        return read_vsqx(path)

    return write_and_read
