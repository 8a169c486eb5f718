"""How neural networks upsample: g(w, z) = wᵀz."""
