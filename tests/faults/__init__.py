"""Faults as tests: commands killed, stopped, starved and cut short at random moments.

A round takes a scenario (`scenarios.SCENARIOS`: a command and what must come of it) and a fault
(`disturbances.FAULTS`), disturbs the command at moments that the round's number decides, looks that
nothing is half-written, runs the command undisturbed to its end, and compares what is there with
what is there without a fault. The suite plays a few rounds; by hand, in `tests/`:

    python -m faults --folder ROUNDS --rounds 200 --scenarios train grid --faults kill terminate
    python -m faults --folder MORE --rounds 1000

A line a round is shown and kept in `rounds.jsonl` in the folder; the same command goes on from
there. A round that goes wrong leaves its folder. Exit code 1: some did.
"""
