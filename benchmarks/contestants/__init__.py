"""What is measured: one file for each server, with its configuration as text. Configurations are pure."""
