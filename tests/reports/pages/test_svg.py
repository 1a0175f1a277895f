"""The pictures show what the records say: who follows whom, who leads from which layer, where the limits are."""

import dataclasses
import re
from fractions import Fraction
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hardmax.kernels import Configuration
from hardmax.reports.pages import svg
from hardmax.reports.pages.gap_plot import gap_plot
from hardmax.reports.pages.scene import LIMIT, MAX_TOKENS, scene_of

NS = "{http://www.w3.org/2000/svg}"
# the paper's Figure 2a: a leader emerges
LATE = Configuration(
    [
        tuple(map(Fraction, pair.split()))
        for pair in ("1 1/3", "-1/12 1/12", "-1 -1", "0 1/4", "-3/10 -7/10", "-3/5 -9/10", "4/5 1/10", "3/5 3/20")
    ],
    alpha=Fraction(1, 2),
)


def arrows(parts) -> int:
    """Arrows and loops: shafts end where heads begin."""
    return len(re.findall("M[^M]*M[^M]*L[^M]*L|c", parts.paths["arrow"].replace("Q", "L")))


@pytest.fixture(scope="session")
def late(made):
    return made.counterexample(LATE, layers=8, layer=2, tokens=(2,))


def leaders_drawn(scene, k) -> set[int]:
    return {i for i, token in enumerate(svg.parts(scene, k).tokens) if "leader" in token.classes.split()}


def leaders_by_sets(record, k) -> set[int]:
    """From the follow sets alone: who has led at layer k or before (a leader stays one)."""
    return {i for sets in record.trajectory.follow_sets[: k + 1] for i, C in enumerate(sets) if C == (i,)}


def check_leaders(record, scene) -> None:
    for k in range(len(record.trajectory.layers)):
        assert leaders_drawn(scene, k) == leaders_by_sets(record, k), f"layer {k}"


def test_leaders_are_marked_from_the_layer_at_which_they_emerge(late):
    layers = sorted(late.leaders.values())
    assert layers[0] == 0 < layers[-1]  # the example has a leader that emerges
    check_leaders(late, scene_of(late))


@pytest.mark.parametrize("shift", [-1, 1])
def test_a_leader_marked_one_layer_off_is_noticed(late, shift):
    wrong = dataclasses.replace(scene_of(late), leaders={i: k + shift if k else k for i, k in late.leaders.items()})
    with pytest.raises(AssertionError, match="layer"):
        check_leaders(late, wrong)


def test_there_is_an_arrow_to_every_member_of_every_follow_set_but_of_leaders(made):
    c = Configuration([(3, 0), (0, 3), (-3, 0), (0, -3), (1, 1), (2, -1)])
    record = made.counterexample(c, layers=3)
    scene = scene_of(record)
    expected = sum(len(C) for i, C in enumerate(record.trajectory.follow_sets[0]) if C != (i,))
    assert expected == 3  # token 4 follows two, token 5 one
    assert arrows(svg.parts(scene, 0)) == expected


def test_a_token_that_follows_itself_in_a_tie_has_a_loop(made):
    assert "c-8 -15" in svg.parts(scene_of(made.zero_token()), 0).paths["arrow"]


def test_the_failing_token_alone_wears_a_ring(made):
    tokens = svg.parts(scene_of(made.zero_token()), 0).tokens
    assert ["marked" in t.classes.split() for t in tokens] == [False, False, False, True]


def test_the_last_frame_is_the_limit_and_the_claim_fails_there(made):
    scene = scene_of(made.zero_token())
    assert scene.frames[-1].name == LIMIT
    assert scene.fails == scene.start == len(scene.frames) - 1
    finite = scene_of(made.zero_token(layer=2))
    assert finite.frames[finite.fails].name == "2"
    assert scene_of(made.zero_token(layer=99)).fails is None


def test_positions_are_those_of_the_record(made):
    c = Configuration([(2, 0), (0, 2), (-2, -2)])
    record = made.counterexample(c, limits=c.tokens)
    tokens = svg.parts(scene_of(record), 0).tokens
    (x0, y0), (x1, y1), (x2, y2) = (t.at for t in tokens)
    assert x0 - x1 == pytest.approx(x1 - x2)  # 2 apart each; y grows downwards on a screen
    assert y0 - y1 == pytest.approx(y2 - y0)
    assert x0 - x1 == pytest.approx(y0 - y1)


def test_faces_and_projections_are_drawn_for_cluster_points_that_are_no_vertices(made):
    c = Configuration([(1, 1), (1, -1), (-1, 1), (-1, -1), (Fraction(1, 2), 0)])
    record = made.counterexample(c, limits=[*c.tokens[:4], (1, 0)], layers=4)
    scene = scene_of(record)
    assert [len(face.corners) for face in scene.faces] == [2]
    parts = svg.parts(scene, 0)
    assert parts.paths["face"].count("M") == parts.paths["projection"].count("M") == 1
    assert len(scene.edges) == 4
    assert parts.paths["cluster"].count("Z") == 5


