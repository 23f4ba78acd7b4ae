"""Output layers for models in flax.nnx: the losses of `w2vjax.losses` with their parameters.

>>> import jax, jax.numpy as jnp
>>> from flax import nnx
>>> from w2vjax import nn, samplers
>>> head = nn.SampledSoftmax(1_000, 16, samplers.log_uniform(1_000), 64, rngs=nnx.Rngs(0))
>>> inputs, labels = jnp.ones((8, 16)), jnp.arange(8)
>>> head.loss(inputs, labels, jax.random.key(0)).shape
(8,)
>>> words, log_probs = head.predict(inputs, k=3)
>>> words.shape
(8, 3)

Inputs are `[B, d]`: a model of sequences flattens them, and all its words then share their noise.
Losses are nats `[B]`, float32 also where inputs or parameters are bfloat16. `weights` and `biases`
are `nnx.Param`; a sampler, a tree or classes are a `Table`, which checkpoints keep and an
`nnx.Optimizer(..., wrt=nnx.Param)` leaves alone. To share the weights of an embedding:
`head.weights = embed.embedding`.
"""

from w2vjax.nn.exact import FullSoftmax, HierarchicalSoftmax, TwoLevelSoftmax
from w2vjax.nn.head import Head, Parameters, Table
from w2vjax.nn.sampled import NCE, NegativeSampling, SampledHead, SampledSoftmax

__all__ = [
    "NCE",
    "FullSoftmax",
    "Head",
    "HierarchicalSoftmax",
    "NegativeSampling",
    "Parameters",
    "SampledHead",
    "SampledSoftmax",
    "Table",
    "TwoLevelSoftmax",
]
