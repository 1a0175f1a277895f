"""One module a family of claims, each ending in a tuple `CLAIMS`.

`clustering` is the theorem, `lemmas` its lemmas, `metamorphic` the symmetries of the layer, `routes` the independent
ways to one result, `control` which tokens the choice of A can make lead, `curves` who leads among samples of a closed
curve, `necessity` the dropped hypotheses, `frank_wolfe` a theorem that is false as printed.
"""
