"""FaceView: a drawn face with a slider for each gene."""
