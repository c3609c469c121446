"""`pinched convert`: a trained network from a file into crossbar arrays; summary, diagnosis, cost and accuracy."""

from __future__ import annotations

import io
import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pinched._errors import PinchedError
from pinched._units import to_si
from pinched.cli import options as opt
from pinched.cli.results import command_line
from pinched.cli.terminal import TerminalProgress, mistakes_end_with_two

if TYPE_CHECKING:
    from pinched.crossbar.inputs import InputCoding
    from pinched.crossbar.mapping import ArrayMapping
    from pinched.networks.datasets import ImageSet
    from pinched.networks.model_files import Activation

MARK = "chip.json"
"""File that marks a folder of this command."""


class MappingName(StrEnum):
    """What `--mapping` takes."""

    PAIR = "pair"
    OFFSET = "offset"
    SINGLE = "single"
    SLICES = "slices"
    WORDS = "words"


class InputName(StrEnum):
    """What `--inputs` takes."""

    AMPLITUDE = "amplitude"
    PULSES = "pulses"
    BITS = "bits"


class ActivationName(StrEnum):
    """What `--activation` takes."""

    RELU = "relu"
    TANH = "tanh"
    SIGMOID = "sigmoid"


class DataName(StrEnum):
    """What `--data` takes."""

    DIGITS = "digits"
    MNIST = "mnist"


def mappings() -> dict[MappingName, ArrayMapping]:
    """Name on the command line -> mapping."""
    from pinched.crossbar import mapping as m

    return {
        MappingName.PAIR: m.DifferentialPair(),
        MappingName.OFFSET: m.OffsetColumn(),
        MappingName.SINGLE: m.SingleDevice(),
        MappingName.SLICES: m.BitSlices(),
        MappingName.WORDS: m.BinaryWords(),
    }


def codings() -> dict[InputName, InputCoding]:
    """Name on the command line -> input coding."""
    from pinched.crossbar.inputs import Amplitude, BitSerial, PulseCount

    return {
        InputName.AMPLITUDE: Amplitude(),
        InputName.PULSES: PulseCount(),
        InputName.BITS: BitSerial(),
    }


def activations() -> dict[ActivationName, Activation]:
    """Name on the command line -> activation."""
    from pinched.networks.model_files import Activation

    return {
        ActivationName.RELU: Activation.RELU,
        ActivationName.TANH: Activation.TANH,
        ActivationName.SIGMOID: Activation.SIGMOID,
    }


def _tile(text: str) -> tuple[int, int]:
    parts = text.lower().split("x")
    if len(parts) != 2 or not all(p.strip().isdigit() for p in parts):
        raise PinchedError(f"--tile is '{text}'; write word lines x bit lines, such as 128x128.")
    return int(parts[0]), int(parts[1])


