"""A box with two scales, in which the drawing library draws curves and areas given in their values."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.collections import FillBetweenPolyCollection
from matplotlib.lines import Line2D
from matplotlib.transforms import Affine2D, Bbox

from insights.reports.figures.canvas import Box, Canvas


class Plot:
    """The part of a canvas inside ``box``, across from ``x[0]`` to ``x[1]``, upwards from ``y[0]`` to ``y[1]``.

    It takes the place of the library's axes, which measure and draw much that a canvas does itself. What lies beyond
    the scales is cut off at the edge of the box.
    """

    def __init__(self, canvas: Canvas, box: Box, x: tuple[float, float], y: tuple[float, float]) -> None:
        self._drawing = canvas.drawing
        foot = canvas.height - box.bottom  # the library counts from the bottom
        across, up = box.width / ((x[1] - x[0]) or 1.0), box.height / ((y[1] - y[0]) or 1.0)
        self._scales = Affine2D().translate(-x[0], -y[0]).scale(across, up).translate(box.left, foot)
        self._inside = Bbox.from_bounds(box.left, foot, box.width, box.height)

    def line(self, x: Sequence[float], y: Sequence[float], *, step: bool = False, **look: Any) -> None:
        """Draw a line through the points; with ``step`` each value holds until the next one."""
        self.add(Line2D(x, y, drawstyle="steps-post" if step else "default", **look))

    def area(
        self, x: Sequence[float], low: Sequence[float], high: Sequence[float], *, step: bool = False, **look: Any
    ) -> None:
        """Fill what lies between two lines, but where one of them is nan."""
        ends = (np.ma.masked_invalid(np.asarray(values, dtype=float)) for values in (x, low, high))
        self.add(FillBetweenPolyCollection("x", *ends, step="post" if step else None, **look))

    def add(self, artist: Artist) -> None:
        """Draw something of the library's, given in values of the scales."""
        artist.set_transform(self._scales)
        artist.set_clip_box(self._inside)
        self._drawing.add_artist(artist)
