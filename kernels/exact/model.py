"""What a model is: the protocol that every kind of model implements, and where kinds are registered.

Neighbours: `hardmax` is the kind that ships; `configuration` joins a model with tokens, `configuration_file` reads and
writes both. CONTRIBUTING.md, "Add a model", goes through it step by step.
"""

from abc import ABC, ABCMeta, abstractmethod
from collections.abc import Iterator, Mapping
from fractions import Fraction
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from ..errors import InputError
from ..loading import members, offered

if TYPE_CHECKING:
    from typing import Self

    from .configuration import Configuration
    from .dynamics import Layer, Sets


class Layers(Protocol):
    """The exact layers of one configuration."""

    def layers(self) -> "Iterator[tuple[Layer, Sets]]":
        """Layer 0, 1, 2, … with the tokens that each token follows; to the last one, or without end."""
        ...

    def smallest_gap(self, layer: "Layer", sets: "Sets") -> Fraction | None:
        """How close a layer comes to other follow sets, in the units of its scores; None if nothing is near, or said.

        It is shown beside pictures, and no proof rests on it.
        """
        ...


class Model(ABC):
    """One kind of model: how tokens move, as data.

    A model is frozen, hashable and pickled by value: a frozen dataclass at the top of a module. What other rooms bring
    for it stands here as text, "module:name", and is loaded when it is needed: kernels import nothing of `verify`.

    Attributes:
        kind: its name, in files and for claims.
        keys: the keys of its JSON. Those in `SHARED_KEYS` stand beside the tokens in a configuration file, the others
            in `"attention": {kind: {…}}`, which is left out for hardmax.
        prover: `decide(configuration, work)`, which returns a proved `Outcome` or `Undecided`.
        claims: the claims whose conclusions `hardmax prove` examines, a tuple. `examine` and `hardmax replay` know
            them by id, also where the registry does not.
        certificate: `certificate_of(case)`, which returns a document that the independent checker accepts, or None if
            nothing is decided; None if there are no certificates for this kind.
        merges: whether equal tokens move alike whatever their order, so that they may be merged into one of their
            common multiplicity.
    """

    kind: ClassVar[str]
    keys: ClassVar[tuple[str, ...]]
    prover: ClassVar[str]
    claims: ClassVar[str]
    certificate: ClassVar[str | None] = None
    merges: ClassVar[bool] = True

    @classmethod
    @abstractmethod
    def from_json(cls, fields: Mapping[str, Any], d: int) -> "Self":
        """The model that a file describes.

        Args:
            fields: values by `keys`, those that are given; `json_values` reads them.
            d: the dimension of the tokens.

        Raises:
            InputError: a value is missing or not what it must be; the message names its key.
        """

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """What `from_json` reads back as an equal model: values by `keys`, rationals as text in lowest terms."""

    @abstractmethod
    def must_fit(self, d: int) -> None:
        """Refuse tokens of another dimension.

        Raises:
            InputError: this model does not act on R^d.
        """

    @abstractmethod
    def dynamics(self, configuration: "Configuration") -> Layers:
        """The exact layers of a configuration whose model this is."""

    @abstractmethod
    def hypotheses(self) -> dict[str, bool]:
        """What its claims assume of a model of this kind, by name, and whether this one is so."""


SHARED_KEYS = ("A", "alpha", "follow", "step")
"""Keys of models that stand beside the tokens in a configuration file."""
_kinds: dict[str, str | type[Model]] = {
    "hardmax": "hardmax.kernels.exact.hardmax:Hardmax",
    "layered": "hardmax.kernels.exact.layered:Layered",
    "softmax": "hardmax.kernels.softmax.model:Softmax",
    "gram": "hardmax.kernels.exact.gram:Gram",
}
"""Kind → its class, or where that is."""


GROUP = "hardmax.models"
"""The entry-point group under which other packages offer models: `kind = "pkg.module:Class"`."""


def register(model: type[Model] | str) -> None:
    """Make a kind of model known: from here on files of it are read, and with it all that it names is found.

    Args:
        model: the class: call this in its module, so that processes that unpickle a model know it too. Or where classes
            are, several with commas: "mine.py", "mine.py:Half", "pkg.module:Half".

    Raises:
        InputError: the class lacks something, its kind is another one's, or no class is there.
    """
    if isinstance(model, str):
        for spec in model.split(","):
            found = members(spec.strip(), ABCMeta, what="model", hint="define a subclass of hardmax.Model")
            classes = [c for _, c in found if issubclass(c, Model) and hasattr(c, "kind")]
            if not classes:
                raise InputError(f"{spec.strip()} has no model; define a subclass of hardmax.Model")
            for one in classes:
                register(one)
        return
    missing = [name for name in ("kind", "keys", "prover", "claims") if not hasattr(model, name)]
    if missing or getattr(model, "__abstractmethods__", None):
        missing += sorted(getattr(model, "__abstractmethods__", ()))
        raise InputError(f"model {model.__name__} lacks {', '.join(missing)}; see hardmax.kernels.exact.model.Model")
    known = _kinds.get(model.kind)
    former = known if isinstance(known, str | None) else f"{known.__module__}:{known.__qualname__}"
    if former not in (None, f"{model.__module__}:{model.__qualname__}"):
        raise InputError(f"a kind of model {model.kind!r} is known already; give {model.__name__} a kind of its own")
    _kinds[model.kind] = model


def model_of(kind: str) -> type[Model]:
    """The class of a kind.

    Raises:
        InputError: no kind of that name is registered.
    """
    if kind not in _kinds and kind in (others := offered(GROUP)):
        register(others[kind])
    known = _kinds.get(kind)
    if known is None:
        raise InputError(
            f"there is no kind of model {kind!r}; known kinds are {', '.join(_kinds)}; --models mine.py reads others"
        )
    return named(known) if isinstance(known, str) else known


def named(place: str) -> Any:
    """What "module:name" names."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
