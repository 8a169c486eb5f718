"""The matting network of Figure 3: encoder, decoder, ImageNet weights, images of any size."""
