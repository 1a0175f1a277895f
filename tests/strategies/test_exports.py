"""`__all__` is what is public, in the package and in each of its modules."""

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
def test_module_exports_what_it_defines(name):
    module = import_module(name)
    defined = {
        key
        for key, value in vars(module).items()
        if not key.startswith("_") and getattr(value, "__module__", None) == name and callable(value)
    }
    assert defined <= set(module.__all__)
    assert all(hasattr(module, key) for key in module.__all__)
    assert len(set(module.__all__)) == len(module.__all__)


@pytest.mark.parametrize("name", MODULES)
def test_module_says_its_job(name):
    assert (import_module(name).__doc__ or "").strip()
