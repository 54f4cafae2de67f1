"""RMVPE's salience of a mel of any length.

Up to `WHOLE_FRAMES` frames it is that of one pass, as upstream has it. A longer mel is read in pieces whose frames are
cross-faded, so that memory stays flat.
"""

import torch
from torch import Tensor
from torch.nn import functional

from duetto.features.chunks import Frames, encode_in_chunks
from duetto.features.rmvpe.network import FRAME_MULTIPLE, RMVPENetwork

WHOLE_FRAMES = 9600  # 96 s, longer than the pieces that upstream reads; about 2 GB
OVERLAP_FRAMES = 3264  # 32.6 s shared by neighbours
CONTEXT_FRAMES = 1600  # dropped at a piece's inner edge: as far as the convolutions reach


def find_salience(network: RMVPENetwork, mel: Tensor, whole_frames: int = WHOLE_FRAMES) -> Tensor:
    """Salience of each pitch in each frame.

    Args:
        network: In evaluation mode, on the device that computes.
        mel: (M, T).
        whole_frames: The most that one pass reads, a multiple of 32.

    Returns:
        (T, 360), 0..1.
    """
    count = mel.shape[1]
    device = next(network.parameters()).device
    # every piece starts at a multiple of 32
    padded = functional.pad(mel, (0, -count % FRAME_MULTIPLE)).to(device)

    def read(start: int, end: int) -> Frames:
        salience: Frames = network(padded[None, :, start:end])[0].cpu().numpy()
        return salience

    with torch.inference_mode():
        salience = encode_in_chunks(read, padded.shape[1], whole_frames, OVERLAP_FRAMES, CONTEXT_FRAMES)
    return torch.from_numpy(salience[:count])
