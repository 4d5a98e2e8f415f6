"""What attends meetings: Dramatiq actors, browser, platforms, capture."""
