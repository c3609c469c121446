import contextlib
import gzip
import hashlib
import struct
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pooch
import pytest
import torch

from pinched._errors import DataFileError, PinchedError
from pinched.networks import _idx, datasets
from pinched.networks.datasets import DigitsVersion, ImageSet, Split

# --- typed in, and shipped with scikit-learn --------------------------------------------------------


@pytest.mark.parametrize("version", DigitsVersion)
def test_the_5x4_digits_are_those_of_the_published_material(shared, version):
    lines = (shared / "datasets" / "digits5x4" / "digits5x4.csv").read_text().split()[1:]
    rows = [line.split(",") for line in lines]
    expected = [[float(p) for p in pixels] for name, _, pixels in rows if name == version]
    data = datasets.digits5x4(version=version)
    assert data.images.tolist() == expected
    assert data.labels.tolist() == list(range(10))


def test_distances_between_the_fancy_digits():
    # Stated of the published set: 5 and 6 differ by one pixel, 0 and 8 by two; no two digits are equal.
    images = datasets.digits5x4().images
    distance = torch.cdist(images, images, p=1)
    assert distance[5, 6] == 1
    assert distance[0, 8] == 2
    assert (distance + torch.eye(10)).min() == 1


def test_the_5x4_digits_say_that_they_have_no_test_images():
    data = datasets.digits5x4("test")
    assert data.split is Split.TRAIN
    assert "no test images" in data.note


def test_the_8x8_digits_are_split_without_overlap_and_stratified():
    train, test = datasets.digits("train"), datasets.digits("test")
    assert (len(train), len(test)) == (1352, 445)
    assert train.images.shape[1] == 64
    counts = torch.bincount(train.labels).double(), torch.bincount(test.labels).double()
    assert torch.allclose(counts[1] / (counts[0] + counts[1]), torch.tensor(0.25).double(), atol=0.01)
    assert float(train.images.max()) == 1.0
    seen = {row.numpy().tobytes() for row in train.images}
    assert not any(row.numpy().tobytes() in seen for row in test.images)


def test_an_unknown_split_or_version_is_named():
    with pytest.raises(PinchedError, match="no split 'valid'"):
        datasets.digits("valid")
    with pytest.raises(PinchedError, match="no version 'new'"):
        datasets.digits5x4(version="new")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": torch.tensor([0])}, "2 images, but 1 labels"),
        ({"labels": torch.tensor([0, 2])}, "labels reach from 0 to 2"),
        ({"images": torch.tensor([[0.0], [255.0]])}, "intensities reach from 0 to 255"),
        ({"images": torch.zeros(0, 1), "labels": torch.zeros(0, dtype=torch.long)}, "no images"),
    ],
)
def test_what_is_no_image_set_is_refused(changes, message):
    fields = {
        "name": "x",
        "split": Split.TEST,
        "images": torch.zeros(2, 1),
        "labels": torch.tensor([0, 1]),
        "classes": ("a", "b"),
        "note": "",
    }
    with pytest.raises(PinchedError, match=message):
        ImageSet(**(fields | changes))


# --- IDX files --------------------------------------------------------------------------------------

NAMES = _idx.MNIST_FILES["test"]


def idx_images(images: np.ndarray) -> bytes:
    return struct.pack(">BBBB3I", 0, 0, 8, 3, *images.shape) + images.tobytes()


def idx_labels(labels: np.ndarray) -> bytes:
    return struct.pack(">BBBBI", 0, 0, 8, 1, len(labels)) + labels.tobytes()


