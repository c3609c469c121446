"""A package of presets, one file per paper, in which the preset stands before the file of the same name."""

from __future__ import annotations

import sys
from types import ModuleType


class _Presets(ModuleType):
    """The package, in which a file that was imported does not stand before the preset of the same name."""

    def __getattribute__(self, name: str) -> object:
        value = super().__getattribute__(name)
        return getattr(value, name, value) if isinstance(value, ModuleType) else value


def unshadow(package: str) -> None:
    """Makes `package`, by its full name, give presets rather than files."""
    sys.modules[package].__class__ = _Presets
