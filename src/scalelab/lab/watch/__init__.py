"""The live dashboard: samples a running system, shows it to any number of viewers, and lets them play it."""
