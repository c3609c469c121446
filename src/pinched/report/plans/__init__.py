"""Which figures a set of measurements supports: `plan_gallery` lists them all, one module per kind of data.

A plan holds its data and knows how to draw them in any width; nothing is drawn here.
"""

from .everything import plan_gallery as plan_gallery
