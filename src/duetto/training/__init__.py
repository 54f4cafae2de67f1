"""Lightning modules, checkpoints, hardware, and `train(cfg)` itself."""
