"""Minutier: archive, find, get back and verify business documents."""