def test_a_face_of_many_corners_is_drawn_by_its_edges(made):
    top = [(x, y, 1) for x in (-1, 1) for y in (-1, 1)]
    c = Configuration([*top, (0, 0, -3), (0, 0, Fraction(1, 2))])
    scene = scene_of(made.counterexample(c, limits=[*top, (0, 0, -3), (0, 0, 1)], layers=2))
    (face,) = scene.faces
    assert len(face.corners) == len(face.edges) == 4  # a square, without its diagonals


def test_an_interior_limit_has_no_face(made):
    assert scene_of(made.zero_token()).faces == ()


def test_with_another_inner_product_the_face_is_the_one_of_that_product(made):
    A = [(2, 0), (0, 1)]
    c = Configuration([(1, 2), (1, -2), (-1, 0), (Fraction(1, 2), Fraction(1, 8))], A)
    record = made.counterexample(c, limits=[(1, 2), (1, -2), (-1, 0), (1, 0)], layers=2)
    scene = scene_of(record)
    assert [len(face.corners) for face in scene.faces] == [2]
    assert "not those of A" in scene.note


def test_labels_that_stand_together_share_one_text(made):
    c = Configuration([(1, 0), (-1, 0), (Fraction(999, 1000), 0)], labels=["a", "b", "c"])
    texts = [label.text for label in svg.parts(scene_of(made.counterexample(c, layers=2)), 0).labels]
    assert texts == ["a, c", "b"]


def test_a_label_covers_neither_another_one_nor_what_is_taken():
    beside = [((100.0, 100.0), "a", False), ((112.0, 97.0), "b", True), ((113.0, 98.0), "c", False)]
    first, *others = svg.placed(beside, 200, [(106, 91, 118, 103)])
    assert (first.text, first.at, first.end) == ("b", (121.0, 88.0), False)  # what is marked comes first
    assert [(label.text, label.at, label.end) for label in others] == [
        ("a", (91.0, 91.0), True),
        ("c", (104.0, 89.0), True),
    ]
    walls = [(0.0, 0.0, 200.0, 200.0)]
    assert [label.text for label in svg.placed(beside, 200, walls)] == ["b"]


def test_a_line_of_tokens_has_arcs_and_a_flat_picture(made):
    c = Configuration([(1,), (-1,), (0,)])
    scene = scene_of(made.counterexample(c))
    assert "Q" in svg.parts(scene, 0).paths["arrow"]
    assert svg.window(scene)[3] < svg.SIZE


def test_more_tokens_than_a_picture_can_show_make_no_picture(made):
    c = Configuration([(i, 1) for i in range(MAX_TOKENS + 1)])
    assert scene_of(made.result(c, layers=1)) is None


@pytest.mark.parametrize("d", [1, 2, 3, 4])
@pytest.mark.parametrize("scale", [Fraction(1, 10**400), 1, 10**400])
def test_a_standalone_picture_is_well_formed_and_inside_its_window(made, d, scale):
    tokens = [[scale * (3 * (i == j) - 1) for j in range(d)] for i in range(d + 1)]
    record = made.counterexample(Configuration(tokens, labels=[f"<b>&{i}\x00" for i in range(d + 1)]), limits=tokens)
    scene = scene_of(record)
    for k in (0, len(scene.frames) - 1):
        root = ET.fromstring(svg.standalone(scene, k))
        x, y, width, height = map(float, root.get("viewBox").split())
        places = [re.findall(r"[-0-9.]+", g.get("transform")) for g in root.iter(f"{NS}g") if g.get("transform")]
        assert len(places) == d + 1
        assert all(x <= float(u) <= x + width and y <= float(v) <= y + height for u, v in places)
        assert "\x00" not in svg.standalone(scene, k)


@settings(max_examples=40)
@given(st.data(), st.integers(1, 4))
def test_every_configuration_can_be_drawn(made, data, d):
    coordinate = st.fractions(-5, 5, max_denominator=6)
    tokens = data.draw(st.lists(st.tuples(*[coordinate] * d), min_size=1, max_size=6))
    record = made.result(Configuration(tokens), layers=3)
    scene = scene_of(record)
    for k in range(len(scene.frames)):
        ET.fromstring(svg.standalone(scene, k))
        assert arrows(svg.parts(scene, k)) <= sum(map(len, record.trajectory.follow_sets[k]))


# -- gaps --------------------------------------------------------------------------------------------------------------


