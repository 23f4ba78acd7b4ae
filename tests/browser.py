"""A page as Chromium shows it in a window of some width, asked by a script beside it."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FRAME = """<!doctype html><iframe srcdoc="{page}" style="width:{width}px; height:800px; border:0">
</iframe><pre></pre><script>
const frame = document.querySelector("iframe");
frame.onload = () => {{
  const page = frame.contentDocument, view = frame.contentWindow;
  const answer = (() => {{ {script} }})();
  document.querySelector("pre").textContent = "answer " + JSON.stringify(answer) + " end";
}};
</script>"""


def ask(page: str, width: int, script: str, folder: Path) -> Any:
    """What the script returns; in it `page` is the document and `view` its window."""
    file = folder / "frame.html"
    file.write_text(FRAME.format(page=html.escape(page), width=width, script=script))
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    command += [f"--user-data-dir={folder / 'profile'}", f"--window-size={width + 50},900"]
    done = subprocess.run([*command, file.as_uri()], capture_output=True, text=True, timeout=120)
    found = re.search(r"<pre>answer (.*) end</pre>", done.stdout, re.DOTALL)
    assert found, done.stderr
    return json.loads(html.unescape(found[1]))
