"""OpenCV, imported where it is first used: it warps, erodes, measures distances and draws.

Its own threads are switched off. A batch is prepared by whole processes, which use the cores already, and a process
that is forked while OpenCV's threads run may wait for them for ever.
"""

from functools import cache
from typing import Any

from a2u.errors import A2UError


@cache
def opencv() -> Any:
    """The module `cv2`, single-threaded.

    Raises:
        A2UError: OpenCV is not installed.
    """
    try:
        import cv2
    except ImportError as error:
        raise A2UError(
            f"Matting data are prepared with OpenCV, which cannot be imported ({error}): "
            f"pip install 'a2u-upsampling[matting]'."
        ) from error
    cv2.setNumThreads(0)
    return cv2
