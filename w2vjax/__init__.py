"""w2vjax: how word2vec's output layer is trained, compared.

`losses`, `samplers`, `nn`, `train`, `encode`, `encode_documents` and `Embeddings` are loaded at
first use, so that whatever does without JAX does not start it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from w2vjax import losses, nn, samplers
    from w2vjax.engine.train import train
    from w2vjax.text.encoding import encode, encode_documents
    from w2vjax.vectors.embeddings import Embeddings

__all__ = ["Embeddings", "encode", "encode_documents", "losses", "nn", "samplers", "train"]

_HOMES = {
    "Embeddings": "w2vjax.vectors.embeddings",
    "encode": "w2vjax.text.encoding",
    "encode_documents": "w2vjax.text.encoding",
    "train": "w2vjax.engine.train",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    return import_module(f"{__name__}.{name}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
