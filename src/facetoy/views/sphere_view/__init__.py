"""SphereView: the features of trained runs on circles and spheres."""
