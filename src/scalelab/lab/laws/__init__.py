"""Anybody's measurements and the law that they support: read, fitted, told, drawn."""
