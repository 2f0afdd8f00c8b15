"""Greatest Hits (Owens et al., CVPR 2016): videos of a drumstick, their sound and their labelled hits."""