@pytest.fixture
def small(tmp_path):
    """Five images and labels as IDX files in a folder: the labels packed, the images not."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (5, 28, 28), dtype=np.uint8)
    (tmp_path / NAMES[0]).write_bytes(idx_images(images))
    (tmp_path / f"{NAMES[1]}.gz").write_bytes(gzip.compress(idx_labels(np.arange(5, dtype=np.uint8))))
    return tmp_path, images


def test_idx_files_are_read_packed_or_not(small):
    folder, images = small
    data = datasets.mnist("test", folder=folder)
    assert torch.equal(data.images, torch.from_numpy(images.reshape(5, 784).astype(np.float32)) / 255)
    assert data.labels.tolist() == [0, 1, 2, 3, 4]
    assert len(datasets.mnist("test", folder=str(folder), limit=3)) == 3


def damage(folder, kind: str) -> str:
    """Spoil the files in one way; returns what the message has to say."""
    images, labels = folder / NAMES[0], folder / f"{NAMES[1]}.gz"
    whole = images.read_bytes()
    if kind == "missing":
        images.unlink()
        return "the file is not there"
    if kind == "truncated":
        images.write_bytes(whole[:-7])
        return "3913 bytes of data where the header promises 3920"
    if kind == "too long":
        images.write_bytes(whole + b"x")
        return "3921 bytes of data"
    if kind == "empty":
        images.write_bytes(b"")
        return "first bytes are missing"
    if kind == "swapped":
        images.write_bytes(gzip.decompress(labels.read_bytes()))
        return "00000801, not 00000803"
    if kind == "other size":
        images.write_bytes(idx_images(np.zeros((5, 8, 8), dtype=np.uint8)))
        return "images of 8 x 8 pixels"
    if kind == "truncated gz":
        labels.write_bytes(labels.read_bytes()[:-9])
        return "damaged"
    if kind == "no gz":
        labels.write_bytes(b"<html>not found</html>")
        return "damaged"
    if kind == "bad label":
        labels.write_bytes(gzip.compress(idx_labels(np.array([0, 1, 2, 11, 4], dtype=np.uint8))))
        return "the label 11"
    labels.write_bytes(gzip.compress(idx_labels(np.arange(4, dtype=np.uint8))))
    return "5 images.*4 labels"


@pytest.mark.parametrize(
    "kind",
    [
        "missing",
        "truncated",
        "too long",
        "empty",
        "swapped",
        "other size",
        "truncated gz",
        "no gz",
        "bad label",
        "counts differ",
    ],
)
def test_a_damaged_file_is_named_with_what_is_wrong(small, kind):
    folder, _ = small
    message = damage(folder, kind)
    with pytest.raises(PinchedError, match=message) as caught:
        datasets.mnist("test", folder=folder)
    assert "ubyte" in str(caught.value)
    if kind != "counts differ":
        assert isinstance(caught.value, DataFileError)


def test_a_folder_that_does_not_exist_and_a_senseless_limit_are_refused(tmp_path):
    with pytest.raises(DataFileError, match="folder does not exist"):
        datasets.mnist("test", folder=tmp_path / "nowhere")
    with pytest.raises(PinchedError, match="limit is 0"):
        datasets.mnist("test", folder=tmp_path, limit=0)


# --- fetched ----------------------------------------------------------------------------------------


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_args):
        pass


@contextlib.contextmanager
def served(folder):
    """The address of a server of `folder` on the loopback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def quiet_pooch():
    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel("CRITICAL")
    yield
    logger.setLevel(level)


@pytest.mark.usefixtures("quiet_pooch")
def test_mnist_is_fetched_once_and_then_taken_from_the_cache(shared, tmp_path):
    folder = shared / "datasets" / "mnist"
    if not folder.is_dir():
        pytest.skip(f"no MNIST at {folder}")
    cache = tmp_path / "cache"
    with served(folder) as source:
        first = datasets.mnist("test", source=source, cache=cache, limit=100)
    again = datasets.mnist("test", source=source, cache=cache, limit=100)  # the server is gone
    assert torch.equal(first.images, again.images)
    assert sorted(p.name for p in cache.iterdir()) == [f"{name}.gz" for name in NAMES]
    whole = datasets.mnist("test", folder=folder)
    assert len(whole) == 10_000
    assert torch.equal(whole.images[:100], first.images)


@pytest.mark.usefixtures("quiet_pooch")
def test_a_wrong_file_from_the_source_is_refused(small, tmp_path):
    folder, images = small
    (folder / f"{NAMES[0]}.gz").write_bytes(gzip.compress(idx_images(images)))
    with served(folder) as source, pytest.raises(PinchedError, match=r"could not be fetched.*hash"):
        datasets.mnist("test", source=source, cache=tmp_path / "cache")


@pytest.mark.usefixtures("quiet_pooch")
def test_an_unreachable_source_names_the_way_out(tmp_path):
    with pytest.raises(PinchedError, match="Give `folder` with the four MNIST files"):
        datasets.mnist("test", source="http://127.0.0.1:9/", cache=tmp_path)


def test_checksums_are_those_of_the_canonical_files(shared):
    folder = shared / "datasets" / "mnist"
    if not folder.is_dir():
        pytest.skip(f"no MNIST at {folder}")
    for name, expected in _idx._MD5.items():
        assert (
            hashlib.md5((folder / f"{name}.gz").read_bytes(), usedforsecurity=False).hexdigest() == expected
        )


def test_the_training_images_of_mnist_have_the_known_mean(shared):
    # Origin: the usual normalisation constant of MNIST, 0.1307, to its printed digits.
    folder = shared / "datasets" / "mnist"
    if not folder.is_dir():
        pytest.skip(f"no MNIST at {folder}")
    assert float(datasets.mnist(folder=folder).images.double().mean()) == pytest.approx(0.1307, abs=5e-5)
