"""Platforms: one data file each, one engine that reads them."""
