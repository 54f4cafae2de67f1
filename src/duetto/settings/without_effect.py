"""Settings that say where a run lies and what it is given, and that affect no result."""

WITHOUT_EFFECT = ("logs", "data.root", "logger", "trainer.num_threads", "trainer.devices", "trainer.nodes")


def is_without_effect(setting: str) -> bool:
    """Whether `KEY=VALUE` is one of them."""
    return setting.split("=", 1)[0] in WITHOUT_EFFECT
