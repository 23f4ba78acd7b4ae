"""Strict JAX in every test, devices to train on, and caches that are the session's own."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from w2vjax.study.exam import Exam
    from w2vjax.text.encoding import EncodedCorpus

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ["JAX_NUM_CPU_DEVICES"] = "2"  # of the commands, whatever the machine

import jax
import jaxtyping

jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_num_cpu_devices", 8)
# Most of the time goes into compiling programs that then run once, on a few words. README's main
# job and the tests that start a process of their own compile as users do: XLA reads its flags once,
# with the first device, and then they are as the user has them.
jax.config.update("jax_disable_most_optimizations", True)
QUICK = (
    "--xla_cpu_use_fusion_emitters=false",
    "--xla_cpu_prefer_vector_width=128",  # less code to make
    "--xla_cpu_parallel_codegen_split_count=1",
    "--xla_cpu_multi_thread_eigen=false",  # the tests' processes keep the cores busy
    "--xla_backend_optimization_level=1",  # where `optimized`: half the compiling, as fast to run
)
with pytest.MonkeyPatch.context() as patch:
    for flag in QUICK:
        patch.setenv("XLA_FLAGS", flag, prepend=" ")
    jax.devices()


# Programs are made of very many small objects, which a frequent search for garbage goes through.
gc.set_threshold(200_000, 50, 1_000)


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """`W2VJAX_CACHE`, shared by the session's workers: none touches the user's."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("W2VJAX_CACHE", str(base / "cache"))
        yield base / "cache"


@pytest.fixture(scope="session", autouse=True)
def compiled(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Runs of the same program compile it once."""
    jax.config.update("jax_compilation_cache_dir", str(tmp_path_factory.mktemp("compiled")))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)


MAPS = Path("/proc/self/maps")
"""Linux's list of a process's stretches of memory, 65,530 at most where nothing else is set"""


@pytest.fixture(scope="module", autouse=True)
def few_programs() -> Iterator[None]:
    """A compiled program keeps some stretches of memory, and XLA dies where no more can be had."""
    yield
    if MAPS.exists() and len(MAPS.read_text().splitlines()) > 15_000:
        jax.clear_caches()


@pytest.fixture
def optimized() -> Iterator[None]:
    """Programs are compiled as for users: for tests that train so much that it pays."""
    jax.config.update("jax_disable_most_optimizations", False)
    yield
    jax.config.update("jax_disable_most_optimizations", True)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are made and not rendered, most of a report's time: other tests render them."""
    from w2vjax.report import picture

    monkeypatch.setattr(picture, "render", lambda *_: bytes(24))


@pytest.fixture
def unchecked() -> Iterator[None]:
    """No annotation is checked: for tests of what a function itself says to wrong arguments."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> "EncodedCorpus":
    """The planted text, of 1,500 words."""
    from w2vjax.config.schema import CorpusConfig
    from w2vjax.text.encoding import encode

    config = CorpusConfig("planted", max_vocab=1_500)
    return encode(config, tmp_path_factory.mktemp("cache"), progress=False)


@pytest.fixture(scope="session")
def exam() -> "Exam":
    """Its analogies."""
    from w2vjax.study.exam import Exam

    return Exam.of("planted")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, without data sets."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("W2VJAX_DATA", raising=False)
    return tmp_path
