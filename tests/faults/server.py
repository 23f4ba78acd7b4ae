"""A server of one file: slow, and if it is told so, broken off."""

import hashlib
import random
import threading
import time
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DATA = random.Random(0).randbytes(1 << 21)
SHA256 = hashlib.sha256(DATA).hexdigest()
PIECE, PAUSE = 1 << 17, 0.02
"""bytes sent at a time, and seconds between: the file takes a third of a second"""


class Handler(BaseHTTPRequestHandler):
    """Sends the file; of `/N`, N bytes."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(DATA)))
        self.end_headers()
        asked = self.path.strip("/")
        sent = DATA[: int(asked)] if asked else DATA
        try:
            for start in range(0, len(sent), PIECE):
                self.wfile.write(sent[start : start + PIECE])
                time.sleep(PAUSE)
        except OSError:  # whoever asked is gone
            pass

    def log_message(self, *_: object) -> None:
        """Nothing."""


@cache
def address() -> str:
    """Of the server, which runs from the first call on."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/"
