"""Starts, scales, watches and stops a topology. Knows no service code and no laboratory."""
