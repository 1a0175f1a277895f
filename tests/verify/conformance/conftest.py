"""What the tests of the conformance suite share: one thread for torch."""

import pytest


@pytest.fixture(autouse=True)
def _one_torch_thread():
    """Small matrices: threads only wait for each other."""
    try:
        import torch
    except ImportError:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