def convert(
    model: Annotated[
        Path, typer.Argument(help="Weights: .npz, .safetensors or .pt (state_dict) of linear layers.")
    ],
    mapping: Annotated[MappingName, typer.Option(help="How weights become conductances.")] = MappingName.PAIR,
    tile: Annotated[str, typer.Option(help="Word lines x bit lines of a tile.")] = "128x128",
    g_min: Annotated[str, typer.Option("--g-min", help="Lowest conductance.")] = "1 uS",
    g_max: Annotated[str, typer.Option("--g-max", help="Highest conductance.")] = "100 uS",
    wire: Annotated[str, typer.Option("--wire", help="Resistance of a wire segment.")] = "0 ohm",
    levels: Annotated[int | None, typer.Option(help="Levels of a device.")] = None,
    d2d: Annotated[float, typer.Option("--d2d", help="Device-to-device deviation of ln G.")] = 0.0,
    c2c: Annotated[float, typer.Option("--c2c", help="Write error as a share of the window.")] = 0.0,
    read_noise: Annotated[
        float, typer.Option("--read-noise", help="Deviation of G from read to read, share.")
    ] = 0.0,
    drift: Annotated[float, typer.Option("--drift", help="Exponent of the drift.")] = 0.0,
    stuck_hrs: Annotated[float, typer.Option("--stuck-hrs", help="Share of devices stuck at G_min.")] = 0.0,
    stuck_lrs: Annotated[float, typer.Option("--stuck-lrs", help="Share of devices stuck at G_max.")] = 0.0,
    dac: Annotated[int | None, typer.Option("--dac", help="Bits of the DAC; ideal without.")] = None,
    adc: Annotated[int | None, typer.Option("--adc", help="Bits of the ADC; ideal without.")] = None,
    inputs: Annotated[
        InputName, typer.Option(help="How inputs are put on word lines.")
    ] = InputName.AMPLITUDE,
    activation: Annotated[ActivationName, typer.Option(help="Between the layers.")] = ActivationName.RELU,
    data: Annotated[DataName | None, typer.Option(help="Test images: digits (8 x 8) or mnist.")] = None,
    folder: Annotated[Path | None, typer.Option(help="Folder with the MNIST files.")] = None,
    arrays: Annotated[int, typer.Option(help="Chips that are drawn.")] = 20,
    times: Annotated[
        list[str] | None,
        typer.Option("--time", help="Time since programming, such as '1 h' in s. May be repeated."),
    ] = None,
    seed: opt.Seed = 0,
    out: opt.Out = Path("pinched_chip"),
    as_json: opt.Json = False,
) -> None:
    """Put a trained network into crossbar arrays and say what becomes of it."""
    with mistakes_end_with_two(as_json):
        from pinched._files import check_output, output_folder, write_text
        from pinched.crossbar.converters import Adc, Dac
        from pinched.crossbar.imperfections import Imperfections
        from pinched.crossbar.window import ConductanceWindow
        from pinched.devices.drift import PowerDrift
        from pinched.networks.array_cost import estimate_cost
        from pinched.networks.convert import convert as put
        from pinched.networks.diagnosis import diagnose
        from pinched.networks.evaluation import evaluate
        from pinched.networks.model_files import chain_of, read_weights
        from pinched.networks.summary import summary

        check_output(out, mark=MARK)
        network = chain_of(read_weights(model), activations()[activation])
        train, test = _images(data, folder)
        if (dac is not None or adc is not None) and train is None:
            raise PinchedError(
                "--dac and --adc take their ranges from images. Give --data digits or --data mnist."
            )
        chip = put(
            network,
            device=ConductanceWindow(g_min=to_si(g_min, "S"), g_max=to_si(g_max, "S")),
            mapping=mappings()[mapping],
            tile=_tile(tile),
            wire_resistance=wire,
            imperfections=Imperfections(
                levels=levels, device_to_device=d2d, cycle_to_cycle=c2c, read_noise=read_noise,
                stuck_at_hrs=stuck_hrs, stuck_at_lrs=stuck_lrs, drift=PowerDrift(nu=drift) if drift else None,
            ),
            dac=None if dac is None else Dac(bits=dac),
            adc=None if adc is None else Adc(bits=adc),
            inputs=codings()[inputs],
            calibration=None if train is None else train.images[:512],
            seed=seed,
        )  # fmt: skip
        texts = [str(summary(chip))]
        record: dict[str, Any] = {
            "command": command_line(),
            "model": str(model),
            "seed": seed,
            "summary": texts[0],
        }
        if train is not None and test is not None:
            found = diagnose(chip, test.images[:256])
            cost = estimate_cost(chip, test.images[:256])
            score = evaluate(
                chip, test, arrays=arrays, times=tuple(times or ("0 s",)), training_data=train,
                progress=TerminalProgress(),
            )  # fmt: skip
            texts += [str(found), str(cost), str(score)]
            record |= {
                "diagnosis": [
                    {
                        "layer": loss.layer, "cause": "all" if loss.cause is None else loss.cause.value,
                        "signal_to_error_db": loss.decibel, "gain": loss.gain,
                    }
                    for loss in found.losses
                ],
                "cost": {name: cost.total(name) for name in ("energy", "latency", "area")},
                "accuracy": {
                    "images": score.images, "times_s": score.times.tolist(),
                    "chips": score.accuracy_over_time.tolist(), "mean": score.mean, "interval": list(score.interval),
                    "worst": score.worst, "float_twin": score.accuracy_float, "most_frequent_class": score.baseline,
                    "nearest_class_mean": score.baseline_nearest_mean,
                },
            }  # fmt: skip
        text = json.dumps(_finite(record), indent=1)
        with output_folder(out, mark=MARK) as aside:
            write_text(aside / MARK, text)
            write_text(aside / "chip.txt", "\n\n".join(texts) + "\n")
            (aside / "chip.npz").write_bytes(_state(chip))
        sys.stdout.write(text + "\n" if as_json else "\n\n".join(texts) + f"\nwritten to {out}\n")


def _images(data: DataName | None, folder: Path | None) -> tuple[ImageSet | None, ImageSet | None]:
    from pinched.networks import datasets

    if data is None:
        return None, None
    if data is DataName.DIGITS:
        return datasets.digits("train"), datasets.digits("test")
    return datasets.mnist("train", folder=folder), datasets.mnist("test", folder=folder)


def _state(chip: Any) -> bytes:
    import numpy as np

    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{name: value.numpy() for name, value in chip.state_dict().items()})
    return buffer.getvalue()


def _finite(value: Any) -> Any:
    """JSON knows no infinity and no NaN."""
    import math

    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
