"""`a2u matting evaluate` and `a2u matting predict`: mattes of any method on any pictures, measured or cut out."""
