"""Work that several processes share gives the same answers in the same order as work that one does."""

import os

import pytest

from pinched._errors import PinchedError
from pinched._parallel import FEWEST, shared


def square(number):
    return number**2, os.getpid()


def refuse(number):
    raise PinchedError(f"{number} is refused. Give another.")


class Counting:
    def __init__(self):
        self.seen = []

    def track(self, steps, description, total):
        for step in steps:
            self.seen.append((description, total))
            yield step


def test_few_items_stay_in_this_process():
    bar = Counting()
    found = shared(square, range(FEWEST - 1), workers=4, progress=bar, description="squares")
    assert [value for value, _ in found] == [n**2 for n in range(FEWEST - 1)]
    assert {pid for _, pid in found} == {os.getpid()}
    assert bar.seen == [("squares", FEWEST - 1)] * (FEWEST - 1)


def test_the_order_does_not_depend_on_the_processes():
    found = shared(abs, list(range(-FEWEST * 2, 0)), workers=2)
    assert found == list(range(FEWEST * 2, 0, -1))


def test_nothing_to_do():
    assert shared(square, [], workers=2) == []


def test_a_mistake_comes_through():
    with pytest.raises(PinchedError, match="Give another"):
        shared(refuse, [1], workers=2)
