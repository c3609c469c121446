"""Reports with a few of their figures, for tests of what stands around them."""

import pytest

from pinched.report import page


def draw_few_figures(patch: pytest.MonkeyPatch) -> None:
    """Let reports draw their first and their last two figures only while `patch` holds.

    That a report draws all of its figures is tested by `pinched extract` in a process of its own (cli/test_extract)
    and by the page of a whole study (report/test_page).
    """
    whole = page.draw_gallery
    patch.setattr(
        page, "draw_gallery", lambda plans, **options: whole([*plans[:1], *plans[1:][-2:]], **options)
    )
