"""What a picture of one trajectory shows, as plain points and indices: the same for the page's script and for `svg`.

Neighbours: `geometry` projects and finds hulls, `svg` draws one layer, `templates/page.js` moves the tokens.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np

from ..formats.exact_text import decimal
from ..printable import one_line
from ..records.configuration_record import ConfigurationRecord, LayerSets, Row, Rows, TrajectoryRecord
from ..records.record import CounterexampleRecord, ResultRecord
from ..records.run_record import CheckResult
from .geometry import Camera, Edges, ScenePoint, hull_edges, projection, scaled

Pictured = CounterexampleRecord | ResultRecord | CheckResult

MAX_TOKENS = 200
"""A picture of more tokens shows nothing; the tables still have all of them."""
AXONOMETRIC = Camera(azimuth=-35.0, elevation=25.0)
WIDE = Decimal("0.01")
"""Limits that are known up to more than this, in units of the largest coordinate, are not drawn."""
LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class LayerFrame:
    """One state of the tokens.

    Args:
        name: the layer's number, or "limit" for k → ∞.
        points: where the tokens are.
        follow_sets: C_i for every token.
        hull: edges of conv{z_i}, as token indices.
    """

    name: str
    points: tuple[ScenePoint, ...]
    follow_sets: LayerSets
    hull: Edges


@dataclass(frozen=True, slots=True)
class DrawnFace:
    """A cluster point that is no vertex, and the face of K that it is the projection of the origin on.

    Args:
        point: the cluster point.
        corners: indices of the vertices of K that span the face.
        edges: what is drawn of the face, as such indices.
    """

    point: ScenePoint
    corners: tuple[int, ...]
    edges: Edges


@dataclass(frozen=True, slots=True)
class Misplaced:
    """Where a kernel under test put a token.

    Args:
        frame: the frame that shows where it belongs.
        token: the token.
        point: where the kernel put it.
    """

    frame: int
    token: int
    point: ScenePoint


@dataclass(frozen=True, slots=True)
class Scene:
    """A trajectory ready to be drawn; all points lie within the ball of radius √3 about `centre`.

    Args:
        title: what it is, for people who cannot see it.
        note: what the projection loses and how long the picture goes on; may be empty.
        d: the dimension of the tokens.
        labels: one text a token.
        frames: the layers shown, and the limit as the last one where it is known.
        leaders: token → first layer at which it is a leader.
        marked: the tokens that break a claim.
        failing_layer: the layer at which they do, as a frame's name; None if there is no claim.
        misplaced: what a kernel did wrong, if this is about one.
        vertices: of K.
        edges: of K, as indices of `vertices`.
        cluster_points: the distinct limits.
        faces: where cluster points come from that are no vertices.
        origin: the origin, if it lies in the picture.
        camera: from where it is seen.
        centre: what the picture is centred on.
        half_width: half the side of the square that is shown.
        unit: the length of one unit of the scene, in the units of the tokens.
    """

    title: str
    note: str
    d: int
    labels: tuple[str, ...]
    frames: tuple[LayerFrame, ...]
    leaders: Mapping[int, int]
    marked: tuple[int, ...]
    failing_layer: str | None
    misplaced: Misplaced | None
    vertices: tuple[ScenePoint, ...]
    edges: Edges
    cluster_points: tuple[ScenePoint, ...]
    faces: tuple[DrawnFace, ...]
    origin: ScenePoint | None
    camera: Camera
    centre: ScenePoint
    half_width: float
    unit: Decimal

    @property
    def fails(self) -> int | None:
        """The frame at which it fails; None if there is no claim and no kernel, or if that is a layer not shown."""
        if self.misplaced is not None:
            return self.misplaced.frame
        if self.failing_layer == LIMIT:
            return len(self.frames) - 1 if self.frames[-1].name == LIMIT else None
        return next((k for k, frame in enumerate(self.frames) if frame.name == self.failing_layer), None)

    @property
    def start(self) -> int:
        """The frame to show first: where the claim fails, else the first one."""
        return self.fails or 0

    @property
    def failing(self) -> str:
        """What is to be said at the frame at which it fails."""
        if self.misplaced is None:
            return "The claim fails here."
        return f"The kernel put token {self.misplaced.token} where the cross is."

    def to_json(self) -> dict[str, Any]:
        """The data that the page's script draws from: numbers rounded to what a screen resolves."""
        wrong = self.misplaced
        return {
            "labels": self.labels,
            "frames": [
                {"name": f.name, "points": _rounded(f.points), "sets": f.follow_sets, "hull": f.hull}
                for f in self.frames
            ],
            "leaders": {str(i): k for i, k in sorted(self.leaders.items())},
            "marked": self.marked,
            "vertices": _rounded(self.vertices),
            "edges": self.edges,
            "clusterPoints": _rounded(self.cluster_points),
            "faces": [{"point": _rounded([f.point])[0], "edges": f.edges} for f in self.faces],
            "origin": None if self.origin is None else _rounded([self.origin])[0],
            "camera": [self.camera.azimuth, self.camera.elevation],
            "centre": _rounded([self.centre])[0],
            "halfWidth": round(self.half_width, 5),
            "turns": self.d == 3,
            "flat": self.d == 1,
            "start": self.start,
            "fails": self.fails,
            "failing": self.failing,
            "misplaced": wrong and {"token": wrong.token, "point": _rounded([wrong.point])[0]},
        }


