"""RVC's losses: those of every waveform generator, and VITS's KL divergence. All return scalars.

References: HiFi-GAN (Kong et al., 2020), VITS (Kim et al., 2021), LSGAN (Mao et al., 2017).
"""

import torch
from torch import Tensor

from duetto.layers.gan_losses import adversarial_loss, discriminator_loss, feature_matching_loss, mel_loss

__all__ = ["adversarial_loss", "discriminator_loss", "feature_matching_loss", "kl_loss", "mel_loss"]


def kl_loss(z_p: Tensor, posterior_log_std: Tensor, prior_mean: Tensor, prior_log_std: Tensor, mask: Tensor) -> Tensor:
    """Divergence of posterior from prior, one sample, in nats per frame (summed over channels).

    Args:
        z_p: Posterior sample mapped through the flow, (B, C, T).
        posterior_log_std: (B, C, T).
        prior_mean: (B, C, T).
        prior_log_std: (B, C, T).
        mask: (B, 1, T).
    """
    # Kim et al. 2021, eq. 3-4, with the posterior's entropy in closed form (-log_std - 1/2)
    z_p, prior_mean, mask = z_p.float(), prior_mean.float(), mask.float()
    posterior_log_std, prior_log_std = posterior_log_std.float(), prior_log_std.float()
    divergence = prior_log_std - posterior_log_std - 0.5
    divergence = divergence + 0.5 * (z_p - prior_mean) ** 2 * torch.exp(-2.0 * prior_log_std)
    return torch.sum(divergence * mask) / torch.sum(mask)
