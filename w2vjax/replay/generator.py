"""word2vec.c's source of randomness."""

MULTIPLIER = 25_214_903_917
INCREMENT = 11
MASK = 2**64 - 1
"""unsigned 64-bit arithmetic"""
LOW_BITS = 0xFFFF
"""the 16 bits that make a share in [0, 1): 65,536 of them"""


class Generator:
    """The linear congruential generator `x ← 25214903917 x + 11 mod 2^64`.

    The multiplier and the increment are those of `drand48`. word2vec.c starts it at the thread's
    number to train, and at 1 for the first vectors.
    """

    __slots__ = ("state",)

    def __init__(self, state: int) -> None:
        self.state = state
        """what the last draw was; in [0, 2^64)"""

    def next(self) -> int:
        """The next number, in [0, 2^64)."""
        self.state = (self.state * MULTIPLIER + INCREMENT) & MASK
        return self.state

    def share(self) -> float:
        """The next number's low 16 bits over 2^16: in [0, 1), and exact in float32."""
        return (self.next() & LOW_BITS) / (LOW_BITS + 1)
