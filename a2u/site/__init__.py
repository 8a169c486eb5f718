"""The course as pages and slides that need no kernel and no network: `make site`, `make slides`.

The built notebooks are exported by nbconvert through templates of our own; formulas become MathML, and each lesson's
explorer becomes a set of pictures, drawn in advance, that sliders on the page choose from.
"""
