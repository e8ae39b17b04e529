"""Key-value store in memory: one protocol, an engine in this process and one on Valkey."""

from scalelab.stack.cache.base import Cache, FaultKind, FaultListener, Lookup, Turn
from scalelab.stack.cache.memory import MemoryCache
from scalelab.stack.cache.opening import open_cache, open_peers

__all__ = ["Cache", "FaultKind", "FaultListener", "Lookup", "MemoryCache", "Turn", "open_cache", "open_peers"]
