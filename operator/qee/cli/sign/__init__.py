"""Keys, and signatures into manifests; and what the cluster would say of them."""
