"""What matting learns from and is measured on: composed images, trimaps, folders of pictures, drawn scenes."""
