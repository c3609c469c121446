"""`train_epochs`: an ordinary training loop with any torch optimizer that keeps what figures need and can be resumed.

For a network before programming `train` is shorter. This loop is for training curves (accuracy and loss of both sets
after every epoch, confusion matrices at chosen ones), for `PulseSGD`, and for runs of hours: with `checkpoint` it
goes on from the last whole epoch, to the same result as without the stop.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from pinched._errors import PinchedError
from pinched._params import require
from pinched._progress import Progress, Silent
from pinched.networks.cnn import Standardise
from pinched.networks.datasets import ImageSet

AT_ONCE = 500
"""Images that pass the network together in a test."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """How long and how fast; the rate rises along a line and falls along half a cosine."""

    epochs: int = 10
    batch: int = 64
    """Images per step; the last of an epoch may have fewer."""
    warm_up: float = 0.0
    """Share of all steps in which the rate rises from zero."""
    flip: bool = False
    """Whether each image is mirrored by chance (for photographs, not for digits)."""
    shift: int = 0
    """Pixels by which a batch is moved by chance in each direction."""
    seed: int = 0

    def __post_init__(self) -> None:
        require(
            self,
            self.epochs >= 1 and self.batch >= 1 and self.shift >= 0,
            f"epochs is {self.epochs}, batch {self.batch}, shift {self.shift}: at least 1, 1 and 0.",
        )
        require(self, 0.0 <= self.warm_up < 1.0, f"warm_up is {self.warm_up}; a share of the steps, below 1.")

    def rate(self, step: int, steps: int) -> float:
        """Factor on the learning rate at `step` of `steps`."""
        rising = self.warm_up * steps
        if step < rising:
            return (step + 1) / (rising + 1)
        return 0.5 * (1.0 + math.cos(math.pi * (step - rising) / max(steps - rising, 1)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Curves:
    """What was seen of a training, one entry per epoch; accuracies are shares, losses mean cross-entropies (nat)."""

    accuracy_train: tuple[float, ...] = ()
    """Of the training images as they pass, before the step that each is part of: no second look at them."""
    loss_train: tuple[float, ...] = ()
    accuracy_test: tuple[float, ...] = ()
    loss_test: tuple[float, ...] = ()

    @property
    def epochs(self) -> int:
        """Epochs so far."""
        return len(self.accuracy_test)

    def contradictions(self) -> tuple[str, ...]:
        """What `check_accuracy` has to say about every epoch; empty unless something is miscounted."""
        found = []
        for k in range(self.epochs):
            for name, accuracy, loss in (
                ("training", self.accuracy_train[k], self.loss_train[k]),
                ("test", self.accuracy_test[k], self.loss_test[k]),
            ):
                said = check_accuracy(accuracy, loss)
                found += [f"epoch {k + 1}, {name}: {said}"] if said else []
        return tuple(found)


def check_accuracy(accuracy: float, loss: float) -> str | None:
    """Whether an accuracy (share) and a mean cross-entropy (nat) can belong to the same images; None if they can.

    An image that is answered wrongly has a probability of at most one half for its class, hence a loss of at least
    ln 2: the share of wrong answers is at most loss / ln 2. Raises `PinchedError` for numbers that are none.
    """
    if not (0.0 <= accuracy <= 1.0 and loss >= 0.0):
        raise PinchedError(
            f"accuracy is {accuracy} and loss {loss}: a share from 0 to 1 (92 % is 0.92) and a mean cross-entropy."
        )
    most = loss / math.log(2.0)
    # A float32 sum over ten thousand images is right to about a millionth.
    if 1.0 - accuracy <= most + 1e-6:
        return None
    return (
        f"an accuracy of {100 * accuracy:.4g} % and a mean cross-entropy of {loss:.4g} contradict each other: with "
        f"this loss at most {100 * most:.3g} % of the answers can be wrong, with this accuracy the loss is at "
        f"least {(1.0 - accuracy) * math.log(2.0):.3g}. They are of different sets, or the loss is another one."
    )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Training:
    """What `train_epochs` gives."""

    curves: Curves
    confusion: dict[int, Float[Tensor, "true predicted"]]
    """Share of the test images of a true class given each answer, after each epoch that was asked for."""


@torch.no_grad()
def judged(model: nn.Module, data: ImageSet) -> tuple[float, float, Float[Tensor, "true predicted"]]:
    """Accuracy (share), mean cross-entropy (nat) and confusion (shares of a true class) of `model` on `data`."""
    was = model.training
    model.eval()
    outputs = torch.cat([model(part) for part in data.images.split(AT_ONCE)])
    model.train(was)
    classes = len(data.classes)
    answers = outputs.argmax(1)
    counts = torch.bincount(data.labels * classes + answers, minlength=classes**2).double()
    counts = counts.reshape(classes, classes)
    loss = float(functional.cross_entropy(outputs.double(), data.labels))
    return (
        float((answers == data.labels).double().mean()),
        loss,
        counts / counts.sum(1, keepdim=True).clamp(min=1),
    )


def train_epochs(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    train: ImageSet,
    test: ImageSet,
    recipe: Recipe,
    *,
    confusion_at: tuple[int, ...] = (),
    checkpoint: Path | None = None,
    progress: Progress | None = None,
    name: str = "training",
) -> Training:
    """Train `model` in place by `optimizer`, whose rates are those of the start; see `Recipe`.

    `confusion_at` are epochs (1 is the first) after which confusion matrices are kept, `checkpoint` the file that a
    stopped run goes on from when it is called with a model and an optimizer made alike. Images are moved and mirrored
    only where they have rows and columns, that is for a `model` that begins with `Standardise`. Raises `PinchedError`
    when the loss is no longer finite, and for a checkpoint of another recipe.
    """
    base = [float(group["lr"]) for group in optimizer.param_groups]
    draws = torch.Generator().manual_seed(recipe.seed)
    curves, confusion = Curves(), {}
    if checkpoint is not None and checkpoint.is_file():
        curves, confusion = _resume(checkpoint, recipe, model, optimizer, draws)
    per_epoch = math.ceil(len(train) / recipe.batch)
    steps = recipe.epochs * per_epoch
    left = range(curves.epochs, recipe.epochs)
    shape = _image_shape(model) if recipe.flip or recipe.shift else None
    for epoch in (progress or Silent()).track(left, name, len(left)):
        model.train()
        order = torch.randperm(len(train), generator=draws)
        right, total = 0, 0.0
        for k in range(per_epoch):
            for group, rate in zip(optimizer.param_groups, base, strict=True):
                group["lr"] = rate * recipe.rate(epoch * per_epoch + k, steps)
            index = order[k * recipe.batch : (k + 1) * recipe.batch]
            images, labels = train.images[index], train.labels[index]
            if shape is not None:
                images = _moved(images, shape, recipe, draws)
            outputs = model(images)
            loss = functional.cross_entropy(outputs, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(index)
            right += int((outputs.detach().argmax(1) == labels).sum())
        if not math.isfinite(total):
            raise PinchedError(
                f"the loss is {total} in epoch {epoch + 1}. Use a lower rate than {max(base)}."
            )
        accuracy, test_loss, matrix = judged(model, test)
        curves = Curves(
            accuracy_train=(*curves.accuracy_train, right / len(train)),
            loss_train=(*curves.loss_train, total / len(train)),
            accuracy_test=(*curves.accuracy_test, accuracy),
            loss_test=(*curves.loss_test, test_loss),
        )
        if epoch + 1 in confusion_at:
            confusion[epoch + 1] = matrix
        if checkpoint is not None:
            _keep(checkpoint, recipe, model, optimizer, draws, curves, confusion)
    for group, rate in zip(optimizer.param_groups, base, strict=True):
        group["lr"] = rate
    model.eval()
    return Training(curves=curves, confusion=confusion)


def _image_shape(model: nn.Module) -> tuple[int, int, int]:
    first = next((m for m in model.modules() if isinstance(m, Standardise)), None)
    if first is None:
        raise PinchedError(
            "images can be moved or mirrored only by rows and columns, which this model does not state. Begin it "
            "with Standardise, or leave flip and shift out."
        )
    return first.shape


def _moved(images: Tensor, shape: tuple[int, int, int], recipe: Recipe, draws: torch.Generator) -> Tensor:
    x = images.view(-1, *shape)
    if recipe.shift:
        down, right = torch.randint(-recipe.shift, recipe.shift + 1, (2,), generator=draws).tolist()
        s = recipe.shift
        wide = functional.pad(x, (s, s, s, s))
        x = wide[:, :, s + down : s + down + shape[1], s + right : s + right + shape[2]]
    if recipe.flip:
        chosen = torch.rand(len(x), generator=draws) < 0.5
        x = torch.where(chosen[:, None, None, None], x.flip(3), x)
    return x.reshape(len(x), -1)


def _stated(recipe: Recipe) -> dict[str, float]:
    return {name: float(value) for name, value in dataclasses.asdict(recipe).items()}


def _keep(
    path: Path,
    recipe: Recipe,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    draws: torch.Generator,
    curves: Curves,
    confusion: dict[int, Tensor],
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.part")
    torch.save(
        {
            "recipe": _stated(recipe), "model": model.state_dict(), "optimizer": optimizer.state_dict(),
            "draws": draws.get_state(), "curves": dataclasses.asdict(curves), "confusion": confusion,
        },
        aside,
    )  # fmt: skip
    aside.replace(path)


def _resume(
    path: Path, recipe: Recipe, model: nn.Module, optimizer: torch.optim.Optimizer, draws: torch.Generator
) -> tuple[Curves, dict[int, Tensor]]:
    held = torch.load(path, weights_only=True)
    if held["recipe"] != _stated(recipe):
        raise PinchedError(
            f"{path}: was begun with {held['recipe']}, now asked for is {_stated(recipe)}. Remove it, or ask for the "
            "same."
        )
    model.load_state_dict(held["model"])
    optimizer.load_state_dict(held["optimizer"])
    draws.set_state(held["draws"])
    return Curves(**{name: tuple(values) for name, values in held["curves"].items()}), held["confusion"]
