"""Certificates as documents for people."""
