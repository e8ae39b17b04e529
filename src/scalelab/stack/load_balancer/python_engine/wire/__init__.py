"""HTTP/1.1 as bytes: heads read strictly and written again, bodies followed by their framing. No sockets."""
