"""What operators use: probes, logs, metrics, backup."""
