"""A stack as Kubernetes manifests for kustomize. Written, never applied: a cluster belongs to somebody else."""
