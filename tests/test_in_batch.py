"""The labels of a batch as its noise."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_candidates import script

from w2vjax.errors import InputError
from w2vjax.samplers import FrequencyEstimate, accidental_hits, in_batch
from w2vjax.samplers.closed_forms import Uniform


def test_a_batch_is_noise_for_itself() -> None:
    labels = jnp.int32([3, 0, 3, 1])
    held = in_batch(labels, script(0))
    assert held.ids.tolist() == labels.tolist() and held.present.all()
    np.testing.assert_allclose(np.exp(held.log_expected), np.array([1, 4, 1, 2]) * 3 / 8, 1e-6)
    np.testing.assert_allclose(held.log_expected_of(labels), held.log_expected)
    hits = accidental_hits(labels, held)
    assert hits.tolist() == (labels[:, None] == labels[None]).tolist()


@pytest.mark.parametrize("dtype", ["int32", "int8", "uint32"])
def test_noise_of_a_batch_is_words(dtype):
    """Known labels out of range are told, traced ones are not present."""
    law, labels = Uniform.of(3), jnp.array([0, 3, 2], dtype)
    with pytest.raises(InputError, match=r"labels\[1\] is 3: .* from 0 to 2"):
        in_batch(labels, law)
    held = jax.jit(in_batch)(labels, law)
    assert held.ids.tolist() == [0, 0, 2] and held.ids.dtype == jnp.int32
    assert held.present.tolist() == [True, False, True]
    np.testing.assert_allclose(held.log_expected, [np.log(2 / 3), 0, np.log(2 / 3)], rtol=1e-6)
    estimate = FrequencyEstimate.of(100, batch_size=3)
    assert in_batch(jnp.array([0, 3, 2_000_000_000]), estimate).present.all()
    with pytest.raises(InputError, match=r"labels\[0\] is -1: .* from 0 to V - 1"):
        in_batch(jnp.array([-1, 0, 2]), estimate)


@pytest.mark.parametrize("labels", [jnp.zeros((4, 1), jnp.int32), jnp.zeros(4)])
def test_noise_of_a_batch_is_of_one_id_a_row(labels, unchecked):
    with pytest.raises(InputError, match=r"labels are .*\(4.*one id a row"):
        in_batch(labels, Uniform.of(3))
