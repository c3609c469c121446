"""Checks of an accuracy: what it was measured on, beside what, and what is not in it.

They read the dictionary of `report.numbers`, so that a published numbers.json can be checked like a fresh run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pinched.report.checks.record import Check, Guideline, Verdict

GAP = 0.05
"""Accuracy on training images above that on test images that says memorised rather than learnt."""

OURS = ("N2",)
"""Codes that are our reading of good practice and no sentence of the guideline."""


def check_network(found: Mapping[str, Any]) -> list[Check]:
    """All checks of the network in `found` (the dictionary of numbers.json); [] where it holds none."""
    network = found.get("network")
    if not network:
        return []
    return [
        _test_set(network),
        _spread(network),
        _baselines(network),
        _left_out(network),
        _time(network, retention=bool(found.get("retention"))),
        _honest(network),
    ]


def _check(code: str, question: str, verdict: Verdict, finding: str) -> Check:
    return Check(
        code=code,
        guideline=Guideline.PERFORMANCE2025,
        question=question,
        verdict=verdict,
        finding=finding,
        our_reading=code in OURS,
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


def _left_out(network: Mapping[str, Any]) -> Check:
    bake = network.get("bake")
    on = ["device-to-device", "write errors", *(["retention"] if bake else [])]
    off = ["wires", "converters", "read noise", *([] if bake else ["drift"])]
    return _check(
        "N1w",
        "Is every effect stated as on or off?",
        Verdict.WARN,
        f"{', '.join(on)} on; {', '.join(off)} off: this is an upper bound",
    )


def _time(network: Mapping[str, Any], *, retention: bool) -> Check:
    bake = network.get("bake")
    if bake and bake.get("time") is not None:
        verdict = Verdict.PASS
        words = f"{float(bake['time']):.3g} s at {float(bake['temperature']):.4g} K after writing"
    elif retention:
        verdict = Verdict.WARN
        words = "the accuracy is that of the moment after writing, although retention was measured"
    else:
        verdict = Verdict.CANNOT_TELL
        words = "the accuracy is that of the moment after writing (missing: retention data)"
    return _check("N2", "Is the accuracy given for a time after programming?", verdict, words)


def _honest(network: Mapping[str, Any]) -> Check:
    question = "Do accuracy and loss agree, and do training and test images?"
    loss, train, float_twin = (
        network.get(name) for name in ("loss_float", "accuracy_train", "accuracy_float")
    )
    if loss is None or float_twin is None:
        return _check("N3", question, Verdict.CANNOT_TELL, "(missing: loss of the float network)")
    # The true class of a wrong answer has at most half the probability: each costs at least ln 2.
    wrong, most = 1.0 - float(float_twin), float(loss) / math.log(2.0)
    words = f"{wrong:.2%} wrong, the loss allows {min(most, 1.0):.2%}"
    if wrong > most * (1.0 + 1e-6) + 1e-9:
        return _check("N3", question, Verdict.FAIL, words + ": they are not of the same answers")
    if train is None:
        return _check("N3", question, Verdict.CANNOT_TELL, words + " (missing: accuracy on training images)")
    gap = float(train) - float(float_twin)
    return _check(
        "N3",
        question,
        Verdict.WARN if gap > GAP else Verdict.PASS,
        f"{words}; {float(train):.2%} of training and {float(float_twin):.2%} of test images right"
        + (": it learnt its images by heart" if gap > GAP else ""),
    )
