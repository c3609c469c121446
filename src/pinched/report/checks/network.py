"""Checks of an accuracy: what it was measured on, beside what, and what is not in it.

They read the dictionary of `report.numbers`, so that a published numbers.json can be checked like a fresh run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pinched.report.checks.record import Check, Guideline, Verdict


def check_network(found: Mapping[str, Any]) -> list[Check]:
    """All checks of the network in `found` (the dictionary of numbers.json); [] where it holds none."""
    network = found.get("network")
    if not network:
        return []
    return [_test_set(network), _spread(network), _baselines(network), _left_out(), _time()]


def _check(code: str, question: str, verdict: Verdict, finding: str) -> Check:
    return Check(
        code=code, guideline=Guideline.PERFORMANCE2025, question=question, verdict=verdict, finding=finding
    )


def _test_set(network: Mapping[str, Any]) -> Check:
    text, images = str(network.get("test_set", "")), int(network.get("images", 0))
    trained = "training images" in text
    half_width = 0.98 / math.sqrt(images) if images else 1.0
    return _check(
        "N1",
        "Is the accuracy that of a named test set, large enough for its digits?",
        Verdict.FAIL if trained else Verdict.WARN if images < 1000 else Verdict.PASS,
        f"{text}; {images} images resolve +-{half_width:.1%} at worst",
    )


def _spread(network: Mapping[str, Any]) -> Check:
    arrays = int(network["accuracy_array"]["arrays"])
    return _check(
        "N1s",
        "Is the spread over arrays and training seeds stated, with the worst case?",
        Verdict.WARN,
        f"{arrays} arrays, worst {network['accuracy_array']['min']:.2%}; one training seed (5 are asked for)",
    )


def _baselines(network: Mapping[str, Any]) -> Check:
    mean, trivial = network["accuracy_array"]["mean"], network["baseline"]
    nearest = network.get("baseline_nearest_mean")
    lost = network["accuracy_float"] - mean
    better = nearest is None or mean > nearest
    return _check(
        "N1b",
        "Does the network beat what needs no network, and is the float twin beside it?",
        Verdict.PASS if better else Verdict.WARN,
        f"{mean:.2%} through the arrays, {lost:.2%} below the float network; trivial {trivial:.2%}"
        + ("" if nearest is None else f", nearest class mean {nearest:.2%}"),
    )


def _left_out() -> Check:
    return _check(
        "N1w",
        "Is every effect stated as on or off?",
        Verdict.WARN,
        "device-to-device and write errors on; wires, converters, read noise, drift off: this is an upper bound",
    )


def _time() -> Check:
    return _check(
        "N2",
        "Is the accuracy given for a time after programming?",
        Verdict.CANNOT_TELL,
        "the accuracy is that of the moment after writing (missing: retention data)",
    )
