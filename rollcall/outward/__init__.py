"""Requests to addresses that users give: what may be reached, checked on the very address that is connected to.

Used by the server (webhooks, callbacks) and by agents (a video by URL); it knows nothing of either.

async with httpx.AsyncClient(transport=GuardedTransport(Policy()), trust_env=False) as client:
    await client.get(url)  # AddressRefusedError for https://10.0.0.1, for a name that leads there, and for one that does so later
"""

from rollcall.outward.addresses import Policy, refusal
from rollcall.outward.transport import AddressRefusedError, GuardedTransport, NameUnknownError
from rollcall.outward.urls import problem_of

__all__ = ["AddressRefusedError", "GuardedTransport", "NameUnknownError", "Policy", "problem_of", "refusal"]
