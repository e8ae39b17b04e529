"""What every service shares: settings, serving, logs, metrics, health, problems, the upstream client."""
