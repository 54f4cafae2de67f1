"""Puts conf/ into the wheel as duetto/conf, where it is found without a checkout; the rest is pyproject.toml's."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithConf(build_py):
    """The package's modules and data, and the configuration beside them."""

    def run(self) -> None:
        """Copy both; an editable install reads conf/ where it is."""
        super().run()
        if not self.editable_mode:
            shutil.copytree("conf", Path(self.build_lib) / "duetto" / "conf", dirs_exist_ok=True)


setup(cmdclass={"build_py": BuildWithConf})
