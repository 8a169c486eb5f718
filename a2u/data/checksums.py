"""Which bytes are which file: SHA-256 of the decompressed content of every file a2u knows.

`sample` is what ships in `a2u/data/sample/`; `full` are the official files. Looking a digest up here also
tells a *wrong* file by name ("this is Fashion-MNIST's train-images"), which a bare mismatch cannot.
To print the digest of your own file: `gunzip -c FILE.gz | sha256sum`.
"""

from typing import NamedTuple


class Known(NamedTuple):
    """One known file: `edition` is full or sample, `stem` its name without `-idx3-ubyte.gz`."""

    edition: str
    name: str
    stem: str


_DIGESTS = {
    ("full", "mnist"): {
        "train-images": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    ("full", "fashion"): {
        "train-images": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
    ("sample", "mnist"): {
        "train-images": "93ded4157587d96fd4cb4fa5e704adaa967d78d55352979cda061e6fdf3eb929",
        "train-labels": "d23d8aa0011f7447a94752ff00d3d6af58c2e2b4d2acb43821ee622284b03692",
        "t10k-images": "08212e895b958225f959f761e33da53e35faa44cebc75e329dcaa7b477fbddc0",
        "t10k-labels": "a8455fc3bf4f53a12fd7fac83ac10b16241e37d6ab97bdfad5c2ebdffb543bea",
    },
    ("sample", "fashion"): {
        "train-images": "0f55f79dcaeb466a5b36f15426d77dba986887001d6ae484ad811f4d1eda254a",
        "train-labels": "1709cea68249c95c42e5514d556371749bf88a958f435412372b99fa6ed24bbc",
        "t10k-images": "e674901a2105ff5df3904e7a1c7c3baf3cc5026f0b1d055c6ee79b9d4338b750",
        "t10k-labels": "10e62f9028e441be81aa9f3eff693ce58e4a71b7ede00d9048d6439939c08d2d",
    },
}

KNOWN: dict[str, Known] = {
    digest: Known(edition, name, stem) for (edition, name), files in _DIGESTS.items() for stem, digest in files.items()
}


def expected(edition: str, name: str, stem: str) -> str | None:
    """The digest that file should have; None where a2u knows none."""
    wanted = Known(edition, name, stem)
    return next((digest for digest, known in KNOWN.items() if known == wanted), None)
