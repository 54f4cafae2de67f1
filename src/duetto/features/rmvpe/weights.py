"""RMVPE's weights: the public file `rmvpe.pt` (a plain table of tensors), read as data.

The file keeps the names of the network that it was trained with; `RENAMINGS` turns ours into those.
"""

from pathlib import Path

import torch

from duetto.errors import CheckpointError
from duetto.features.rmvpe.network import RMVPENetwork
from duetto.layers.foreign_weights import Renamings, copy_strictly, foreign_tensors
from duetto.storage.torch_file import read_torch_file, refuse_expanded

REMEDY = "Give rmvpe.pt of the Hugging Face repository lj1995/VoiceConversionWebUI; if this is it, download it again."
RENAMINGS: Renamings = (
    (r"^input_norm\.", "unet.encoder.bn."),
    (r"^encoder\.(\d+)\.(\d+)\.", r"unet.encoder.layers.\1.conv.\2."),
    (r"^middle\.(\d+)\.(\d+)\.", r"unet.intermediate.layers.\1.conv.\2."),
    (r"^decoder\.(\d+)\.blocks\.(\d+)\.", r"unet.decoder.layers.\1.conv2.\2."),
    (r"^decoder\.(\d+)\.upsample\.", r"unet.decoder.layers.\1.conv1.0."),
    (r"^decoder\.(\d+)\.norm\.", r"unet.decoder.layers.\1.conv1.1."),
    (r"\.first\.", ".conv.0."),
    (r"\.first_norm\.", ".conv.1."),
    (r"\.second\.", ".conv.3."),
    (r"\.second_norm\.", ".conv.4."),
    (r"^head\.", "cnn."),
    (r"^recurrent\.", "fc.0.gru."),
    (r"^classifier\.", "fc.1."),
)


def load_rmvpe(path: Path) -> RMVPENetwork:
    """The network with a file's weights, in evaluation mode.

    Raises:
        CheckpointError: If the file is missing, damaged, hostile, or holds another network.
    """
    content = read_torch_file(path, REMEDY)
    tables = content if isinstance(content, dict) else {}
    strangers = [str(name) for name, value in tables.items() if not isinstance(value, torch.Tensor)]
    if strangers or not tables:
        found = f"{', '.join(strangers[:5])}" if strangers else f"a {type(content).__name__}"
        raise CheckpointError(f"{path} holds {found} where a table of tensors was expected. {REMEDY}")
    refuse_expanded(tables, path, REMEDY)
    network = RMVPENetwork()
    copy_strictly(foreign_tensors(network, RENAMINGS), tables, str(path))
    return network.eval()
