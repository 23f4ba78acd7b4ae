"""The engine: the text as a stream of steps through one program on all devices."""