def _rounded(points: Sequence[ScenePoint]) -> list[list[float]]:
    return [[round(x, 5) + 0.0 for x in p] for p in points]


def scene_of(record: Pictured) -> Scene | None:
    """The picture of a record; None if it has no trajectory or too many tokens to be one."""
    configuration, trajectory = record.configuration, record.trajectory
    if configuration is None or trajectory is None or configuration.n > MAX_TOKENS:
        return None
    failing = record if isinstance(record, CounterexampleRecord) else None
    returned = record.returned if isinstance(record, CheckResult) else None
    leaders, limits, vertices = _known(record, trajectory)
    cluster_points = () if limits is None else tuple(dict.fromkeys(limits))
    shown = [*trajectory.layers, *([limits] if limits is not None else [])]
    arrays, size = scaled([*shown, vertices, cluster_points, () if returned is None else (returned,)])
    *states, corner_array, cluster_array, returned_array = arrays
    emerged = sorted(leaders, key=lambda i: (leaders[i], i))
    look = projection(configuration.d, [(i, states[-1][i]) for i in emerged], np.concatenate(states))
    corners = tuple(look(corner_array))
    frames = tuple(
        _frame(LIMIT if k == len(trajectory.layers) else str(k), look(state), trajectory, k)
        for k, state in enumerate(states)
    )
    edges = hull_edges(corners) if corners else ()
    faces = tuple(
        DrawnFace(look(cluster_array[c : c + 1])[0], face, _edges_of(face, edges, configuration.d))
        for c, s in enumerate(cluster_points)
        if (face := _face(s, vertices, configuration)) and s not in vertices
    )
    wrong = _misplaced(record, look(returned_array), trajectory) if isinstance(record, CheckResult) else None
    cloud = [p for frame in frames for p in frame.points] + list(corners) + ([] if wrong is None else [wrong.point])
    (origin,) = look(np.zeros((1, configuration.d)))
    origin_shown = _near(origin, cloud)
    centre, half_width = _window([*cloud, origin] if origin_shown else cloud)
    camera = AXONOMETRIC if configuration.d == 3 else Camera()
    return Scene(
        title=f"{configuration.n} tokens in dimension {configuration.d}",
        note=_note(look.note, configuration, trajectory, size, limits, origin_shown),
        d=configuration.d,
        labels=tuple(map(one_line, configuration.labels or map(str, range(configuration.n)))),
        frames=frames,
        leaders=leaders,
        marked=failing.tokens if failing else () if wrong is None else (wrong.token,),
        failing_layer=None if failing is None else LIMIT if failing.layer is None else str(failing.layer),
        misplaced=wrong,
        vertices=corners,
        edges=edges,
        cluster_points=tuple(look(cluster_array)),
        faces=faces,
        origin=origin if origin_shown else None,
        camera=camera,
        centre=centre,
        half_width=half_width,
        unit=size,
    )


def _known(record: Pictured, trajectory: TrajectoryRecord) -> tuple[dict[int, int], Rows | None, Rows]:
    """Leaders, limits and the vertices of K; of a kernel's check only the leaders among the layers shown."""
    if not isinstance(record, CheckResult):
        return dict(record.leaders or {}), None if _is_wide(record) else record.limits, record.vertices or ()
    leaders: dict[int, int] = {}
    for k, sets in enumerate(trajectory.follow_sets):
        for i, C in enumerate(sets):
            if C == (i,):
                leaders.setdefault(i, k)
    return leaders, None, ()


