"""The movie-review classifier of the clustering paper: trained on real reviews, proved, and its claims put to a test.

Job: E → K hardmax layers with one scalar α (A = I) → mean over tokens → linear decoder → sigmoid. `classifier` has the
data, the model and its training, `proofs` decides every review exactly, `explain` takes one apart, `experiment` trains,
measures and judges what the paper says, `journal` keeps results to go on from, `text` is what a person reads.

May import: `kernels`, `strategies`, the rest of `verify`; torch and numba only inside the module that needs them.

Source: arXiv:2407.01602, section 4 (the classifier) and the code published with it.
"""
