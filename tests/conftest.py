"""Fixtures shared by all tests: where the public data sets and measurements lie, and type checks at run time."""

import os
from pathlib import Path

import pytest
from jaxtyping import install_import_hook

ROOT = Path(__file__).resolve().parents[1]

# Every annotation of these packages is checked while the tests run: shapes by jaxtyping, types by beartype.
# Compiled kernels are left out (pinched._random, and the time loop of the devices): numba does its own typing.
_COMPILED = {"_blas", "_compile", "_lanes", "_loop", "_noise_kernels", "_rodas", "_sensitivity", "_terminal"}
_hook = install_import_hook(
    [f"pinched.{name}" for name in ("data", "extraction", "networks", "report", "pipeline")]
    + [
        f"pinched.devices.{path.stem}"
        for path in sorted((ROOT / "src/pinched/devices").iterdir())
        if not path.stem.startswith("__") and path.stem not in _COMPILED
    ]
    + [
        "pinched." + ".".join(path.relative_to(ROOT / "src/pinched").with_suffix("").parts)
        for path in sorted((ROOT / "src/pinched/crossbar").rglob("*.py"))
        if not path.stem.startswith("__")
        and path.stem not in _COMPILED
        and not path.stem.endswith("_kernels")
    ],
    "typecheck.check",
)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of reference data; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("PINCHED_DATA", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no reference data at {folder}: set PINCHED_DATA")
    return folder


@pytest.fixture(scope="session")
def measurements(shared: Path) -> Path:
    """Real measurements of several laboratories; not part of the project for want of a licence."""
    folder = shared / "measurements"
    if not folder.is_dir():
        pytest.skip(f"no measurements at {folder}: set PINCHED_DATA")
    return folder
