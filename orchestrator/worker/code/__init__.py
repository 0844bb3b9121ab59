"""Where the code of a run comes from: git, archives, object storage, and the pull steps of deployments that say so."""
