"""The pages about runs. Each module is one page, or one part of a page that is hard enough to stand alone."""
