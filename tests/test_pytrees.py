"""No two classes of layers or samplers are the same structure to JAX."""

from dataclasses import replace
from itertools import combinations

import jax
import jax.numpy as jnp
from problems import COUNTS, DRAWS, TABLE_SIZE, config_of

from w2vjax.config.layers import LAYERS
from w2vjax.losses.layers import build as build_layer
from w2vjax.pytrees import pytree
from w2vjax.samplers import SAMPLERS, build


def test_layers_and_samplers_are_told_apart_by_their_class():
    """A program compiled for one is never called with another of the same fields."""
    built = [build(replace(config, table_size=TABLE_SIZE), COUNTS) for config in SAMPLERS.values()]
    policies = {"negative-sampling": "keep", "nce": "keep"}
    for name in LAYERS:
        config = config_of(name, collision=policies.get(name, "auto"))
        built.append(build_layer(config, DRAWS, COUNTS))
    of_class = {type(one): jax.tree.structure(one) for one in built}
    assert len(of_class) >= 10
    for one, other in combinations(of_class.values(), 2):
        assert one != other


def test_classes_with_the_same_fields_are_different_structures():
    @pytree
    class First:
        value: jax.Array

    @pytree
    class Second:
        value: jax.Array

    @pytree
    class Heir(First):
        pass

    made = [kind(jnp.ones(2)) for kind in (First, Second, Heir)]
    structures = [jax.tree.structure(one) for one in made]
    assert len({str(structure) for structure in structures}) == 3
    for one, other in combinations(structures, 2):
        assert one != other
    assert structures[0] == jax.tree.structure(First(jnp.zeros(3)))
    doubled = jax.tree.map(lambda leaf: 2 * leaf, made[1])
    assert type(doubled) is Second and doubled.value.tolist() == [2, 2]