def with_gaps(made, gaps, bounds=None):
    record = made.zero_token(layer=1)
    trajectory = replace(record.trajectory, gaps=tuple(gaps), bounds=None if bounds is None else tuple(bounds))
    return replace(record, trajectory=trajectory)


def test_the_gap_plot_has_a_point_for_every_layer_with_a_gap(made):
    plot = gap_plot(with_gaps(made, ["1", "1/10", None, "1/1000", "1/10000", f"1/{10**500}"]))
    points = re.findall(r'class="gap-point" cx="([-0-9.]+)" cy="([-0-9.]+)"', plot.content)
    assert len(points) == 5
    assert [float(x) for x, _ in points] == pytest.approx(
        [plot.start + k * plot.step for k in (0, 1, 3, 4, 5)], abs=0.1
    )
    heights = [float(y) for _, y in points]
    assert heights == sorted(heights)
    (curve,) = re.findall(r'class="gap" d="([^"]*)"', plot.content)
    assert curve.count("M") == 2  # interrupted at the layer without a gap


def test_the_gap_plot_shows_the_error_bound_if_there_is_one(made):
    gaps = ["1", "1/2", "1/4", "1/8", "1/16", "1/32"]
    assert 'class="bound"' not in gap_plot(with_gaps(made, gaps)).content
    plot = gap_plot(with_gaps(made, gaps, ["1/1000"] * 6))
    assert 'class="bound"' in plot.content
    assert "error bound" in plot.content


def test_the_gap_plot_marks_the_freeze_layer_and_the_failing_layer(made):
    content = gap_plot(with_gaps(made, ["1"] * 6)).content
    assert ">frozen<" in content
    assert ">fails<" in content


def test_without_gaps_there_is_no_plot(made):
    assert gap_plot(with_gaps(made, [None] * 6)) is None


# -- the check of a kernel ---------------------------------------------------------------------------------------------


@pytest.fixture
def failing(made):
    (check,) = [c for c in made.kernel_records().run.checks if c.status == "fail"]
    return check


def test_a_wrong_kernel_is_shown_at_the_layer_after_the_one_it_gets_wrong(failing):
    scene = scene_of(failing)
    assert (scene.start, scene.fails) == (1, 1)
    drawn = [svg.parts(scene, k).paths["misplaced"] for k in range(len(scene.frames))]
    assert [bool(path) for path in drawn] == [False, True, False]
    ((x, y), (cross_x, cross_y)) = [tuple(map(float, p.split())) for p in drawn[1][1:].split("M")[0].split("L")]
    assert (x, y) == pytest.approx(svg.parts(scene, 1).tokens[2].at, abs=0.06)  # where token 2 belongs: (1, 0)
    # The kernel put it at (1, 1/2): half the way to token 0 at (1, 1).
    up = svg.parts(scene, 1).tokens[0].at
    assert (cross_x, cross_y) == pytest.approx(((x + up[0]) / 2, (y + up[1]) / 2), abs=0.1)
    assert [t.classes for t in svg.parts(scene, 0).tokens] == ["token leader", "token leader", "token marked"]
    assert "token 2" in scene.failing


@pytest.mark.parametrize("changes", [{"token": None}, {"returned": None}, {"first_divergent_layer": 2}])
def test_a_check_without_a_misplaced_token_has_a_picture_without_a_cross(failing, changes):
    scene = scene_of(replace(failing, **changes))
    assert scene.misplaced is None
    assert scene.marked == ()
    assert not any(svg.parts(scene, k).paths["misplaced"] for k in range(len(scene.frames)))


def test_a_cross_far_away_stays_within_the_picture(failing):
    scene = scene_of(replace(failing, returned=("-70", "1/3")))
    path = svg.parts(scene, 1).paths["misplaced"]
    assert all(-10 <= float(v) <= svg.SIZE + 10 for v in re.findall(r"-?[0-9.]+", path))


def test_a_still_shows_what_the_picture_that_moves_shows(late):
    """Shapes that the style sheet hides and empty paths are left out of it, and nothing else."""
    scene = scene_of(late)
    for k in range(len(scene.frames)):
        still, every = (
            ET.fromstring(f"<svg>{svg.inner(scene, k, to_move=to_move)}</svg>") for to_move in (False, True)
        )
        for token in every.iter("g"):
            classes = token.get("class", "").split()
            if "token" in classes:
                hidden = {"dot"} if "leader" in classes else {"box"}
                hidden |= set() if "marked" in classes else {"ring"}
                for shape in [shape for shape in token if shape.get("class") in hidden]:
                    token.remove(shape)
        for path in [path for path in every if path.get("d") == ""]:
            every.remove(path)
        assert ET.tostring(still) == ET.tostring(every)
