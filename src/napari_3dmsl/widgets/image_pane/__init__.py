"""The dock *Image*: pictures that explain themselves. It knows nothing of who makes them."""
