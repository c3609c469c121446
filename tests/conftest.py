"""Fixtures shared by all tests: where the public data sets and measurements lie, and type checks at run time."""

import importlib
import os
from pathlib import Path

import pytest


def _one_core_each() -> None:
    """Pin each of several test processes to a core of its own.

    They share out the tests already: processes, threads of BLAS and threads of torch that each of them would start
    for every core only wait for each other, and starting them takes longer than most tests.
    """
    worker, count = (
        os.environ.get("PYTEST_XDIST_WORKER", ""),
        int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")),
    )
    if not worker.startswith("gw") or not hasattr(os, "sched_setaffinity"):
        return
    free = sorted(os.sched_getaffinity(0))
    if 1 < count <= len(free):
        os.sched_setaffinity(0, {free[int(worker[2:])]})


_one_core_each()

ROOT = Path(__file__).resolve().parents[1]

# Every annotation of these packages is checked while the tests run: shapes by jaxtyping, types by beartype.
# Compiled kernels are left out (pinched._random, and the time loop of the devices): numba does its own typing.
_COMPILED = {
    "_blas", "_compile", "_events", "_lanes", "_loop", "_noise_kernels", "_rodas", "_sensitivity", "_terminal",
}  # fmt: skip

# Imported only now: numerical libraries count their cores when they are loaded. And imported before the hook: what a
# hooked module is the first to import is looked for among the hook's own compiled files, and compiled anew.
for _library in (
    "torch",
    "scipy.stats",
    "scipy.signal",
    "scipy.linalg",
    "scipy.sparse.linalg",
    "matplotlib.figure",
    "matplotlib.backends.backend_pdf",
    "matplotlib.backends.backend_svg",
    "jinja2",
    "beartype.door",
):
    importlib.import_module(_library)

_hook = importlib.import_module("jaxtyping").install_import_hook(
    [f"pinched.{name}" for name in ("data", "extraction", "networks", "report", "pipeline")]
    + [
        f"pinched.devices.{path.stem}"
        for path in sorted((ROOT / "src/pinched/devices").iterdir())
        if not path.stem.startswith("__") and path.stem not in _COMPILED
    ]
    + [
        f"pinched.physics.graphene.{path.stem}"
        for path in sorted((ROOT / "src/pinched/physics/graphene").glob("*.py"))
        if not path.stem.startswith("_")
    ]
    + [
        f"pinched.physics.{path.stem}"
        for path in sorted((ROOT / "src/pinched/physics").glob("*.py"))
        if not path.stem.startswith("_")
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


@pytest.fixture
def few_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports draw a few of their figures only; see `draw_few_figures`."""
    from drawing import draw_few_figures

    draw_few_figures(monkeypatch)


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
