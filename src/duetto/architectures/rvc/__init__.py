"""RVC: prior, posterior, flow, NSF-HiFiGAN, discriminators and losses."""
