"""Proves the bench itself: loads against servers whose truth is known, and what should have come out of them."""
