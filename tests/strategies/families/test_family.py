"""The building blocks of families: places drawn, and items found at them."""

from itertools import permutations

import pytest

from hardmax.strategies import FAMILIES, Family
from hardmax.strategies.families.family import at_places, beside, choose, places, subsets

ITEMS = "abcd"


def test_at_places_gives_each_integer_an_item_of_its_own():
    for count in range(5):
        for chosen in permutations(range(-3, 6), count):
            assert len(set(at_places(ITEMS, chosen))) == count
    assert at_places(ITEMS, [0, 1, 2]) == ["a", "b", "c"]
    assert at_places(ITEMS, [1, 5, -3]) == ["b", "c", "d"]


def test_subsets_are_distinct_and_shrink_to_the_first_items(minimal, find_any, assert_all_examples):
    strategy = subsets(ITEMS, 1, 3)
    assert_all_examples(strategy, lambda items: 1 <= len(items) <= 3 and len(set(items)) == len(items))
    assert minimal(strategy) == ("a",)
    assert minimal(strategy, lambda items: len(items) == 3) == ("a", "b", "c")
    find_any(strategy, lambda items: items == ("d", "b"))


def test_beside_leaves_room_for_the_core(minimal, find_any, assert_all_examples):
    strategy = beside(2, ITEMS, 3, 6)
    assert_all_examples(strategy, lambda items: 3 <= 2 + len(items) <= 6 and len(set(items)) == len(items))
    assert minimal(strategy) == ["a"]
    assert minimal(strategy, lambda items: len(items) == 3) == ["a", "b", "c"]
    find_any(strategy, lambda items: items == ["d"])
    assert_all_examples(beside(2, ITEMS, 6, 6), lambda items: sorted(items) == list(ITEMS))


def test_places_are_distinct(assert_all_examples, minimal):
    assert_all_examples(
        places(5, 2, 5), lambda chosen: len(set(chosen)) == len(chosen) and set(chosen) <= set(range(5))
    )
    assert minimal(places(5, 2, 5)) == [0, 1]


def test_choose_shrinks_to_the_first(minimal, find_any):
    assert minimal(choose(ITEMS)) == "a"
    find_any(choose(ITEMS), lambda item: item == "d")
    assert minimal(choose("z")) == "z"


def test_registry_keys_are_names():
    assert all(isinstance(family, Family) and family.name == name for name, family in FAMILIES.items())


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_says_what_it_shrinks_towards(name):
    doc = FAMILIES[name].tokens.__doc__ or ""
    assert all(part in doc for part in ("Shrinks towards", "Args:", "d: ", "min_size: ", "max_size: ", "Raises:"))
