"""HTTP/JSON, SSE, OpenAPI and the meeting in the box; reaches the server through a rollcall.transport.Transport only."""
