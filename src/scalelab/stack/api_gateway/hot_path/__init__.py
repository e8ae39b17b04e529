"""Answers a request whose exact head bytes were verified before straight from memory; all else goes the long way."""
