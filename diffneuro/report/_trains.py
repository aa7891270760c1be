"""The colours of groups of spike trains."""

from ._drawing import FITTED, HELD_OUT, RECORDED

# A population has the same colour in its raster and its rate. Okabe & Ito 2008.
GROUP_COLOURS = (RECORDED, FITTED, HELD_OUT, "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
