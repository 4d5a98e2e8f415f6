"""Owns Chromium and pyppeteer; nothing above knows either."""
