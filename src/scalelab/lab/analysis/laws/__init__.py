"""Laws of scalability: from measured throughput at several sizes to a formula, with its doubt."""
