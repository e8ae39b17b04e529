"""Pure data that crosses a process border. Imports nothing of ours; holds no behaviour beyond validation."""
