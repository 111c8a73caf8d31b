"""A page opened in Chromium with a script added to it, and what the script found."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

BROWSER = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
# Nothing but the page, and nothing fetched.
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip
# The script of a caller sees ``seen``, which it fills, and ``all``; it runs when the page is loaded.
FRAME = """
<script>
addEventListener("load", async () => {
  const seen = { errors: window.early };
  const { error, warn } = console;
  console.error = (...said) => { seen.errors.push(said.join(" ")); error(...said); };
  console.warn = (...said) => { seen.errors.push(said.join(" ")); warn(...said); };
  const all = (what, within = document) => [...within.querySelectorAll(what)];
  const tick = () => new Promise((done) => setTimeout(done));
  try { SCRIPT } catch (error) { seen.errors.push(String(error.stack)); }
  const out = document.createElement("pre");
  out.id = "seen";
  out.textContent = JSON.stringify(seen);
  document.body.append(out);
});
</script>
"""
# Errors of the page's own script come before the script of a caller.
EARLY = '<script>window.early = []; addEventListener("error", (e) => window.early.push(e.message), true);</script>'


def seen_in(
    page: Path, script: str, *, width: int = 1280, address: str = "", real_time: bool = False, timeout: int = 300
) -> dict[str, Any]:
    """Open a copy of the page and return what the script put into ``seen``.

    With ``real_time`` the script must not wait for anything, and ``performance.now()`` tells what passed; without, time
    in the page runs ahead as soon as it has nothing to do.
    """
    copy = page.with_name(f"watched-{page.name}")
    text = page.read_text()
    end = text.rindex("</body>")
    text = text.replace("<head>", "<head>" + EARLY, 1)
    end += len(EARLY)
    copy.write_text(text[:end] + FRAME.replace("SCRIPT", script) + text[end:])
    budget = [] if real_time else ["--virtual-time-budget=20000"]
    with tempfile.TemporaryDirectory() as profile:
        command = [
            str(BROWSER), *QUIET, f"--user-data-dir={profile}", *budget, f"--window-size={width},900", "--dump-dom",
            copy.as_uri() + address,
        ]  # fmt: skip
        dom = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=True).stdout
    copy.unlink()
    found = re.search(r'<pre id="seen">(.*?)</pre>', dom, re.DOTALL)
    if not found:
        raise AssertionError(f"the page did not come to its end: {dom[-500:]}")
    seen: dict[str, Any] = json.loads(html.unescape(found[1]))
    return seen
