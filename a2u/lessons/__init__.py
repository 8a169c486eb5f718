"""What only the notebooks need: the frame of every explorer, the explorers, the exercises, the editions."""
