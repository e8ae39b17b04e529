"""A laboratory for scalability: a real distributed system, honest load, and a verdict that says how sure it is."""

__version__ = "0.1.0"
