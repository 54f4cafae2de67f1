import pytest

from duetto.score.formats.musicxml.reader import read_musicxml


@pytest.fixture
def read(tmp_path):
    def write_and_read(text, name="song.musicxml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_musicxml(path)

    return write_and_read
