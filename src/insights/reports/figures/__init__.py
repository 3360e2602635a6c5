"""Figures as SVG text: calm, readable in grey, with the text left as text in the reader's fonts.

A figure is drawn twice, ``wide`` for the desk and the printer and ``narrow`` for a telephone: a picture that is merely
scaled down cannot be read. The forms of ``Figure.data`` (messages may stand wherever a label does, None is a value
that is withheld and is drawn as such, never as zero):

- ``curves``: ``{"panels": [{"title", "series": [{"label", "times", "values", "low", "high", "style"}],
  "at_risk": [{"label", "times", "counts"}]}], "x_label", "y_label", "y_kind": "percent", "y_max"}``; ``style`` is
  "solid" or "dashed", ``y_max`` may be left out
- ``lines``: ``{"series": [{"label", "dates" (ISO), "values", "low", "high"}], "y_kind", "y_label"}`` (low and high
  optional: a band), or ``{"panels": [...]}`` of these, each with an optional ``title``, one above the other on the same
  time axis
- ``matrix``: ``{"points": [{"label", "x", "y", "x_low", "x_high", "y_low", "y_high"}], "x_kind", "y_kind", "x_label",
  "y_label", "corners" (four words: top left, top right, bottom left, bottom right)}``: the field is cut at the means
- ``bars``: ``{"bars": [{"label", "value", "low", "high", "note"}], "kind", "x_label", "in_order"}`` (low, high and
  note optional; ``in_order`` keeps the order given, else the longest comes first; with ``reference``, such as 1 for
  ratios, points on a logarithmic scale around it)
- ``waterfall``: ``{"start": {"label", "value"}, "steps": [{"label", "value", "low", "high"}], "end": {"label",
  "value"}, "kind", "x_label"}``: each step begins where the one before ended
- ``stacked``: ``{"dates", "series": [{"label", "values"}], "y_kind", "y_label"}``
- ``heat``: ``{"rows", "columns", "values" (one list per row), "kind"}``; columns that are months are labelled by year
- ``shares``: ``{"across", "below" (shares from 0 to 1), "x_label", "y_label"}``: a Lorenz curve beside the diagonal
"""

from collections.abc import Callable

from insights.reports.exhibits.base import Figure
from insights.reports.figures.bars import draw_bars
from insights.reports.figures.canvas import Canvas, drawing_style
from insights.reports.figures.curves import draw_curves
from insights.reports.figures.heat import draw_heat
from insights.reports.figures.lines import draw_lines, draw_stacked
from insights.reports.figures.matrix import draw_matrix
from insights.reports.figures.shares import draw_shares
from insights.reports.figures.waterfall import draw_waterfall
from insights.reports.wording import Wording

__all__ = ["draw"]

_KINDS: dict[str, Callable[[Figure, Wording, bool], Canvas]] = {
    "curves": draw_curves,
    "lines": draw_lines,
    "bars": draw_bars,
    "stacked": draw_stacked,
    "heat": draw_heat,
    "shares": draw_shares,
    "matrix": draw_matrix,
    "waterfall": draw_waterfall,
}


def draw(figure: Figure, wording: Wording, *, name: str = "figure", narrow: bool = False) -> str:
    """Return the figure as one ``<svg>`` element for an HTML page, the same bytes for the same input.

    ``name`` makes the ids inside unique in the page. Everything a client or a bank wrote is escaped text. ValueError
    for an unknown kind.
    """
    if figure.kind not in _KINDS:
        raise ValueError(f"no figure of kind {figure.kind!r}; expected one of {', '.join(_KINDS)}")
    with drawing_style():
        canvas = _KINDS[figure.kind](figure, wording, narrow)
        return canvas.svg(name=name, alt=wording.text(figure.alt))
