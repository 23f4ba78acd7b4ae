"""TensorFlow's candidate sampling: worked by hand, and the laws of draws without repeats."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import struct
from noise import COUNTS, KEY, KINDS

from w2vjax.errors import InputError
from w2vjax.samplers import (
    Candidates,
    accidental_hits,
    build,
    draw_candidates,
    from_probabilities,
    in_batch,
    log_expected_count,
    parse,
    without_repeats,
)
from w2vjax.samplers.closed_forms import LogUniform, Uniform
from w2vjax.samplers.mechanisms import Alias
from w2vjax.samplers.without_repeats import LEAST_CHUNK, SPARE


@struct.dataclass
class Script:
    """A sampler whose draws are written down: the same list for every key."""

    draws: jax.Array
    num_words: int = struct.field(pytree_node=False, default=4)

    def sample(self, key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
        return jnp.resize(self.draws, shape)

    def log_prob(self, ids: jax.Array) -> jax.Array:
        return jnp.log(jnp.float32([0.5, 0.25, 0.125, 0.125]))[ids]


def script(*draws: int) -> Script:
    return Script(jnp.resize(jnp.int32(draws), LEAST_CHUNK))


def test_without_repeats_by_hand() -> None:
    """Draws 0 0 1 0 3 …: three different words after five tries, in the order of their draws."""
    held = draw_candidates(script(0, 0, 1, 0, 3, 2), KEY, 3, unique=True)
    assert held.ids.tolist() == [0, 1, 3] and held.tries == 5
    # 1 - (1 - p)^5 for p = 1/2, 1/4, 1/8
    expected = [31 / 32, 1 - (3 / 4) ** 5, 1 - (7 / 8) ** 5]
    np.testing.assert_allclose(np.exp(held.log_expected), expected, rtol=1e-6)
    # and of a target: as often as it would be among such noise
    target = held.log_expected_of(jnp.int32([2]))
    assert float(jnp.exp(target[0])) == pytest.approx(1 - (7 / 8) ** 5, rel=1e-6)


def test_with_repeats_by_hand() -> None:
    held = draw_candidates(script(0, 0, 1, 0, 3, 2), KEY, 4, unique=False)
    assert held.ids.tolist() == [0, 0, 1, 0] and held.tries == 4
    np.testing.assert_allclose(np.exp(held.log_expected), [2, 2, 1, 2], rtol=1e-6)


def test_a_lucky_set_has_as_many_tries_as_words() -> None:
    held = draw_candidates(script(2, 1), KEY, 2, unique=True)
    assert held.ids.tolist() == [2, 1] and held.tries == 2
    np.testing.assert_allclose(
        np.exp(held.log_expected), [1 - (7 / 8) ** 2, 1 - (3 / 4) ** 2], 1e-6
    )


@pytest.fixture
def tuned(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Gives `without_repeats` other constants; programs made with the usual ones are forgotten."""

    def tune(**constants: int) -> None:
        for name, value in constants.items():
            monkeypatch.setattr(without_repeats, name, value)
        without_repeats.distinct.clear_cache()

    yield tune
    without_repeats.distinct.clear_cache()


