"""How a session is put into a browser: in the words of CDP, and as a script for what pages keep themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping

from agents.browser.api import Cookie
from agents.browser.pyppeteer_fixes import Params


def cookie_params(cookie: Cookie) -> Params:
    """For Network.setCookies. A cookie of one host alone is given by URL: with a domain it would hold for all hosts below it, and
    one whose name begins with `__Host-` would be refused.
    """
    params: Params = {
        "name": cookie.name,
        "value": cookie.value,
        "path": cookie.path,
        "secure": cookie.secure,
        "httpOnly": cookie.http_only,
    }
    if cookie.domain.startswith("."):
        params["domain"] = cookie.domain
    else:
        params["url"] = f"{'https' if cookie.secure else 'http'}://{cookie.domain}{cookie.path}"
    if cookie.expires_s:
        params["expires"] = cookie.expires_s
    if cookie.same_site:
        params["sameSite"] = cookie.same_site
    return params


def storage_script(storage: Mapping[str, Mapping[str, str]]) -> str:
    """Fills the `localStorage` of each origin, in its own documents alone, with what is not there already."""
    # Parsed rather than written out: as source, a key `__proto__` would be something else.
    texts = {origin: json.dumps(dict(items)) for origin, items in storage.items()}
    return f"""(() => {{
  const text = new Map({json.dumps(list(texts.items()))}).get(location.origin);
  if (text === undefined) return;
  try {{
    for (const [name, value] of Object.entries(JSON.parse(text))) {{
      if (localStorage.getItem(name) === null) localStorage.setItem(name, value);
    }}
  }} catch (error) {{
    // A document without storage, as in a sandboxed frame.
  }}
}})()"""
