"""The photo of a face that several tests look at."""

import pytest


@pytest.fixture(scope="session")
def photo():
    """A photo (512, 512, 3) of one face; scikit-image brings it along."""
    image = pytest.importorskip("skimage.data").astronaut()
    image.flags.writeable = False
    return image


@pytest.fixture(scope="session")
def face(photo):
    """The face in it."""
    pytest.importorskip("dlib", reason="needs the extra: pip install 'facetoy[photos]'")
    from facetoy.faces.photo import the_face

    return the_face(photo)
