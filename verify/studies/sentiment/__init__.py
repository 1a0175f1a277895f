"""The movie-review classifier of the clustering paper: trained on real reviews, proved, and its claims put to a test.

Job: E → K hardmax layers with one scalar α (A = I) → mean over tokens → linear decoder → sigmoid. `data` splits and
encodes reviews, `model` is the classifier and its file, `hard_attention` and `softmax_attention` compute the layers,
`training` fits it, `proofs` decides every review exactly, `experiment` measures and judges what the paper
says of it; the commands are in `commands/sentiment.py`.

May import: `kernels`, `strategies`, the rest of `verify`; torch and numba only inside the module that needs them.

Source: arXiv:2407.01602, section 4 (the classifier) and the code published with it.
"""
