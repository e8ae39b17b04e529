from asgi_language import ask, started

__all__ = ["ask", "started"]
