"""A second paper, attention as a Frank–Wolfe method: arXiv:2508.09628v1, with what is false in print and its repairs.

`rate` is Theorem 3.1, `vertices` Theorem 4.2, `cells` the cells of vertices, `hulls` what is said of the layer itself.
Labels are those of the paper where its numbers are known here, else the names of the statements in its LaTeX source, as
the Lean formalisation Transformer/FrankWolfe in fxeqxmulfx/transformer quotes them.
"""

from .cells import CLAIMS as CELLS
from .hulls import CLAIMS as HULLS
from .rate import CLAIMS as RATE
from .vertices import CLAIMS as VERTICES

CLAIMS = (*RATE, *HULLS, *CELLS, *VERTICES)