def _is_wide(record: CounterexampleRecord | ResultRecord) -> bool:
    """Whether limits are hardly known: points would say more than is."""
    if not isinstance(record, ResultRecord) or record.enclosure is None or record.configuration is None:
        return False
    size = max(abs(decimal(v)) for row in record.configuration.tokens for v in row)
    return decimal(record.enclosure.radius) > WIDE * size


def _misplaced(check: CheckResult, returned: Sequence[ScenePoint], trajectory: TrajectoryRecord) -> Misplaced | None:
    """What the kernel put elsewhere, and where; None if that is not what is wrong, or happens at a layer not shown."""
    k = check.first_divergent_layer
    if k is None or check.token is None or not returned or k + 1 >= len(trajectory.layers):
        return None
    return Misplaced(k + 1, check.token, returned[0])


def _frame(name: str, points: list[ScenePoint], trajectory: TrajectoryRecord, k: int) -> LayerFrame:
    return LayerFrame(
        name, tuple(points), trajectory.follow_sets[min(k, len(trajectory.layers) - 1)], hull_edges(points)
    )


def _face(s: Row, vertices: Rows, configuration: ConfigurationRecord) -> tuple[int, ...]:
    """The vertices of the face of K that s is the projection of the origin on: ⟨s, v⟩ = ⟨s, s⟩, the extreme value."""
    A = configuration.A
    if A is None or not vertices or max(len(v) for row in (s, *vertices, *A) for v in row) > 200:
        return ()  # exact products of giants would only delay a drawing
    point = [Fraction(v) for v in s]
    normal = [_dot(point, column) for column in zip(*A, strict=True)]
    extreme = max if configuration.follow == "largest" else min
    heights = [_dot(normal, v) for v in vertices]
    height = _dot(normal, s)
    if not any(point) or height != extreme(heights):
        return ()
    return tuple(c for c, value in enumerate(heights) if value == height)


def _edges_of(face: tuple[int, ...], edges: Edges, d: int) -> Edges:
    """The edges of K inside the face; in a projection, which may hide them, every pair of its corners."""
    return tuple(combinations(face, 2)) if d > 3 else tuple(e for e in edges if set(e) <= set(face))


def _dot(x: Sequence[Fraction], y: Row) -> Fraction:
    return sum((a * Fraction(b) for a, b in zip(x, y, strict=True)), Fraction(0))


def _near(origin: ScenePoint, cloud: Sequence[ScenePoint]) -> bool:
    """Whether the origin can be shown without making everything else tiny."""
    points = np.array(cloud)
    extent = float(np.ptp(points, axis=0).max())
    distance = float(np.linalg.norm(points - np.array(origin), axis=1).min())
    return extent == 0.0 or distance <= 2 * extent


def _window(cloud: Sequence[ScenePoint]) -> tuple[ScenePoint, float]:
    """The centre of the points' bounding box, and a half width that holds them seen from any side."""
    points = np.array(cloud)
    low, high = points.min(axis=0), points.max(axis=0)
    x, y, z = ((low + high) / 2).tolist()
    reach = points - (low + high) / 2
    half = float(np.linalg.norm(reach, axis=1).max()) if np.ptp(points[:, 2]) > 0 else float(np.abs(reach).max())
    return (x, y, z), (half or 1.0) * 1.12


def _note(
    projected: str,
    configuration: ConfigurationRecord,
    trajectory: TrajectoryRecord,
    size: Decimal,
    limits: Rows | None,
    origin_shown: bool,
) -> str:
    d = configuration.d
    unit = tuple(tuple(str(int(i == j)) for j in range(d)) for i in range(d))
    parts = [
        projected,
        "" if configuration.A in (unit, None) else "drawn in plain coordinates: lengths and angles are not those of A",
        "" if trajectory.complete or limits is not None else f"only the first {len(trajectory.layers)} layers",
        "" if origin_shown else "the origin lies outside the picture",
        f"largest coordinate {size:.3g}" if not Decimal("0.001") < size < 10_000 else "",
    ]
    return "; ".join(part for part in parts if part)
