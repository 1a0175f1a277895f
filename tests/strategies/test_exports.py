"""`__all__` of the package is what is public in it, and each of its modules says its job."""

import pkgutil
from importlib import import_module
from types import ModuleType

import pytest

import hardmax.strategies

MODULES = [module.name for module in pkgutil.iter_modules(hardmax.strategies.__path__, "hardmax.strategies.")]


def test_modules_are_found():
    assert {"hardmax.strategies.configurations", "hardmax.strategies.scalars"} <= set(MODULES)


def test_package_exports_what_is_public():
    public = {
        name
        for name, value in vars(hardmax.strategies).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }
    # `configurations` is the name of the function and of its module: the function must win.
    assert "configurations" in public
    assert public == set(hardmax.strategies.__all__)


@pytest.mark.parametrize("name", MODULES)
def test_module_says_its_job(name):
    assert (import_module(name).__doc__ or "").strip()
