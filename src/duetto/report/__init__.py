"""Pages and dashboards of results, with sounds to play."""
