from pathlib import Path

import numpy as np
import pytest
import soundfile

from duetto.errors import ConfigError
from duetto.ownership.marking import manifest
from duetto.ownership.marking.certificate import place, read_signer
from duetto.ownership.marking.manifest import SOURCE_TYPE, State, read, sign
from duetto.storage.audio import read_channels
from tests.ownership.marking.sounds import RATE, sung

c2pa = pytest.importorskip("c2pa", reason="c2pa-python is not installed")


@pytest.fixture(params=[".wav", ".flac"])
def signed(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"out{request.param}"
    soundfile.write(path, sung(1.0), RATE, subtype="PCM_24")
    sign(path, {"weights": "ab" * 32})
    return path


def test_a_signed_file_is_valid_and_has_the_same_samples(signed: Path):
    found = read(signed)
    assert (found.state, found.is_own) == (State.VALID, True)
    assert found.claims == {"weights": "ab" * 32}
    assert np.abs(read_channels(signed)[0][0] - sung(1.0)).max() < 2**-22
    with signed.open("rb") as file:
        assert SOURCE_TYPE in c2pa.Reader(manifest.FORMATS[signed.suffix], file).json()


def test_one_changed_bit_is_seen(signed: Path):
    content = bytearray(signed.read_bytes())
    content[len(content) // 2 if signed.suffix == ".wav" else -100] ^= 1
    signed.write_bytes(content)
    assert read(signed).state == State.ALTERED


def test_a_file_that_was_written_again_holds_none(signed: Path):
    channels, rate = read_channels(signed)
    soundfile.write(signed, channels.T, rate)
    assert read(signed).state == State.ABSENT


def test_another_installation_reads_it_but_does_not_vouch(signed: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("DUETTO_HOME", str(tmp_path / "elsewhere"))
    found = read(signed)
    assert (found.state, found.is_own) == (State.VALID, False)
    assert "nothing here vouches" in found.said


def test_a_torn_file_is_not_valid(signed: Path):
    signed.write_bytes(signed.read_bytes()[: 1 << 12])
    assert read(signed).state in (State.UNREADABLE, State.ALTERED)


def test_the_key_is_made_once_and_kept_to_its_owner():
    assert read_signer() == read_signer()
    assert (place() / "signer.key").stat().st_mode & 0o077 == 0
    assert not list(place().glob("*authority*")), "the authority's key is not kept"


@pytest.mark.parametrize("name", ["chain.pem", "signer.key"])
def test_half_a_certificate_is_an_error(name: str, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("DUETTO_HOME", str(tmp_path))
    read_signer()
    (place() / name).unlink()
    with pytest.raises(ConfigError, match="Restore them, or remove both"):
        read_signer()


def test_without_the_package_nothing_is_read_and_that_is_said(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(manifest, "PACKAGE", "no_such_package")
    found = read(tmp_path / "any.wav")
    assert found.state == State.UNKNOWN
    assert "pip install" in found.said
