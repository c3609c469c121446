"""The reproduction of roy2025 as a whole on few images, and the checks behind its table."""

import json
import math

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from pinched._errors import PinchedError
from pinched.cli import app
from pinched.extraction.calibration.plateaus import NOISES
from pinched.networks import datasets
from pinched.networks.datasets import ImageSet, Split
from pinched.networks.epochs import check_accuracy
from pinched.papers import roy2025 as paper
from pinched.papers import roy2025_images as images
from pinched.papers.roy2025_table import as_text, comparisons, goals

KEYS = (
    "mnist.float", "mnist.ex_situ_10", "mnist.in_situ", "mnist.linear_baseline", "cifar.float_test",
    "cifar.float_train", "cifar.ex_situ_5", "nonlinearity.ltp", "nonlinearity.ltd", "levels.max_g0",
    "levels.recovered", "levels.false", "graphene.sigma_order",
)  # fmt: skip


def value(found, key):
    for part in key.split("."):
        found = found[part]
    return found


def few_digits(split, **_):
    """The 8 x 8 digits as images of 28 x 28: MNIST's shape without its files."""
    small = datasets.digits(split)
    wide = torch.nn.functional.interpolate(small.images[:400].view(-1, 1, 8, 8), size=(28, 28))
    return ImageSet(
        name="mnist", split=small.split, images=wide.flatten(1), labels=small.labels[:400],
        classes=small.classes, note="a stand-in",
    )  # fmt: skip


def few_colours(split, **_):
    """Noise in ten colours."""
    draws = torch.Generator().manual_seed(0 if split == "train" else 1)
    labels = torch.arange(10).repeat(20)
    colour = torch.rand(10, 3, 1, generator=torch.Generator().manual_seed(2))[labels]
    noisy = (colour + 0.1 * torch.rand(200, 3, 1024, generator=draws)).clamp(max=1.0)
    return ImageSet(
        name="cifar10", split=Split(split), images=noisy.flatten(1), labels=labels,
        classes=datasets.CIFAR10_CLASSES, note="a stand-in",
    )  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """--fast with one epoch on a few images, one record and two curves per kind."""
    out = tmp_path_factory.mktemp("run") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(images, "mnist", few_digits)
        patch.setattr(images, "cifar10", few_colours)
        patch.setattr(paper, "find_mnist", lambda data: data)
        patch.setattr(paper, "_find_cifar", lambda data: data)
        patch.setattr(paper, "NOISES", NOISES[:1])
        patch.setattr(paper, "smooth_curves", lambda: ["ohmic"])
        # Figure 4 has tests of its own.
        patch.setattr(paper, "_graphene", lambda *_: {"sigma_order": ["SV"], "comparisons": []})
        found = paper.reproduce(out, data=out.parent, fast=True, epochs=2)
        again = paper.reproduce(out, data=out.parent, fast=True, epochs=2)
    return out, found, again


def test_every_key_is_there_and_a_second_call_computes_nothing_anew(finished):
    _, found, again = finished
    for key in KEYS:
        assert value(found, key) is not None
    json.dumps(found, allow_nan=False)
    assert again == found
    assert found["levels"]["max_g0"] == pytest.approx(25.0, abs=1.0)
    assert found["nonlinearity"]["ltp"] == pytest.approx(5.08, abs=0.1)
    assert found["nonlinearity"]["ltd"] == pytest.approx(4.85, abs=0.1)


def test_files_and_rows_are_whole(finished):
    out, found, _ = finished
    for name in ("numbers.json", "table.md", "training.png", "confusion_mnist.svg", "confusion_cifar10.pdf"):
        assert (out / name).stat().st_size > 1000
    rows = comparisons(found)
    assert len({row.what for row in rows}) == len(rows)
    assert all(row.why for row in rows)
    assert "contradict each other" in as_text(found)
    assert [goal.reach for goal in goals(found)] == [
        ">= 98.9 %", ">= 98.7 %", ">= 98.3 %", "<= 0.5 points", ">= 72 %", "<= 1.0 points", "<= 2.0 points",
    ]  # fmt: skip


def test_curves_have_an_entry_per_epoch_and_do_not_contradict_themselves(finished):
    _, found, _ = finished
    inside = found["mnist"]["in_situ_runs"][0]["mixed_read_back"]
    for curves in (inside["curves"], found["mnist"]["runs"][0]["curves"], found["cifar"]["run"]["curves"]):
        assert len(curves["accuracy_test"]) == len(curves["loss_train"]) == 2
        assert curves["contradictions"] == []
        for matrix in curves["confusion"].values():
            assert np.allclose(np.sum(matrix, axis=1), 1.0)
    # The devices in their array answer as the weights that they stand for.
    assert inside["accuracy"] == pytest.approx(inside["curves"]["accuracy_test"][-1], abs=0.006)
    assert inside["cost"]["pulses"] > 0


def test_without_data_the_networks_are_left_out_and_the_rest_is_there(monkeypatch):
    monkeypatch.setattr(paper, "NOISES", NOISES[:1])
    monkeypatch.setattr(paper, "smooth_curves", lambda: ["ohmic"])
    monkeypatch.setattr(paper, "_graphene", lambda *_: {"comparisons": []})
    found = paper.reproduce(fast=True)
    assert found["mnist"]["float"] is None
    assert found["cifar"]["ex_situ_5"] is None
    assert len(found["left_out"]) == 2
    assert goals(found) == ()


def test_epochs_belong_to_the_paper_whose_training_is_open(tmp_path):
    called = CliRunner().invoke(
        app, ["reproduce", "marraccini2025", "--epochs", "3", "--out", str(tmp_path / "x")]
    )
    assert called.exit_code == 2
    assert "are for roy2025" in called.output


def test_the_papers_accuracy_and_loss_cannot_belong_to_the_same_images():
    said = check_accuracy(0.92, 0.02)
    assert said is not None
    # 0.02 / ln 2 = 2.885 % wrong at most; 8 % wrong cost at least 0.0555.
    assert "2.89 %" in said
    assert "0.0555" in said
    assert check_accuracy(0.98, 0.02) is None


def test_any_answers_satisfy_the_bound_between_accuracy_and_loss():
    draws = torch.Generator().manual_seed(0)
    for sharpness in (0.1, 1.0, 10.0):
        outputs = sharpness * torch.randn(500, 10, generator=draws, dtype=torch.float64)
        labels = torch.randint(10, (500,), generator=draws)
        loss = float(torch.nn.functional.cross_entropy(outputs, labels))
        right = float((outputs.argmax(1) == labels).double().mean())
        assert check_accuracy(right, loss) is None
    # The bound is met where every wrong answer is one of two alike: half a step beyond it is refused.
    assert check_accuracy(0.9, 0.1 * math.log(2.0)) is None
    assert check_accuracy(0.9, 0.1 * math.log(2.0) * 0.999) is not None
    with pytest.raises(PinchedError, match="a share from 0 to 1"):
        check_accuracy(92.0, 0.02)
