"""RVC's training module holds nothing that another module sees."""

from duetto.voices.pretrained import make_module
from tests.training.tiny import tiny_config


def test_no_tensor_of_a_module_is_one_of_another_modules():
    """A framework may change a buffer in place (averaging does); a cached tensor would carry that into the next run."""
    config = tiny_config(1)
    one, two = (make_module(config.model, config.features, config.seed) for _ in range(2))
    places = [{tensor.data_ptr() for tensor in (*each.parameters(), *each.buffers())} for each in (one, two)]
    assert not places[0] & places[1]