@pytest.mark.parametrize(("few", "chunk"), [(2, 3 + SPARE), (0, LEAST_CHUNK)])
def test_tries_go_on_over_chunks(tuned: Callable[..., None], few: int, chunk: int) -> None:
    """One chunk has only word 0: the second word comes with a later one, and every draw counts."""
    tuned(FEW=few)

    @struct.dataclass
    class Late:
        start: jax.Array
        num_words: int = struct.field(pytree_node=False, default=2)

        def sample(self, key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
            first = (jax.random.key_data(key) == self.start).all()
            later = jnp.where(jnp.arange(shape[0]) == 9, 1, 0)
            return jnp.where(first, 0, later).astype(jnp.int32)

        def log_prob(self, ids: jax.Array) -> jax.Array:
            return jnp.full(ids.shape, math.log(0.5), jnp.float32)

    late = Late(jax.random.key_data(jax.random.fold_in(KEY, 0)))
    held = draw_candidates(late, KEY, 2, unique=True)
    assert held.ids.tolist() == [0, 1] and held.tries == chunk + 10


def test_expected_counts_of_small_probabilities_keep_their_digits() -> None:
    p, tries = 1e-9, 5000
    held = log_expected_count(jnp.log(jnp.float32(p)), jnp.float32(tries), unique=True)
    assert float(held) == pytest.approx(math.log(-math.expm1(tries * math.log1p(-p))), abs=2e-6)
    sure = log_expected_count(jnp.float32([0.0, -jnp.inf]), jnp.float32(3), unique=True)
    assert sure.tolist() == [0.0, -math.inf]


@jax.jit
def drawn(sampler: Any, key: jax.Array) -> Candidates:
    return draw_candidates(sampler, key, 100, unique=True)


@pytest.mark.parametrize("kind", KINDS)
def test_no_word_comes_twice(kind: str) -> None:
    sampler = build(parse(kind), COUNTS)
    one = drawn(sampler, KEY)
    assert len(set(one.ids.tolist())) == 100 and int(one.ids.min()) >= 0
    assert int(one.tries) >= 100


def test_sets_drawn_together_are_those_drawn_alone() -> None:
    sampler, keys = build(parse(KINDS[0]), COUNTS), jax.random.split(KEY, 3)
    many = jax.vmap(drawn, (None, 0))(sampler, keys)
    for number, key in enumerate(keys):
        alone = drawn(sampler, key)
        assert many.ids[number].tolist() == alone.ids.tolist()
        assert many.tries[number] == alone.tries


def test_all_words_can_be_drawn_without_repeats() -> None:
    held = draw_candidates(LogUniform.of(300), KEY, 300, unique=True)
    assert sorted(held.ids.tolist()) == list(range(300))
    assert (held.log_expected <= 0).all()


BY_TABLE, BY_COMPARISON = {"FEW": 0}, {"FEW": 2}
WAYS = {
    "rejection by table": BY_TABLE,
    "at once": {"MOST_CHUNKS": 0},
    "one by rejection, one at once": BY_TABLE | {"LEAST_CHUNK": 1, "MOST_CHUNKS": 1},
    "rejection by comparison": BY_COMPARISON,
    "over many chunks": BY_COMPARISON | {"SPARE": -2, "MOST_CHUNKS": 1000},
}


@pytest.mark.parametrize("way", WAYS)
def test_sets_have_the_law_of_draws_without_repeats(tuned: Callable[..., None], way: str) -> None:
    """Two of three words: P(a, then b) = p(a) p(b) / (1 - p(a)), and the tries' law with it."""
    tuned(**({"LARGEST": 0} | WAYS[way]))
    p = np.array([0.6, 0.3, 0.1])
    sampler, num = Alias.of(p), 20_000
    keys = jax.random.split(jax.random.key(7), num)
    held = jax.jit(jax.vmap(lambda key: draw_candidates(sampler, key, 2, unique=True)))(keys)
    ids = np.asarray(held.ids)
    for a in range(3):
        for b in set(range(3)) - {a}:
            wanted = p[a] * p[b] / (1 - p[a])
            seen = ((ids[:, 0] == a) & (ids[:, 1] == b)).mean()
            assert abs(seen - wanted) < 4 * math.sqrt(wanted * (1 - wanted) / num), (a, b)
    # after a first word a, the number of further tries is geometric with success 1 - p(a)
    wanted = 1 + (p / (1 - p)).sum()
    variance = (p * (1 + p) / (1 - p) ** 2).sum() - (wanted - 1) ** 2
    assert abs(held.tries.mean() - wanted) < 4 * math.sqrt(variance / num)


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(InputError, match="num_sampled is 0"):
        draw_candidates(Uniform.of(5), KEY, 0)
    with pytest.raises(InputError, match="num_rows is 0"):
        draw_candidates(Uniform.of(5), KEY, 1, num_rows=0)
    with pytest.raises(InputError, match=r"10 different noise words .* only 3 can"):
        draw_candidates(Uniform.of(3), KEY, 10)
    with pytest.raises(InputError, match="only 2 can"):
        draw_candidates(Alias.of(np.array([0.5, 0.0, 0.5])), KEY, 3)


def test_a_sampler_that_is_no_pytree_is_told() -> None:
    class Plain:
        num_words = 5
        sample, log_prob = Uniform.sample, Uniform.log_prob

    with pytest.raises(InputError, match=r"Plain is no pytree: mark its class"):
        draw_candidates(Plain(), KEY, 2)


def test_candidates_of_rows_are_drawn_for_each() -> None:
    held = draw_candidates(LogUniform.of(50), KEY, 5, num_rows=7)
    assert held.ids.shape == (7, 5) and held.tries.shape == (7,)
    assert all(len(set(row)) == 5 for row in held.ids.tolist())
    assert len({tuple(row) for row in held.ids.tolist()}) > 1
    for shape in [(7,), (7, 5), (7, 2, 3)]:
        assert held.log_expected_of(jnp.zeros(shape, jnp.int32)).shape == shape
    np.testing.assert_allclose(held.log_expected_of(held.ids), held.log_expected)
    with pytest.raises(InputError, match="7 rows"):
        held.log_expected_of(jnp.zeros(5, jnp.int32))


def test_too_few_words_in_a_traced_sampler_are_a_mask() -> None:
    @jax.jit
    def draw(sampler: Alias, key: jax.Array) -> Candidates:
        return draw_candidates(sampler, key, 3)

    held = draw(Alias.of(np.array([0.5, 0.0, 0.4, 0.1])), KEY)
    assert sorted(held.ids.tolist()) == [0, 2, 3] and held.present.all()
    held = draw(Alias.of(np.array([0.0, 0.5, 0.5, 0.0])), KEY)
    assert sorted(held.ids.tolist()) == [0, 1, 2] and held.present.tolist() == [True, True, False]
    assert held.ids[2] == 0 and held.log_expected[2] == 0
    assert not accidental_hits(jnp.int32([0, 1]), held)[0].any()
    with pytest.raises(InputError, match="only 2 can"):
        draw(Alias.of(np.array([0.5, 0.5])), KEY)


def test_a_steep_law_is_drawn_in_bounded_time() -> None:
    """8,190 of 8,200 words, most of them with next to no probability."""
    weights = np.arange(1.0, 8201) ** -3.0
    sampler = Alias.of(weights / weights.sum())
    held = draw_candidates(sampler, KEY, 8190)
    assert len(set(held.ids.tolist())) == 8190 and held.present.all()
    assert np.isfinite(held.tries) and held.tries > 1e9
    assert (held.log_expected <= 0).all() and (held.log_expected > -9).all()


def test_every_copy_of_a_label_is_an_accidental_hit() -> None:
    """As `tf.nn.compute_accidental_hits` says of these."""
    held = draw_candidates(script(5, 7, 5, 5, 9), KEY, 5, unique=False)
    hits = accidental_hits(jnp.int32([5, 7]), held)
    assert hits.astype(int).tolist() == [[1, 0, 1, 1, 0], [0, 1, 0, 0, 0]]
    several = accidental_hits(jnp.int32([[5, 7], [1, 9]]), held)
    assert several.astype(int).tolist() == [[1, 1, 1, 1, 0], [0, 0, 0, 0, 1]]


def test_a_large_set_has_no_repeats_whatever_the_ids_have_in_common() -> None:
    """Ids that are multiples of the hash table's size meet in one slot at first."""
    num_words, num = 1 << 20, 500
    rare = np.arange(0, num_words, 1 << 12)
    weights = np.full(num_words, 1e-4)
    weights[rare] = 10.0
    held = jax.jit(lambda s, k: draw_candidates(s, k, num))(from_probabilities(weights), KEY)
    assert len(set(held.ids.tolist())) == num and held.present.all()
    assert len(set(held.ids.tolist()) & set(rare.tolist())) > 200


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: draw_candidates("uniform", KEY, 2), "sampler is of type str: give a sampler"),
        (lambda: draw_candidates(Uniform.of(5), 0, 2), "key is int: give one random key"),
        (
            lambda: draw_candidates(Uniform.of(5), jax.random.split(KEY, 2), 2),
            r"key is key<fry> of shape \(2,\): give one",
        ),
        (lambda: draw_candidates(Uniform.of(5), KEY, 2.5), "num_sampled is 2.5: give a whole"),
        (lambda: draw_candidates(Uniform.of(5), KEY, 2, num_rows=True), "num_rows is True"),
        (lambda: in_batch(jnp.arange(3), COUNTS), "law is of type ndarray: give a sampler"),
        (
            lambda: accidental_hits(jnp.arange(3), Uniform.of(5)),
            r"candidates is of type Uniform: give Candidates, from draw_candidates\(",
        ),
    ],
)
def test_arguments_of_another_kind_are_told(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_keys_of_the_old_kind_are_keys(unchecked):
    old = draw_candidates(Uniform.of(9), jax.random.PRNGKey(0), 4, num_rows=2)
    chex.assert_trees_all_equal(old, draw_candidates(Uniform.of(9), KEY, 4, num_rows=2))
